"""One-time codes on a screen are covered before anything else is done with what was read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from countermand.evidence.layout import Line, below, joined, paragraphs, right_of
from countermand.evidence.lexicon import Lexicon

COVER = "•"
# How far from its word a code stands, in characters.
BEHIND, BEFORE = 40, 24
_CODE = re.compile(r"(?<![\d.*])(?:[A-Z]-)?(?:\d{3}[ -]\d{3}|\d{4,8})(?![\d*]|\.\d)")
_ALONE = re.compile(r"(?:\d[ -]?){4,8}")
# Digits that are something else: of a card, of money, of a year, a number to call.
_OTHERS_BEFORE = re.compile(
    r"(尾号\S{0,2}|末四位\S{0,2}|ending(?: in)?|致电|拨打|电话|call|¥|\$|rmb|cny)\s*$", re.IGNORECASE
)
_OTHERS_BEHIND = re.compile(r"\s*(元|年|分钟|万|[-/]\d)")


def cover_codes(lines: Sequence[Line], lexicon: Lexicon) -> tuple[list[Line], list[Line]]:
    """The lines with every code covered digit by digit, and those of them that held one."""
    hidden: dict[int, set[int]] = {}
    for paragraph in paragraphs(lines):
        text = joined(paragraph)
        for word in lexicon.codes.finditer(text.text):
            for start, end in _codes_near(text.text, word.start(), word.end()):
                for place in text.places[start:end]:
                    if place is not None and text.lines[place[0]].text[place[1]].isalnum():
                        hidden.setdefault(id(text.lines[place[0]]), set()).add(place[1])
    for line in lines:
        if lexicon.codes.search(line.text):
            for near in (right_of(line, lines), below(line, lines)):
                if near is not None and _ALONE.fullmatch(near.text):
                    hidden[id(near)] = {place for place, one in enumerate(near.text) if one.isdigit()}
    shown = [_covered(line, hidden.get(id(line), set())) for line in lines]
    return shown, [one for one in shown if COVER in one.text]


def _codes_near(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The codes behind their word; where there is none, those before it."""
    behind = _codes(text, end, end + BEHIND)
    return behind or _codes(text, max(0, start - BEFORE), start)


def _codes(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [
        found.span()
        for found in _CODE.finditer(text)
        if start <= found.start() < end
        and not _OTHERS_BEFORE.search(text[: found.start()])
        and not _OTHERS_BEHIND.match(text, found.end())
    ]


def _covered(line: Line, hidden: set[int]) -> Line:
    if not hidden:
        return line
    return replace(
        line, text="".join(COVER if place in hidden else one for place, one in enumerate(line.text))
    )
