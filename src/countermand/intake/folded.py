"""A text folded for reading (widths, scripts of digits, case, invisible characters), with the way back."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Invisible, or drawn around its neighbour (the keycap of an emoji digit): copied numbers carry them inside.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x00AD, 0x034F, 0x061C, 0x180E, 0x20E3, 0xFEFF),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
        ),
    )
)
_DASHES = frozenset("‐‑‒–—―−⁃﹣－")
# Marks that end a clause in Chinese and can be part of a password in ASCII: they stay what they are.
_CLAUSE_MARKS = frozenset("，；！？")
_SPOKEN_DIGITS = "零〇○一壹幺二贰三叁四肆五伍六陆七柒八捌九玖"
_SPOKEN = str.maketrans(_SPOKEN_DIGITS, "0001112233445566778899")
# Three spoken digits together are read as a number; one or two are mostly words (一下, 三七).
_SPOKEN_RUN = re.compile(f"[{_SPOKEN_DIGITS}0-9](?:[ .,，、-]?[{_SPOKEN_DIGITS}0-9]){{2,}}")
_HAS_SPOKEN = re.compile(f"[{_SPOKEN_DIGITS}]")


class _Folding(dict[int, str]):
    """A table for `str.translate`, filled as it is used; `uneven`: characters that change the length."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _folded(character)
        if len(folded) != 1:
            self.uneven.add(character)
        self[code] = folded
        return folded


def _folded(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    if character in _DASHES:
        return "-"
    if character in _CLAUSE_MARKS:
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    folded = unicodedata.normalize("NFKC", character).lower()
    return " " if folded.isspace() and folded not in "\r\n" else folded


_FOLDING = _Folding()


@dataclass(frozen=True, slots=True)
class Folded:
    """The view to read, and for each of its characters where it stands in the original, if that differs.

    `places` has one entry more than the view: the original's length.
    """

    view: str
    places: tuple[int, ...] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's span of a non-empty span of the view, with what is invisible behind it."""
        if self.places is None:
            return start, end
        return self.places[start], max(self.places[end - 1] + 1, self.places[end])


def fold(text: str) -> Folded:
    """Fold a text: NFKC character by character, lower case, every script's digits as 0-9, spoken ones too.

    >>> fold("Ａ１３８，一三八 0013").view
    'a138，138 0013'
    """
    view = text.lower().replace("\t", " ") if text.isascii() else text.translate(_FOLDING)
    places = None
    if not text.isascii() and not _FOLDING.uneven.isdisjoint(text):
        spread = [place for place, character in enumerate(text) for _ in _FOLDING[ord(character)]]
        places = (*spread, len(text))
    if _HAS_SPOKEN.search(view):
        view = _SPOKEN_RUN.sub(lambda run: run[0].translate(_SPOKEN), view)
    return Folded(view, places)
