"""Personal values found and masked in any text, before it is shown, indexed or sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from countermand.intake.folded import Folded, fold
from countermand.intake.found import SECRETS, Certainty, Found, Hidden, Kind, Masked, MaskFor
from countermand.intake.masks import masked
from countermand.intake.number_chains import numbers
from countermand.intake.postal_addresses import addresses
from countermand.intake.said_values import behind_cards, said
from countermand.intake.shaped_values import shaped

__all__ = ["Certainty", "Found", "Hidden", "Kind", "MaskFor", "Masked", "find", "mask"]

_BREAKS = re.compile(r"[ .,，、·()\r\n-]")
REPEATED_MAX = 16  # values that are looked for again; more in one text are no complaint
_TOLD_BY_WORDS = frozenset(
    {
        *(Kind.PASSWORD, Kind.CODE, Kind.CARD_SECURITY, Kind.PASSPORT, Kind.TRAVEL_PERMIT, Kind.HONG_KONG_ID),
        *(Kind.BANK_CARD, Kind.BANK_ACCOUNT, Kind.PHONE, Kind.MESSENGER, Kind.NAME, Kind.ID_NUMBER),
    }
)
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
    counts: dict[Kind, int] = {}
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
                token=_token(tokens, counts, one.kind, value),
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
    own = _settled((*numbers(view), *shaped(view)))
    cards = [one for one in own if one.kind is Kind.BANK_CARD]
    said_too = (*said(view, _without(view, own)), *behind_cards(view, cards), *addresses(view))
    told = _settled((*own, *said_too)) if said_too else own
    again = tuple(_again(view, told))
    return _settled((*told, *again)) if again else told


def _again(view: str, told: tuple[Found, ...]) -> Iterator[Found]:
    """What was told once, wherever it stands again without the word that told it."""
    values = {view[one.start : one.end]: one for one in told if one.kind in _TOLD_BY_WORDS}
    starts = {one.start for one in told}
    for value, one in tuple(values.items())[:REPEATED_MAX]:
        if len(value) < (2 if one.kind is Kind.NAME and not value.isascii() else 4):
            continue
        if one.kind is Kind.NAME and value.isascii() and " " not in value:
            continue
        place = view.find(value)
        while place >= 0:
            until = place + len(value)
            inside = _touches(view, place - 1, place) or _touches(view, until, until - 1)
            if place not in starts and not inside:
                yield Found(one.kind, place, until, Certainty.LIKELY)
            place = view.find(value, until)


def _touches(view: str, outside: int, inside: int) -> bool:
    """Whether a Latin letter or a digit goes on outside of a value that ends with one."""
    if not 0 <= outside < len(view):
        return False
    return view[outside] == "*" or all(view[at].isascii() and view[at].isalnum() for at in (outside, inside))


def _without(view: str, known: Iterable[Found]) -> str:
    """The view with stars where a value stands, as long as the value was."""
    parts: list[str] = []
    behind = 0
    for one in known:
        parts += (view[behind : one.start], "*" * (one.end - one.start))
        behind = one.end
    return "".join((*parts, view[behind:])) if parts else view


def _plain(kind: Kind, written: str) -> str:
    """A value without what it was broken by, and a mainland phone without the country's code."""
    if kind in {Kind.EMAIL, Kind.MESSENGER, Kind.PASSWORD}:
        return written.replace(" ", "")
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


def _token(tokens: dict[tuple[Kind, str], str], counts: dict[Kind, int], kind: Kind, value: str) -> str:
    """`phone-2` for the second phone of a text, and again wherever it comes back."""
    known = tokens.get((kind, value))
    if known is None:
        counts[kind] = number = counts.get(kind, 0) + 1
        known = tokens[kind, value] = f"{kind.value}-{number}"
    return known


_RANK = {kind: rank for rank, kind in enumerate(Kind)}
