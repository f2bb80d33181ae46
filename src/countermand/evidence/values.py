"""Small things that screens write in many ways: tails of cards, covered accounts, order numbers."""

from __future__ import annotations

import re

_TAIL = re.compile(
    r"(?:尾号|末四位|尾数|ending(?: in| with)?)\D{0,3}?(\d{3,4})(?!\d)"
    r"|[(\[](\d{3,4})[)\]]|\*\s?(\d{3,4})(?!\d)"
)
_LAST_DIGITS = re.compile(r"(\d{4})\D{0,2}$")
_ACCOUNT = re.compile(r"(?=(?:[^\d]*\d){3})[\dA-Za-z*xX•·.@_-]{6,40}$")
_ORDER = re.compile(r"[A-Za-z0-9_-]{8,64}")
_ORDER_DIGITS_MIN = 6


def tail_of(text: str) -> str | None:
    """The last digits of the card or account that a text names.

    >>> tail_of("招商银行储蓄卡(8779)"), tail_of("138****1542"), tail_of("零钱")
    ('8779', '1542', None)
    """
    found = _TAIL.search(text)
    if found:
        return next(one for one in found.groups() if one is not None)
    squeezed = re.sub(r"\s", "", text)
    last = _LAST_DIGITS.search(squeezed)
    digits = re.sub(r"\D", "", squeezed)
    return last[1] if last and len(digits) >= 7 else None


def account_of(text: str) -> str | None:
    """An account as it is shown, mostly covered, without blanks.

    >>> account_of("138 **** 1542")
    '138****1542'
    """
    squeezed = re.sub(r"\s", "", text)
    return squeezed if _ACCOUNT.fullmatch(squeezed) else None


def order_of(text: str) -> str | None:
    """An order number without the blanks in it: letters and digits, six digits at least.

    >>> order_of("1000 0398 0120 2611 06"), order_of("完成")
    ('100003980120261106', None)
    """
    squeezed = re.sub(r"\s|复制|copy$", "", text, flags=re.IGNORECASE)
    enough = sum(one.isdigit() for one in squeezed) >= _ORDER_DIGITS_MIN
    return squeezed if enough and _ORDER.fullmatch(squeezed) else None
