"""What holders set for their own account: limits that rise only after a wait, and automatic debits."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

from countermand.vocabulary.operations import Amount

# The timer that lets a raise bind; its ref is the raise.
LIMIT_RAISE_TIMER = "limit_raise"
_LIMIT_REF = re.compile(r"limit/([^/]+)/(?:none|([A-Z]{3})/(0|[1-9][0-9]{0,17}))")
_MANDATE_REF = re.compile(r"mandate/[^/]+")


class RaiseState(StrEnum):
    """waiting → bound or cancelled."""

    WAITING = "waiting"
    BOUND = "bound"
    CANCELLED = "cancelled"


class LimitRaise(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A higher limit, or none at all (`limit` None), that holds from `binds_at` on.

    `order` is the standing order with the limit that it raises, `confirmation` the proof that the holder
    asked. `why` it was cancelled: `asked`, `lowered`, `replaced` or `contained`. Microseconds UTC.
    """

    id: str
    account: str
    order: str
    limit: Amount | None
    confirmation: str
    asked_at: int
    asked_by: str
    binds_at: int
    state: RaiseState = RaiseState.WAITING
    ended_at: int | None = None
    ended_by: str | None = None
    why: str | None = None


class MandateTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the institution tells of an automatic debit: who collects, and how much at most at a time."""

    account: str
    mandate: str
    payee: str
    at_most: Amount | None
    told_at: int
    told_by: str


class MandateSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the record knows of one automatic debit of an account; instants in microseconds UTC.

    `agreed_at`: it was agreed to here. `runs`: debits that were let through, the last of them at `run_at`;
    `refusals`: debits that were denied, the last of them at `refused_at`.
    """

    mandate: str
    payee: str | None = None
    agreed_at: int | None = None
    run_at: int | None = None
    runs: int = 0
    refused_at: int | None = None
    refusals: int = 0
    cancelled_at: int | None = None


class AskedLimit(NamedTuple):
    """The limit that a confirmation is about, and the order it is to take the place of."""

    order: str
    limit: Amount | None


def ref_of_limit(order: str, limit: Amount | None) -> str:
    """What a confirmation of purpose `limit` is about: this order, raised to exactly this limit.

    >>> ref_of_limit("ord-1", Amount(500_000, "CNY"))
    'limit/ord-1/CNY/500000'
    """
    return f"limit/{order}/none" if limit is None else f"limit/{order}/{limit.currency}/{limit.minor}"


def limit_of_ref(ref: str) -> AskedLimit | None:
    """The order and the limit of such a ref; None for any other text."""
    found = _LIMIT_REF.fullmatch(ref)
    if found is None:
        return None
    order, currency, minor = found.groups()
    return AskedLimit(order, None if currency is None else Amount(int(minor), currency))


def ref_of_mandate(order: str) -> str:
    """What a confirmation of purpose `lift` is about that switches an automatic debit on again."""
    return f"mandate/{order}"


def is_mandate_ref(ref: str) -> bool:
    """Whether a ref is one of those."""
    return _MANDATE_REF.fullmatch(ref) is not None
