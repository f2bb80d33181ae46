"""Timers in PostgreSQL: claiming one is deleting its row in the transaction that acts on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.timers import Timer

QUERIES = Queries("timers.sql")


class PostgresTimers:
    """The timers, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def set(self, timers: Sequence[Timer]) -> None:
        """Set timers; one that is set already moves to its new instant."""
        if timers:
            ordered = sorted(timers)  # two that set the same ones never wait for each other in a ring
            kinds, refs, instants = zip(*ordered, strict=True)
            await self._connection.execute(
                QUERIES.set_timers, kinds, refs, [moment_of(at) for at in instants]
            )

    async def cancel(self, kind: str, refs: Collection[str]) -> None:
        """Take timers back."""
        if refs:
            await self._connection.execute(QUERIES.cancel_timers, kind, list(refs))

    async def claim(self, kind: str, now: int, count_max: int) -> list[Timer]:
        """Take timers that are due, the longest due first."""
        rows = await self._connection.fetch(QUERIES.claim_timers, kind, moment_of(now), count_max)
        found = [Timer(kind, row["ref"], micros_of(row["due_at"])) for row in rows]
        return sorted(found, key=lambda timer: (timer.due_at, timer.ref))
