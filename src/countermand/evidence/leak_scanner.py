"""Looks for raw personal data in what is about to leave, knowing nothing of how it was masked.

Two ways: the very values that the record has of these people, and shapes that only personal numbers have. It
refuses rather than trusts: a false alarm costs a look, a leak costs a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from unicodedata import normalize

# Shorter values are words too; they say nothing about anybody.
VALUE_CHARACTERS_MIN = 6
_LOOSE_MIN = 9
_LEAKS_MAX = 50
_UNION_DIGITS_MIN = 16


class Shape(StrEnum):
    """What a leak looks like; known: a value that the record has."""

    KNOWN = "known"
    ID_NUMBER = "id_number"
    MOBILE = "mobile"
    CARD = "card"
    EMAIL = "email"
    NETWORK_ADDRESS = "network_address"
    HARDWARE_ADDRESS = "hardware_address"


class Leak(NamedTuple):
    """Where something stands that must not; the value itself is not repeated."""

    shape: Shape
    start: int
    end: int


class Scan(NamedTuple):
    """What was looked for, and what was found: `values` known ones, `short` too short to be looked for."""

    characters: int
    values: int
    short: int
    leaks: tuple[Leak, ...]


_EDGE, _END = r"(?<![0-9A-Za-z*])", r"(?![0-9A-Za-z*])"
_GAP, _GAPS = r"[ \u00a0-]?", r"[ \u00a0-]"
_ID_NUMBER = re.compile(rf"{_EDGE}[1-9](?:{_GAP}\d){{16}}{_GAP}[0-9Xx]{_END}")
# Behind a digit and a mark it is part of a time or a fraction; behind four of hexadecimal, of a name of ours.
_ALONE = r"(?<![0-9A-Za-z*])(?<!\d[.:])(?<![0-9a-f]{4}-)"
_MOBILE = re.compile(
    rf"{_ALONE}(?:\+?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}(?![0-9A-Za-z*])(?!-[0-9a-f]{{4}})"
)
_CARD = re.compile(rf"{_ALONE}\d(?:{_GAP}\d){{12,18}}(?![0-9A-Za-z*])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_QUAD = re.compile(rf"{_EDGE}(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![0-9A-Za-z*.])")
_GROUPS = re.compile(r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:*])")
_HARDWARE = re.compile(rf"{_EDGE}(?:[0-9A-Fa-f]{{2}}[:-]){{5}}[0-9A-Fa-f]{{2}}{_END}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def scan(text: str, known: Collection[str]) -> Scan:
    """Everything in a text that is personal data as it is, up to 50 finds.

    >>> [one.shape.value for one in scan("call 13812345678 from dev-77aa1", ["dev-77aa1"]).leaks]
    ['known', 'mobile']
    """
    # What looks alike is alike: full-width digits would hide a number.
    seen = normalize("NFKC", text)
    values = {normalize("NFKC", one) for one in known}
    wanted = {one for one in values if len(one) >= VALUE_CHARACTERS_MIN}
    leaks: list[Leak] = []
    for leak in (*_known(seen, wanted), *_shaped(seen)):
        leaks.append(leak)
        if len(leaks) == _LEAKS_MAX:
            break
    return Scan(len(seen), len(wanted), len(values) - len(wanted), tuple(leaks))


def covered(text: str, known: Collection[str]) -> str:
    """A person's words with whatever the scanner finds in them starred out; others come back as they are.

    >>> covered("it came from 203.0.113.7 to wallet-0042", ["wallet-0042"])
    'it came from *** to ***'
    """
    seen, behind, parts = normalize("NFKC", text), 0, []
    leaks = sorted(scan(text, known).leaks, key=lambda one: one.start)
    if not leaks:
        return text
    for leak in leaks:
        if leak.start >= behind:
            parts += [seen[behind : leak.start], "***"]
        behind = max(behind, leak.end)
    return "".join((*parts, seen[behind:]))


def _known(text: str, wanted: Collection[str]) -> Iterator[Leak]:
    folded = text.casefold()
    for value in sorted(wanted):
        pattern = re.escape(value.casefold())
        if len(value) < _LOOSE_MIN:
            # A short value inside of a longer word is another word.
            pattern = rf"(?<![0-9a-z_-]){pattern}(?![0-9a-z_-])"
        for match in re.finditer(pattern, folded):
            yield Leak(Shape.KNOWN, match.start(), match.end())


def _shaped(text: str) -> Iterator[Leak]:
    for match in _ID_NUMBER.finditer(text):
        if _is_id_number(re.sub(_GAPS, "", match[0])):
            yield Leak(Shape.ID_NUMBER, *match.span())
    for match in _MOBILE.finditer(text):
        yield Leak(Shape.MOBILE, *match.span())
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _is_card(digits):
            yield Leak(Shape.CARD, *match.span())
    for match in _EMAIL.finditer(text):
        yield Leak(Shape.EMAIL, *match.span())
    for pattern in (_QUAD, _GROUPS):
        for match in pattern.finditer(text):
            if _is_address(match[0]):
                yield Leak(Shape.NETWORK_ADDRESS, *match.span())
    for match in _HARDWARE.finditer(text):
        yield Leak(Shape.HARDWARE_ADDRESS, *match.span())


def _is_id_number(value: str) -> bool:
    """GB 11643: seventeen digits and what checks them."""
    if len(value) != len(_WEIGHTS) + 1:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, value[:17], strict=True))
    return value[17:].upper() == _CHECKS[total % 11]


def _is_card(digits: str) -> bool:
    """ISO/IEC 7812: the last digit checks the others; what begins with 62 is taken for a card anyway."""
    if digits[0] in "012" or len(set(digits)) == 1:
        return False
    if digits.startswith("62") and len(digits) >= _UNION_DIGITS_MIN:
        return True
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
