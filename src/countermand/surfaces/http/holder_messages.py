"""What the routes of holders' own limits and automatic debits take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant, OrderShown
from countermand.vocabulary.operations import Amount, Identifier

PayeeName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class LimitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that one operation may move; null is no limit. `confirmation` only where it is higher."""

    limit: Amount | None
    confirmation: Identifier | None = None


class RaiseShown(msgspec.Struct, frozen=True, rename={"raise_": "raise"}):
    """A higher limit (null: none at all) that waits until `binds_at`."""

    raise_: str
    limit: Amount | None
    asked_at: Instant
    binds_at: Instant


class LimitShown(msgspec.Struct, frozen=True, kw_only=True, rename={"raise_": "raise"}):
    """The holder's own limit, and the raise that waits; null is none."""

    account: str
    limit: Amount | None
    order: str | None
    since: Instant | None
    cause: Text
    remedy: Text
    raise_: RaiseShown | None


class MandateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who collects, as the holder knows them, and how much at most at a time."""

    payee: PayeeName
    at_most: Amount | None = None


class MandateOnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The proof that the holder wants it on again; one that is on needs none."""

    confirmation: Identifier | None = None


class MandateShown(msgspec.Struct, frozen=True, kw_only=True):
    """One automatic debit: whether it is on, who collects, when it was agreed to, run and refused."""

    mandate: str
    on: bool
    off_since: Instant | None
    order: str | None
    payee: str | None
    at_most: Amount | None
    agreed_at: Instant | None
    run_at: Instant | None
    runs: int
    refused_at: Instant | None
    refusals: int
    cancelled_at: Instant | None


class MandateList(msgspec.Struct, frozen=True):
    """The automatic debits of an account."""

    mandates: list[MandateShown]


class OrderSaid(OrderShown, frozen=True, kw_only=True):
    """An order in words: what it stops, why, what ends it, what to bring."""

    text: Text
    cause: Text
    remedy: Text
    documents: list[str]


class OrdersShown(msgspec.Struct, frozen=True):
    """The orders on an account that bind now, the oldest first; `ends_at` null: until it is lifted."""

    account: str
    orders: list[OrderSaid]
