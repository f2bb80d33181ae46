"""Personal numbers among the digits of a text, however they are broken by spaces, dashes or line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from countermand.intake.found import Certainty, Found, Kind
from countermand.intake.number_words import (
    follows_account,
    follows_card,
    follows_identity,
    follows_order,
    follows_phone,
    is_money,
)
from countermand.intake.personal_numbers import (
    is_card,
    is_chinese_id,
    is_landline,
    is_mobile,
    passes_luhn,
)

DIGITS_MIN, DIGITS_MAX = 7, 19  # longer ones are orders and receipts
GROUPS_MAX = 5  # a written number has no more parts, of three digits or more,
CHAIN_DIGITS_SMALL = 100  # unless it is dictated digit by digit, in a chain as short as this
# The digits of a chain: spaces, dashes, commas, brackets or one line end between two of them.
_CHAIN = re.compile(r"\d(?:(?:[ .,，、·()-]{0,3}| ?\r?\n ?)\d){6,}")
_GROUP = re.compile(r"\d+")
_PARTS = re.compile(r"\d{3,}(?:(?:[ .,，、·()-]{1,3}| ?\r?\n ?)\d{3,})*")
_LISTED = re.compile(
    r"[,，、\n]"
)  # several short numbers, or several lines: a word in front means only the first
_LAST_MARK = re.compile(r" ?x(?![a-z])")
_NORTH_AMERICAN = re.compile(r"(?:1[ .-]?)?\(?[2-9]\d\d\)?[ .-]{1,2}[2-9]\d\d[ .-]\d{4}")
_TOLL_FREE = re.compile(
    r"[48]00[ -]?\d{3}[ -]?\d{4}|(?:[48]00[ -]?\d{4}[ -]?\d{3})|1?[ .-]\(?8(?:00|88|77|66|55|44|33)\D.*"
)
_MASK = "***"

Groups = list[tuple[int, int]]


def numbers(view: str) -> Iterator[Found]:
    """The personal numbers of a folded text, left to right, none overlapping another."""
    for chain in _CHAIN.finditer(view):
        if chain.end() - chain.start() <= 2 * CHAIN_DIGITS_SMALL:
            yield from _in_chain(view, _groups(view, *chain.span()), DIGITS_MAX)
        else:
            for parts in _PARTS.finditer(view, *chain.span()):
                yield from _in_chain(view, _groups(view, *parts.span()), GROUPS_MAX)


def _groups(view: str, start: int, end: int) -> Groups:
    groups = [group.span() for group in _GROUP.finditer(view, start, end)]
    # What is left beside a mask belongs to it.
    if view.endswith(_MASK, 0, groups[0][0]):
        del groups[0]
    if groups and view.startswith(_MASK, groups[-1][1]):
        del groups[-1]
    return groups


def _in_chain(view: str, groups: Groups, groups_max: int) -> Iterator[Found]:
    index = 0
    while index < len(groups):
        best, behind = None, index + 1
        for last, digits in reversed(_windows(view, groups, index, groups_max)):
            # Words stand in front of the first group only: between the others there are no letters.
            found = _number(view, groups[index][0], groups[last][1], digits, named=index == 0)
            if found is not None and (best is None or found.certainty > best.certainty):
                best, behind = found, last + 1
        if best is not None:
            yield best
        index = behind


def _windows(view: str, groups: Groups, index: int, groups_max: int) -> list[tuple[int, str]]:
    """The numbers that may start with this group: the last group and the digits of each."""
    windows: list[tuple[int, str]] = []
    digits = ""
    for last in range(index, min(len(groups), index + groups_max)):
        first, end = groups[last]
        if end - first + len(digits) > DIGITS_MAX:
            break
        digits += view[first:end]
        if len(digits) >= DIGITS_MIN:
            windows.append((last, digits))
    return windows


def _number(view: str, start: int, end: int, digits: str, *, named: bool) -> Found | None:
    """What this run of digits is, if it is a person's; `named`: a word in front may say so."""
    size = len(digits)
    found = None
    named = named and not _LISTED.search(view, start, end)
    if size in {15, 17, 18}:
        found = _identity(view, start, end, digits, named=named)
    if found is None and size >= 12:
        found = _card(view, start, end, digits, named=named)
    if found is None and size <= 15:
        found = _phone(view, start, end, digits, named=named)
    if found is None and named and "\n" not in view[start:end] and follows_account(view, start):
        found = Found(Kind.BANK_ACCOUNT, start, end, Certainty.LIKELY)
    return found


def _identity(view: str, start: int, end: int, digits: str, *, named: bool) -> Found | None:
    if len(digits) == 17:
        mark = _LAST_MARK.match(view, end)
        if mark is None:
            return None
        digits, end = f"{digits}x", mark.end()
    if is_chinese_id(digits):
        if len(digits) == 18:
            return Found(Kind.ID_NUMBER, start, end, Certainty.CERTAIN)
        broken = end - start > len(digits) + 3
        if not (broken or _is_part_of_a_word(view, start, end) or is_card(digits)):
            return None if named and follows_order(view, start) else _likely(Kind.ID_NUMBER, start, end)
    # A mistyped number of that length, called an identity number, is one.
    return _likely(Kind.ID_NUMBER, start, end) if named and follows_identity(view, start) else None


def _card(view: str, start: int, end: int, digits: str, *, named: bool) -> Found | None:
    valid = is_card(digits)
    if not (valid or named) or _is_part_of_a_word(view, start, end):
        return None
    if named and follows_card(view, start) and not is_money(view, start, end):
        if passes_luhn(digits):
            return Found(Kind.BANK_CARD, start, end, Certainty.CERTAIN)
        return _likely(Kind.BANK_CARD, start, end) if len(digits) >= 15 else None
    if valid and not (named and follows_order(view, start)):
        return Found(Kind.BANK_CARD, start, end, Certainty.CERTAIN)
    return None


def _phone(view: str, start: int, end: int, digits: str, *, named: bool) -> Found | None:
    plus = named and view[max(0, start - 1) : start] == "+"
    mobile, landline = is_mobile(digits), is_landline(digits)
    if not (mobile or landline or named or len(digits) in {10, 11}):
        return None
    written = view[start:end]
    if (
        "\n" in written
        or _TOLL_FREE.fullmatch(view, start, end)
        or _is_letter(view, end)
        or is_money(view, start, end)
    ):
        return None
    if named and follows_order(view, start):
        return None
    begin = start - 1 if plus or (view[max(0, start - 1) : start] == "(" and ")" in written) else start
    if mobile or (plus and _is_international(f"+{digits}")):
        return Found(Kind.PHONE, begin, end, Certainty.CERTAIN)
    if _NORTH_AMERICAN.fullmatch(view, start, end) and _is_international(f"+1{digits[-10:]}"):
        return Found(Kind.PHONE, begin, end, Certainty.CERTAIN)
    called = named and follows_phone(view, start)
    if landline and (called or len(written) > len(digits)):
        return Found(Kind.PHONE, begin, end, Certainty.CERTAIN)
    return _likely(Kind.PHONE, begin, end) if landline or called else None


def _likely(kind: Kind, start: int, end: int) -> Found:
    return Found(kind, start, end, Certainty.LIKELY)


def _is_part_of_a_word(view: str, start: int, end: int) -> bool:
    """Whether letters touch it: identifiers and hashes are made of letters and digits."""
    return _is_letter(view, end) or _is_letter(view, start - 1)


def _is_letter(view: str, place: int) -> bool:
    return 0 <= place < len(view) and view[place].isascii() and view[place].isalpha()


@lru_cache(maxsize=256)
def _is_international(number: str) -> bool:
    """Whether the numbering plan of its country knows it."""
    import phonenumbers  # the plans are heavy, and most texts never need them

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
