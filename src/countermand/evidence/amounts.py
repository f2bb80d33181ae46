"""An amount of money as people and machines write it: digits, currency, sign; what is unclear stays so."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from countermand.kernel.money import EXPONENTS, MINOR_MAX


class Sign(StrEnum):
    """Which way the money went. unknown: no sign was there, or none that can be trusted."""

    OUT = "out"
    IN = "in"
    UNKNOWN = "unknown"


class Amount(NamedTuple):
    """An amount found in a text at `start` to `end`; None for a currency or for minor units nobody wrote.

    `marked`: it stands with a sign, a currency or two decimals, so it is money and no other number.
    """

    start: int
    end: int
    minor: int | None
    currency: str | None
    sign: Sign
    marked: bool


# NFKC has made one form of full-width letters, digits and signs before this is asked.
_CURRENCIES = {
    name: currency
    for currency, names in {
        "CNY": "¥ 元 圆 块 人民币 cny rmb yuan",
        "HKD": "hk$ hkd 港元 港币",
        "USD": "us$ usd $ 美元 美金",
        "EUR": "eur € 欧元",
        "GBP": "gbp £ 英镑",
        "JPY": "jpy 日元",
        "SGD": "sgd 新加坡元",
    }.items()
    for name in names.split()
}
_BEFORE = r"人民币|cny|rmb|hk\$|hkd|us\$|usd|eur|gbp|jpy|sgd|¥|\$|€|£|y(?=\d{1,3}(?:,\d{3})*\.\d{2}(?!\d))"
_AFTER = r"元|圆|块|人民币|港元|港币|美元|美金|欧元|英镑|日元|新加坡元|cny|rmb|yuan|hkd|usd|eur|gbp|jpy|sgd"
# The first two characters are the plain one, as a class of an expression wants it.
_MINUS = "\\-\u2010\u2011\u2012\u2013\u2212\ufe63"
# What a reader makes of a sign it could not make out, or what may be a sign and may be none.
_DOUBTFUL = "\u2014\u2015\u30fc\u4e00~_=\u00b7\u2022."
_NUMBER = r"(?:\d{1,3}(?: ?[,'] ?\d{3})+|\d+)(?:\.\d+)?"
_AMOUNT = re.compile(
    rf"(?P<sign>[+{_MINUS}{_DOUBTFUL}])?\s*(?P<before>{_BEFORE})?\s*"
    rf"(?P<inner>[+{_MINUS}])?\s*(?P<number>(?<![\d.,*]){_NUMBER})(?![\d*]|[.,]\d)"
    rf"\s*(?P<scale>[万亿])?\s*(?P<after>{_AFTER})?",
    re.IGNORECASE,
)
_SCALES = {"万": 10_000, "亿": 100_000_000}
_TWO_DECIMALS = re.compile(r"\.\d{2}$")
# A group of thousands whose comma was not made out: "1 299.00" is nobody's 299.
_TORN = re.compile(r"(?<![\d:/.-])\d{1,3} $")
# Between a word or a number and digits a dash joins them; it is no sign of what follows.
_JOINS = re.compile(r"[\w*)\]》】]$")


def amounts_in(text: str) -> list[Amount]:
    """Every number of a text that may be an amount, in order; the text is in NFKC.

    >>> [(one.minor, one.currency, one.sign.value) for one in amounts_in("-¥3,280.00")]
    [(328000, 'CNY', 'out')]
    >>> [(one.minor, one.sign.value) for one in amounts_in("共1.8万元")]
    [(1800000, 'unknown')]
    """
    return [_amount(text, found) for found in _AMOUNT.finditer(text)]


def currency_of(text: str) -> str | None:
    """The currency that a text names and nothing else.

    >>> currency_of("¥"), currency_of("¥5")
    ('CNY', None)
    """
    return _CURRENCIES.get(text.strip().lower())


def _amount(text: str, found: re.Match[str]) -> Amount:
    sign, written = _sign(text, found)
    before, after = (found["before"] or "").lower(), (found["after"] or "").lower()
    currency = _currency(before, after)
    torn = _TORN.search(text[: found.start("number")]) is not None and found["number"][:4].find(".") in (
        -1,
        3,
    )
    minor = None if torn else _minor(found["number"], found["scale"], currency or "CNY")
    marked = written or bool(before or after or found["scale"])
    start = found.start("number")
    for part in ("inner", "before"):
        start = found.start(part) if found[part] else start
    if written:
        start = found.start("sign") if found["sign"] else start
    end = max(found.end(part) for part in ("number", "scale", "after"))
    return Amount(
        start,
        end,
        minor,
        currency,
        sign,
        marked or _TWO_DECIMALS.search(found["number"]) is not None,
    )


def _sign(text: str, found: re.Match[str]) -> tuple[Sign, bool]:
    """The sign, and whether one is written at all; two that differ, or a doubtful one, are none."""
    outer, inner = found["sign"], found["inner"]
    if outer and _JOINS.search(text[: found.start("sign")]):
        outer = None
    signs = {_one_sign(one) for one in (outer, inner) if one}
    if len(signs) != 1:
        return Sign.UNKNOWN, bool(signs)
    (only,) = signs
    return only, only is not Sign.UNKNOWN


def _one_sign(written: str) -> Sign:
    if written == "+":
        return Sign.IN
    return Sign.OUT if written in _MINUS[1:] else Sign.UNKNOWN


def _currency(before: str, after: str) -> str | None:
    """What is written before and behind must not differ."""
    # A yen sign whose bars were not made out, before digits with two decimals.
    before = "¥" if before == "y" else before
    named = {_CURRENCIES[one] for one in (before, after) if one}
    return named.pop() if len(named) == 1 else None


def _minor(number: str, scale: str | None, currency: str) -> int | None:
    """Minor units; None for more decimals than there are, and for what nobody pays."""
    value = Decimal(re.sub(r"[ ,']", "", number)) * _SCALES.get(scale or "", 1)
    minor = value.scaleb(EXPONENTS[currency])
    if minor != minor.to_integral_value() or minor > MINOR_MAX:
        return None
    return int(minor)
