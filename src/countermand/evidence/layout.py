"""How lines stand to each other on a screen: beside, below, in one paragraph; it may be a little askew."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, sin
from statistics import median

from countermand.vocabulary.pictures import Box, TextLine, part_of

# Beyond this a picture lies on its side, and rows are no rows.
SKEW_MAX = 0.35
# Of the height of a line: how far apart the middles of one row, and the rows of one paragraph may be.
ROW, GAP, BELOW, TOUCHING = 0.6, 0.95, 2.4, 0.8


@dataclass(frozen=True, slots=True)
class Line:
    """A line in NFKC with its place as if the picture stood straight; pixels, y downwards."""

    text: str
    box: Box
    confidence: float
    left: float
    right: float
    middle: float
    height: float

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.middle - self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.middle + self.height / 2


def straightened(lines: Iterable[TextLine]) -> list[Line]:
    """The lines that say something, from top to bottom, turned back by the angle that most of them have."""
    told = [(unicodedata.normalize("NFKC", one.text).strip(), one) for one in lines]
    told = [(text, one) for text, one in told if text]
    angle = _angle([one.box for _, one in told])
    found = [_line(text, one, angle) for text, one in told]
    return sorted(_mended(found), key=lambda one: (one.middle, one.left))


def _mended(lines: Sequence[Line]) -> list[Line]:
    """A line that was read in two parts, with less than a character between them, is one."""
    found: list[Line] = []
    for line in sorted(lines, key=lambda one: one.left):
        before = next((one for one in found if _touches(one, line)), None)
        if before is None:
            found.append(line)
            continue
        words = _is_latin(before.text[-1]) and _is_latin(line.text[0])
        blank = " " if words or line.left - before.right > 0.3 * line.height else ""
        box = (before.box[0], line.box[1], line.box[2], before.box[3])
        found[found.index(before)] = replace(
            before,
            text=before.text + blank + line.text,
            box=box,
            confidence=min(before.confidence, line.confidence),
            right=line.right,
        )
    return found


def _touches(one: Line, other: Line) -> bool:
    size = min(one.height, other.height)
    row = abs(one.middle - other.middle) <= ROW / 2 * size and max(one.height, other.height) <= 1.4 * size
    return row and -0.8 * size <= other.left - one.right <= TOUCHING * size


def _angle(boxes: Sequence[Box]) -> float:
    """Long lines know best how a picture is turned; short ones are noise."""
    wide = sorted(boxes, key=lambda box: box[0][0] - box[1][0])[:8]
    slopes = [
        atan2(right[1] - left[1], right[0] - left[0]) for left, right, _, _ in wide if right[0] > left[0]
    ]
    angle = median(slopes) if slopes else 0.0
    return angle if abs(angle) <= SKEW_MAX else 0.0


def _line(text: str, one: TextLine, angle: float) -> Line:
    turned = [(x * cos(angle) + y * sin(angle), y * cos(angle) - x * sin(angle)) for x, y in one.box]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = turned
    height = max(1.0, ((y3 - y0) + (y2 - y1)) / 2)
    middle = (y0 + y1 + y2 + y3) / 4
    return Line(text, one.box, one.confidence, min(x0, x3), max(x1, x2), middle, height)


def right_of(line: Line, lines: Sequence[Line]) -> Line | None:
    """The nearest line in the same row, to the right."""
    row = [
        one
        for one in lines
        if one is not line
        and one.left > line.left + line.height / 2
        and one.left > line.right - line.height
        and abs(one.middle - line.middle) <= ROW * max(one.height, line.height)
    ]
    return min(row, key=lambda one: one.left, default=None)


def below(line: Line, lines: Sequence[Line]) -> Line | None:
    """The nearest line under it that shares some of its width."""
    under = [
        one
        for one in lines
        if one.middle > line.middle + ROW * line.height
        and one.top - line.bottom <= BELOW * line.height
        and one.left < line.right
        and one.right > line.left
    ]
    return min(under, key=lambda one: one.middle, default=None)


def continued(line: Line, lines: Sequence[Line], *, stop: Sequence[Line]) -> list[Line]:
    """A value and the lines that go on with it: close below, on one edge with it; up to six.

    No line of `stop` goes on with one, nor any beside which one of `stop` begins a row of its own.
    """
    found = [line]
    while len(found) < 6:
        last = found[-1]
        under = [
            one
            for one in lines
            if one not in stop
            and ROW * last.height < one.middle - last.middle
            and one.top - last.bottom <= GAP * last.height
            and (abs(one.left - line.left) <= line.height or abs(one.right - line.right) <= line.height)
        ]
        nearest = min(under, key=lambda one: one.middle, default=None)
        if nearest is None or any(
            abs(one.middle - nearest.middle) <= ROW * nearest.height and one.right <= nearest.left
            for one in stop
        ):
            break
        found.append(nearest)
    return found


def paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that follow each other closely on one left edge, as in a bubble of a message."""
    found: list[list[Line]] = []
    for line in lines:
        home = next((one for one in reversed(found[-4:]) if _goes_on(one, line)), None)
        if home is None:
            found.append([line])
        else:
            home.append(line)
    return found


def _goes_on(paragraph: Sequence[Line], line: Line) -> bool:
    last = paragraph[-1]
    size = min(last.height, line.height)
    alike = max(last.height, line.height) <= 1.7 * size
    near = line.top - last.bottom <= GAP * max(last.height, line.height)
    under = line.middle - last.middle > ROW * size
    return alike and near and under and abs(line.left - paragraph[0].left) <= 2.2 * last.height


@dataclass(frozen=True, slots=True)
class Joined:
    """Lines as one text; `places` tells of each character its line and its place there, None for a joint."""

    text: str
    lines: tuple[Line, ...]
    places: tuple[tuple[int, int] | None, ...]

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Where a part of the text stands, one box a line."""
        spans: dict[int, list[int]] = {}
        for place in self.places[start:end]:
            if place is not None:
                spans.setdefault(place[0], []).append(place[1])
        return tuple(_cut(self.lines[line], min(at), max(at) + 1) for line, at in spans.items())

    def confidence(self, start: int, end: int) -> float:
        """That of the least sure line in a part of the text."""
        met = {place[0] for place in self.places[start:end] if place is not None}
        return min((self.lines[line].confidence for line in met), default=0.0)


def joined(lines: Sequence[Line]) -> Joined:
    """Lines as one text: Chinese is broken anywhere and joined without a blank, other writing with one."""
    chinese = any(_is_chinese(one) for line in lines for one in line.text)
    text = ""
    places: list[tuple[int, int] | None] = []
    for number, line in enumerate(lines):
        if text and not (chinese and not (_is_latin(text[-1]) and _is_latin(line.text[0]))):
            text += " "
            places.append(None)
        text += line.text
        places += [(number, place) for place in range(len(line.text))]
    return Joined(text, tuple(lines), tuple(places))


def _cut(line: Line, start: int, end: int) -> Box:
    """A part of a line's box; a Chinese character is twice as wide as a digit."""
    widths = [_width(one) for one in line.text]
    total = sum(widths)
    return part_of(line.box, sum(widths[:start]) / total, sum(widths[:end]) / total)


def _width(one: str) -> int:
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def _is_chinese(one: str) -> bool:
    return "\u4e00" <= one <= "\u9fff"


def _is_latin(one: str) -> bool:
    return one.isascii() and one.isalpha()
