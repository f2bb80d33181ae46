"""Values that masking hides, in the one form in which they are found again by who knows them whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from countermand.intake.found import SECRETS, Kind
from countermand.intake.redaction import find

# A name, a street or when a card ends does not tell which case it is; secrets nobody may look for.
_NOT_KEPT = SECRETS | {Kind.CARD_EXPIRY, Kind.NAME, Kind.ADDRESS}
_BREAKS = re.compile(r"[\s.,，、·()（）/-]")
_MAINLAND = re.compile(r"(?:\+?86|0086|0)(1[3-9]\d{9})")
_TOKEN = re.compile(r"[^\s,，、;；]+")
_DIGITS_MIN = 6
VALUES_MAX = 64


class Value(NamedTuple):
    """One value: what masking took it for, and its one form."""

    kind: Kind
    text: str


class Asked(NamedTuple):
    """A search without the values in it, and those values, each in its one form."""

    words: str
    values: tuple[str, ...]


def one_form(text: str) -> str:
    """A value without what it was broken by: the same however it was written.

    >>> one_form("+86 138-0013 8000"), one_form("Li@Example.com")
    ('13800138000', 'LI@EXAMPLE.COM')
    """
    plain = unicodedata.normalize("NFKC", text)
    if "@" in plain:
        return plain.strip().upper()
    plain = _BREAKS.sub("", plain).upper()
    mainland = _MAINLAND.fullmatch(plain)
    return plain if mainland is None else mainland[1]


def values_of(text: str) -> tuple[Value, ...]:
    """The values of a message that cases are found by, each once, at most VALUES_MAX.

    >>> values_of("我的手机是138 0013 8000，验证码 384756")
    (Value(kind=<Kind.PHONE: 'phone'>, text='13800138000'),)
    """
    found = (
        Value(one.kind, one_form(text[one.start : one.end]))
        for one in find(text)
        if one.kind not in _NOT_KEPT
    )
    return tuple(dict.fromkeys(found))[:VALUES_MAX]


def asked_of(search: str) -> Asked:
    """What a search asks for: whole numbers and addresses are values, the rest words.

    >>> asked_of("盗刷 138-0013-8000")
    Asked(words='盗刷', values=('13800138000',))
    """
    spans = [(one.start, one.end) for one in find(search) if one.kind not in _NOT_KEPT]
    rest = _without(search, spans)
    values = [one_form(search[start:end]) for start, end in spans]
    left = []
    for token in _TOKEN.findall(rest):
        form = one_form(token)
        if form.isascii() and ("@" in form or sum(letter.isdigit() for letter in form) >= _DIGITS_MIN):
            values.append(form)
        else:
            left.append(token)
    return Asked(" ".join(left), tuple(dict.fromkeys(values))[:VALUES_MAX])


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text
