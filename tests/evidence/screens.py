"""Screens in memory: lines of text where an honest reader would have found them."""

from __future__ import annotations

import textwrap
from math import cos, radians, sin
from pathlib import Path

import countermand
from countermand.evidence.checklist import read_checklists
from countermand.evidence.fields import FieldName, Reading
from countermand.evidence.lexicon import read_lexicon
from countermand.evidence.reading import read_fields
from countermand.vocabulary.pictures import Box, PictureText, TextLine, upright

PACKS = Path(countermand.__file__).parent / "evidence_packs"
LEXICON = read_lexicon((PACKS / "screens.yaml").read_text(encoding="utf-8"))
CHECKLISTS = read_checklists((PACKS / "checklists.yaml").read_text(encoding="utf-8"))
Row = tuple[int, int, str, int]


def line(
    x: int, y: int, text: str, height: int = 40, confidence: float = 0.99, turned: float = 0.0
) -> TextLine:
    """A line whose top left is at x, y; the picture turned by so many degrees around its corner."""
    width = sum(height if ord(one) > 255 else height // 2 for one in text)
    box = upright(x, y, x + width, y + height)
    if turned:
        angle = radians(turned)
        corners = [
            (round(a * cos(angle) - b * sin(angle)), round(a * sin(angle) + b * cos(angle))) for a, b in box
        ]
        box = (corners[0], corners[1], corners[2], corners[3])
    return TextLine(text, box, confidence)


def picture(*rows: Row, turned: float = 0.0, confidence: float = 0.99) -> PictureText:
    """A picture with these lines: x, y, text, height."""
    lines = tuple(line(x, y, text, height, confidence, turned) for x, y, text, height in rows)
    return PictureText(lines=lines, width=1080, height=2000, reader="honest@1")


def read(*rows: Row, captured_at=None, turned: float = 0.0, confidence: float = 0.99) -> Reading:
    """What the rules make of a picture with these lines."""
    return read_fields(picture(*rows, turned=turned, confidence=confidence), LEXICON, captured_at)


def values(reading: Reading, record: int = 0) -> dict[str, str | int | None]:
    """The fields of one record, by their names."""
    return {one.name.value: one.value for one in reading.records[record].fields}


def paragraph(text: str, y: int = 200, columns: int = 18) -> list[Row]:
    """A message broken after so many characters: Chinese anywhere, other writing between words."""
    if text.isascii():
        lines = textwrap.wrap(text, 2 * columns)
        return [(80, y + place * 64, part, 40) for place, part in enumerate(lines)]
    parts = [text[start : start + columns] for start in range(0, len(text), columns)]
    return [(80, y + place * 64, part, 40) for place, part in enumerate(parts)]


def boxes_of(reading: Reading, name: FieldName, record: int = 0) -> tuple[Box, ...]:
    """Where a field stands."""
    field = reading.records[record].get(name)
    assert field is not None, name
    return field.boxes
