"""Held operations, to look at: one with its countdown, and the list of an account with what it reserves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from countermand.confirmation.hold_words import (
    seconds_left,
    status_text,
    undo_text,
    waiting_for,
    waiting_text,
)
from countermand.flows.settle_holds import Settlement
from countermand.flows.show_incoming import IncomingShelf
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.confirmations import needs_consent
from countermand.vocabulary.holds import Hold, HoldState
from countermand.vocabulary.operations import MOVES_MONEY

PAGE_HOLDS_MAX = 200


class HoldShelf(IncomingShelf, Protocol):
    """The holds to look at; all raise Unavailable."""

    async def find(self, operation: str) -> Hold | None:
        """The hold of an operation."""
        ...

    async def page(self, account: str | None, state: str | None, after: str, count_max: int) -> list[Hold]:
        """Holds behind an operation, in order of id; None for every account or state."""
        ...

    async def reserved(self, account: str, kinds: Collection[str]) -> Mapping[str, int]:
        """What the holds of an account of these kinds would still take: minor units by currency."""
        ...

    async def receipt(self, operation: str) -> bool:
        """Whether somebody consented to the operation."""
        ...


class ShowingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def holds(self) -> HoldShelf: ...

    @property
    def settlement(self) -> Settlement: ...

    @property
    def clock(self) -> Clock: ...


async def show_hold(house: ShowingHouse, operation: str) -> dict[str, Any]:
    """One hold, with what a person wants to know of it. Raises NotFound (`unknown_hold`), Unavailable."""
    hold = await house.holds.find(operation)
    if hold is None:
        raise NotFound(
            "unknown_hold", "This operation is not on hold.", "该操作未被暂缓。", operation=operation
        )
    asks = house.settlement.executes(hold) and needs_consent(hold.kind) and hold.state is HoldState.OPEN
    consent = asks and not await house.holds.receipt(operation)
    needs, now = waiting_for(hold, consent=consent), house.clock.now()
    return {
        **hold_values(hold),
        "now": rfc3339(now),
        "seconds_left": seconds_left(hold, needs, now),
        "waits_for": list(needs),
        "status": status_text(hold),
        "waits": waiting_text(needs),
        "undo": undo_text(hold, banking=house.settlement.executes(hold)),
    }


async def list_holds(
    house: ShowingHouse, account: str | None, state: str | None, after: str = ""
) -> dict[str, Any]:
    """A page of holds, and for one account what it has reserved. Raises BadRequest (`invalid_request`)."""
    if state is not None and state not in set(HoldState):
        words = ", ".join(HoldState)
        raise BadRequest(
            "invalid_request",
            f"state is one of {words}.",
            f"state 应为 {words} 之一。",
            field="state",
        )
    page = await house.holds.page(account, state, after, PAGE_HOLDS_MAX)
    kinds = sorted(kind.value for kind in MOVES_MONEY)
    reserved = {} if account is None else await house.holds.reserved(account, kinds)
    return {
        "holds": [hold_values(hold) for hold in page],
        "reserved": [{"minor": minor, "currency": currency} for currency, minor in sorted(reserved.items())],
    }


def hold_values(hold: Hold) -> dict[str, Any]:
    """A hold for a door; nobody's session or device leaves the house."""
    amount = None
    if hold.amount_minor is not None:
        amount = {"minor": hold.amount_minor, "currency": hold.currency}
    return {
        "operation": hold.operation,
        "account": hold.account,
        "kind": hold.kind,
        "amount": amount,
        "counterparty": hold.counterparty,
        "state": hold.state.value,
        "placed_at": rfc3339(hold.placed_at),
        "until": rfc3339(hold.until),
        "expires_at": rfc3339(hold.expires_at),
        "needs": [need.value for need in hold.needs],
        "met": [need.value for need in hold.met],
        "ended_at": None if hold.ended_at is None else rfc3339(hold.ended_at),
        "ended_by": hold.ended_by,
        "cause": hold.cause,
    }
