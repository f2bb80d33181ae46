"""The key that binds what facts do not show of rows, read once; and the facts with what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of
from countermand.vocabulary.facts import HOLD_PLACED, Fact
from countermand.vocabulary.holds import Hold
from countermand.work.tellings import Telling, Told, joined, told_hold

QUERIES = Queries("replay.sql")


class Teller:
    """Joins what books say of rows to facts; one for each pool, or each who keeps connections."""

    def __init__(self) -> None:
        self._key: bytes | None = None

    async def told(self, connection: Any, facts: Sequence[Fact], tellings: Sequence[Telling]) -> list[Fact]:
        """The facts, each with what became of the rows it is about."""
        if not tellings:
            return list(facts)
        if self._key is None:
            self._key = (await read_told(connection)).key
        now = 0 if facts else micros_of(await connection.fetchval(QUERIES.database_now))
        return joined(facts, tellings, self._key, now)

    async def of_holds(self, connection: Any, holds: Sequence[Hold], decided: Sequence[Fact]) -> list[Fact]:
        """That these holds were placed, with the facts of these decisions."""
        traces = {fact.body.get("operation"): fact.trace for fact in decided}
        facts = [
            Fact(one.placed_at, HOLD_PLACED, {"operation": one.operation}, None, traces.get(one.operation))
            for one in holds
        ]
        return await self.told(connection, facts, [told_hold(one, whole=True) for one in holds])


async def read_told(connection: Any) -> Told:
    """The key, and since when facts tell of rows."""
    row = await connection.fetchrow(QUERIES.read_telling)
    return Told(bytes(row["key"]), micros_of(row["since"]))
