"""Timers in PostgreSQL: claiming one is deleting its row in the transaction that acts on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.timers import Timer

QUERIES = Queries("timers.sql")


class PostgresTimers:
    """The timers, on a connection that is in a transaction."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def set(self, timers: Sequence[Timer]) -> None:
        """Set timers; one that is set already moves to its new instant."""
        rows = ((one.kind, one.ref, moment_of(one.due_at)) for one in timers)
        self._connection.later(QUERIES.set_timers, rows, named_by=2)

    async def cancel(self, kind: str, refs: Collection[str]) -> None:
        """Take timers back."""
        if refs:
            await self._connection.execute(QUERIES.cancel_timers, kind, list(refs))

    async def claim(self, kind: str, now: int, count_max: int) -> list[Timer]:
        """Take timers that are due, the longest due first."""
        rows = await self._connection.fetch(QUERIES.claim_timers, kind, moment_of(now), count_max)
        found = [Timer(kind, row["ref"], micros_of(row["due_at"])) for row in rows]
        return sorted(found, key=lambda timer: (timer.due_at, timer.ref))
