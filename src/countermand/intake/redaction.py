"""Personal values found and masked in any text, before it is shown, indexed or sent."""

from __future__ import annotations

import re
from collections.abc import Iterable

from countermand.intake.folded import Folded, fold
from countermand.intake.found import SECRETS, Certainty, Found, Hidden, Kind, Masked, MaskFor
from countermand.intake.masks import masked
from countermand.intake.number_chains import numbers

__all__ = ["Certainty", "Found", "Hidden", "Kind", "MaskFor", "Masked", "find", "mask"]

_BREAKS = re.compile(r"[ .,、·()\r\n-]")
_MAINLAND = re.compile(r"(?:\+?86|0086|0)(1[3-9]\d{9})")


def find(text: str) -> tuple[Found, ...]:
    """The personal values of a text, in order, none overlapping another; offsets are those of the text given.

    >>> [(one.kind.value, one.start, one.end) for one in find("我的手机是138 0013 8000")]
    [('phone', 5, 18)]
    """
    folded = fold(text)
    return tuple(_in_original(one, folded) for one in _found(folded.view))


def mask(text: str, purpose: MaskFor = MaskFor.DISPLAY) -> Masked:
    """The text with every personal value masked. Masking again changes nothing more.

    >>> mask("卡号6222 0212 3456 7890 128，验证码 384756").text
    '卡号***************0128，验证码 ******'
    """
    folded = fold(text)
    parts: list[str] = []
    hidden: list[Hidden] = []
    tokens: dict[tuple[Kind, str], str] = {}
    behind = length = 0
    for one in _found(folded.view):
        place = _in_original(one, folded)
        value = _plain(one.kind, folded.view[one.start : one.end])
        shown = masked(one.kind, value, purpose)
        parts += (text[behind : place.start], shown)
        length += place.start - behind
        hidden.append(
            Hidden(
                kind=one.kind,
                start=place.start,
                end=place.end,
                certainty=one.certainty,
                token=_token(tokens, one.kind, value),
                shown_start=length,
                shown_end=length + len(shown),
            )
        )
        behind, length = place.end, length + len(shown)
    return Masked(
        text="".join((*parts, text[behind:])) if hidden else text,
        found=tuple(hidden),
        secret_said=any(one.kind in SECRETS for one in hidden),
    )


def _found(view: str) -> tuple[Found, ...]:
    return _settled(numbers(view))


def _plain(kind: Kind, written: str) -> str:
    """A value without what it was broken by, and a mainland phone without the country's code."""
    value = _BREAKS.sub("", written)
    if kind is Kind.PHONE and (mainland := _MAINLAND.fullmatch(value)):
        return mainland[1]
    return value


def _in_original(one: Found, folded: Folded) -> Found:
    if folded.places is None:
        return one
    start, end = folded.original(one.start, one.end)
    return Found(one.kind, start, end, one.certainty)


def _settled(candidates: Iterable[Found]) -> tuple[Found, ...]:
    """One answer for each place: of those that overlap, the kind that comes first takes all of it."""
    settled: list[Found] = []
    for one in sorted(candidates, key=lambda found: found.start):
        if settled and one.start < settled[-1].end:
            last = settled.pop()
            first = min(last, one, key=lambda found: _RANK[found.kind])
            settled.append(Found(first.kind, last.start, max(last.end, one.end), first.certainty))
        else:
            settled.append(one)
    return tuple(settled)


def _token(tokens: dict[tuple[Kind, str], str], kind: Kind, value: str) -> str:
    """`phone-2` for the second phone of a text, and again wherever it comes back."""
    known = tokens.get((kind, value))
    if known is None:
        number = 1 + sum(1 for other, _ in tokens if other is kind)
        known = tokens[kind, value] = f"{kind.value}-{number}"
    return known


_RANK = {kind: rank for rank, kind in enumerate(Kind)}
