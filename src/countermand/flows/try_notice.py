"""Telling somebody that nothing happened: to see whether a notice arrives."""

from __future__ import annotations

from typing import Protocol

from countermand.kernel.clock import Clock
from countermand.kernel.ids import Ids
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.notices import NOTICES
from countermand.work import Works


class TryingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def try_notice(house: TryingHouse, account: str) -> str:
    """Put a test notice for an account; its id. A worker of the database sends it. Raises Unavailable."""
    now = house.clock.now()
    effect = Effect(
        id=house.ids.new("test", now),
        port=NOTICES,
        action="test",
        lane=account,
        body={"account": account, "values": {"at": now}, "urgency": "security"},
        placed_at=now,
        due_at=now,
    )
    async with house.works.open() as unit:
        await unit.effects.put([effect])
    return effect.id
