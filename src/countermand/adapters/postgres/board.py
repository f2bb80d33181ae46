"""What the operations board reads in PostgreSQL: bounded pieces of the journal, with what they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.board import BoardCount, BoardLine, OpenHold, StoppedMoney

QUERIES, LOG = Queries("board.sql"), Queries("log.sql")
HOLDS_COUNTED_MAX = 10_000


class PostgresBoard:
    """Each reading on its own; all raise Unavailable."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def newest(self) -> int:
        """The highest number of the journal that is visible."""
        with away_is_unavailable():
            return int(await self._pool.fetchval(QUERIES.newest_fact))

    async def writers(self) -> frozenset[str]:
        """The transactions that may have drawn numbers of the journal, and are open."""
        with away_is_unavailable():
            return frozenset(row[0] for row in await self._pool.fetch(LOG.journal_writers))

    async def lines(
        self, after: int, up_to: int, kinds: Collection[str], count_max: int
    ) -> Sequence[BoardLine]:
        """The newest facts of these kinds numbered above `after`, up to `up_to`, in order."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.board_lines, after, up_to, list(kinds), count_max)
        return [BoardLine(*map(_plain, row.values())) for row in rows]

    async def counts(
        self, after: int, up_to: int, kinds: Collection[str], since: int
    ) -> Sequence[BoardCount]:
        """How many facts there are among the same, by minute."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.board_counts, after, up_to, list(kinds), moment_of(since))
        return [BoardCount(*row.values()) for row in rows]

    async def stopped(self, after: int, up_to: int, since: int) -> Sequence[StoppedMoney]:
        """Amounts that did not leave, among the same, by minute and currency."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.stopped_money, after, up_to, moment_of(since))
        return [StoppedMoney(row["minute"], row["currency"], int(row["minor"])) for row in rows]

    async def holds(self, count_max: int) -> tuple[int, Sequence[OpenHold]]:
        """How many holds wait, counted to 10,000, and those that are looked at next."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection:
                count = await connection.fetchval(QUERIES.waiting_holds, HOLDS_COUNTED_MAX)
                rows = await connection.fetch(QUERIES.next_holds, count_max)
        return count, [OpenHold(*map(_plain, row.values())) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return micros_of(value)
    return tuple(value) if isinstance(value, list) else value
