"""What stands against an account right now: each order in words, why, what ends it, and when it ends."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.containment.standing import binds_at, bound_order
from countermand.flows.incident_words import shown_order
from countermand.kernel.clock import Clock
from countermand.vocabulary.orders import Subject
from countermand.vocabulary.outcomes import Outcome
from countermand.work import Works


class ShowingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...


async def show_orders(house: ShowingHouse, account: str) -> dict[str, Any]:
    """The orders on an account that bind now, the oldest first, with their texts in both languages.

    Orders on its holder as a person, or on everybody, are not the account's. Raises Unavailable.
    """
    async with house.works.open() as unit:
        found = await unit.standing.on([Subject(account=account)])
    now = house.clock.now()
    shown = []
    for order in found:
        if binds_at(order, now):
            said = bound_order(order, Outcome.DENY)
            words = {name: said.values[name] for name in ("cause", "remedy", "documents")}
            shown.append({**shown_order(order), "text": {"en": said.text.en, "zh": said.text.zh}, **words})
    return {"account": account, "orders": shown}
