"""Personal numbers among the digits of a text, however they are broken by spaces, dashes or line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from countermand.intake.found import Certainty, Found, Kind
from countermand.intake.personal_numbers import (
    is_card,
    is_chinese_id,
    is_landline,
    is_mobile,
    is_national_card,
    passes_luhn,
)

DIGITS_MAX = 19  # the longest number looked for; longer ones are orders and receipts
GROUPS_MAX = 6  # a written number has no more parts,
CHAIN_DIGITS_SMALL = 40  # unless it is dictated digit by digit, in a chain as short as this
BEFORE_MAX = 24
# The digits of a chain: spaces, dashes, commas, brackets or one line end between two of them.
CHAIN = re.compile(r"\d(?:(?:[ .,、·()-]{0,3}| ?\r?\n ?)\d){6,}")
_GROUP = re.compile(r"\d+")

# What stands in front of a number says what it is. `*` is never bridged.
_FILLER = r"[^0-9\n*]"
_ORDER = re.compile(
    r"(?:订单|单号|流水|交易号|交易编号|编号|工单|案件|案号|受理|运单|快递|票号|凭证|保单|合同|序列|批次|回执|"
    r"order|case|ticket|\bref|reference|txn|transaction|tracking|invoice|serial|trace|receipt|policy)"
    r"(?:[ :#=('\"\[【]|号码|号|编号|id|number|num|no\.?|是|为|is|was){0,5}$"
)
_CARD_WORD = re.compile(
    rf"(?:卡号|银行卡|信用卡|储蓄卡|借记卡|卡片|卡|card|debit|credit|visa|mastercard|amex){_FILLER}{{0,12}}$"
)
_ACCOUNT_WORD = re.compile(
    rf"(?:账号|帐号|银行账户|收款账户|对公账户|卡号|account (?:number|no\.?|#)|acct\.?(?: no\.?| number)?|a/c)"
    rf"{_FILLER}{{0,6}}$"
)
_PHONE_WORD = re.compile(
    r"(?:电话|手机|座机|固话|号码|联系方式|拨打|致电|来电|短信到|tel|phone|mobile|cell|call|whatsapp|sms|text|"
    rf"dianhua|shouji|shoujihao|sjh){_FILLER}{{0,8}}$"
)
_ID_WORD = re.compile(rf"(?:身份证|证件号|身份号|公民身份|shenfenzheng|sfz|identity|\bid){_FILLER}{{0,10}}$")
_MONEY_BEFORE = re.compile(r"(?:[¥$€£]|rmb|cny|usd|hkd|金额|余额|amount|balance)[ :]{0,2}$")
_MONEY_AFTER = re.compile(
    r"(?:\.\d{1,2}(?!\d))? ?(?:元|块|万|亿|圆|人民币|美元|港币|rmb|cny|usd|hkd|dollar|yuan|%)"
    r"|\.\d\d?(?![\d.-])"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_NORTH_AMERICAN = re.compile(r"(?:1[ .-]?)?\(?[2-9]\d\d\)?[ .-]{1,2}[2-9]\d\d[ .-]\d{4}")
_TOLL_FREE = ("400", "800", "1800", "1888", "1877", "1866", "1855", "1844", "1833")


def numbers(view: str) -> Iterator[Found]:
    """The personal numbers of a folded text, left to right, none overlapping another."""
    for chain in CHAIN.finditer(view):
        yield from _in_chain(view, chain.start(), chain.end())


def _in_chain(view: str, start: int, end: int) -> Iterator[Found]:
    groups = [(group.start(), group.end()) for group in _GROUP.finditer(view, start, end)]
    small = sum(last - first for first, last in groups) <= CHAIN_DIGITS_SMALL
    index = 0
    while index < len(groups):
        found, index = _at_group(view, groups, index, small=small)
        if found is not None:
            yield found


def _at_group(
    view: str, groups: list[tuple[int, int]], index: int, *, small: bool
) -> tuple[Found | None, int]:
    """The longest number that starts with this group, and the group after it."""
    windows: list[tuple[int, str]] = []
    digits = ""
    for last in range(index, min(len(groups), index + (DIGITS_MAX if small else GROUPS_MAX))):
        digits += view[slice(*groups[last])]
        if len(digits) > DIGITS_MAX:
            break
        if len(digits) >= 7:
            windows.append((last, digits))
    for last, digits in reversed(windows):
        found = _number(view, groups[index][0], groups[last][1], digits)
        if found is not None:
            return found, last + 1
    return None, index + 1


def _number(view: str, start: int, end: int, digits: str) -> Found | None:
    """What this run of digits is, if it is a person's."""
    size = len(digits)
    if size in {15, 17, 18} and (found := _identity(view, start, end, digits)) is not None:
        return found
    if size >= 12 and (found := _card(view, start, end, digits)) is not None:
        return found
    if size <= 15 and (found := _phone(view, start, end, digits)) is not None:
        return found
    before = view[max(0, start - BEFORE_MAX) : start]
    if "\n" not in view[start:end] and _ACCOUNT_WORD.search(before):
        return Found(Kind.BANK_ACCOUNT, start, end, Certainty.LIKELY)
    return None


def _identity(view: str, start: int, end: int, digits: str) -> Found | None:
    if len(digits) == 17:
        mark = re.match(r" ?x(?![a-z0-9])", view[end : end + 3])
        if mark is None:
            return None
        digits, end = f"{digits}x", end + mark.end()
    before = view[max(0, start - BEFORE_MAX) : start]
    if is_chinese_id(digits):
        if len(digits) == 18:
            return Found(Kind.ID_NUMBER, start, end, Certainty.CERTAIN)
        if not _is_part_of_a_word(view, start, end) and not _ORDER.search(before) and not is_card(digits):
            return Found(Kind.ID_NUMBER, start, end, Certainty.LIKELY)
    # A mistyped number of that length, called an identity number, is one.
    return Found(Kind.ID_NUMBER, start, end, Certainty.LIKELY) if _ID_WORD.search(before) else None


def _card(view: str, start: int, end: int, digits: str) -> Found | None:
    if _is_part_of_a_word(view, start, end):
        return None
    before = view[max(0, start - BEFORE_MAX) : start]
    if _CARD_WORD.search(before) and not _MONEY_AFTER.match(view, end):
        certainty = Certainty.CERTAIN if passes_luhn(digits) else Certainty.LIKELY
        if is_card(digits) or is_national_card(digits) or len(digits) >= 15 or certainty is Certainty.CERTAIN:
            return Found(Kind.BANK_CARD, start, end, certainty)
    if is_card(digits) and not _ORDER.search(before):
        return Found(Kind.BANK_CARD, start, end, Certainty.CERTAIN)
    return None


def _phone(view: str, start: int, end: int, digits: str) -> Found | None:
    written = view[start:end]
    if (
        "\n" in written
        or digits.startswith(_TOLL_FREE)
        or (view[end : end + 1].isalpha() and view[end].isascii())
    ):
        return None
    before = view[max(0, start - BEFORE_MAX) : start]
    if _is_money(view, end, written, before):
        return None
    opened = view[start - 1 : start] == "(" and ")" in written
    begin = start - 1 if opened or view[start - 1 : start] == "+" else start
    if is_mobile(digits) or (view[start - 1 : start] == "+" and _is_international(f"+{digits}")):
        return None if _ORDER.search(before) else Found(Kind.PHONE, begin, end, Certainty.CERTAIN)
    if is_landline(digits) and not _ORDER.search(before):
        sure = len(written) > len(digits) or _PHONE_WORD.search(before)
        return Found(Kind.PHONE, begin, end, Certainty.CERTAIN if sure else Certainty.LIKELY)
    if _NORTH_AMERICAN.fullmatch(view[begin:end]) and _is_international(f"+1{digits[-10:]}"):
        return Found(Kind.PHONE, begin, end, Certainty.CERTAIN)
    if _PHONE_WORD.search(before) and not _ORDER.search(before):
        return Found(Kind.PHONE, begin, end, Certainty.LIKELY)
    return None


def _is_money(view: str, end: int, written: str, before: str) -> bool:
    return bool(
        _MONEY_AFTER.match(view, end) or _MONEY_BEFORE.search(before) or _THOUSANDS.fullmatch(written)
    )


def _is_part_of_a_word(view: str, start: int, end: int) -> bool:
    """Whether letters touch it: identifiers and hashes are made of letters and digits."""
    around = view[max(0, start - 1) : start] + view[end : end + 1]
    return any(character.isascii() and character.isalpha() for character in around)


@lru_cache(maxsize=256)
def _is_international(number: str) -> bool:
    """Whether the numbering plan of its country knows it. Read once: the plans are a heavy library."""
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
