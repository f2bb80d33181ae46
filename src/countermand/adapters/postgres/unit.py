"""Units of work on PostgreSQL: one connection, one transaction, and every book on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from countermand.adapters.postgres.agreements import PostgresApprovals, PostgresDataConsents
from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.effects import PostgresEffects
from countermand.adapters.postgres.gates import QUERIES
from countermand.adapters.postgres.holds import PostgresHolds
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.timers import PostgresTimers
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.facts import Fact
from countermand.work import gate_of


class PostgresUnit:
    """One open transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.holds = PostgresHolds(connection)
        self.approvals = PostgresApprovals(connection)
        self.data_consents = PostgresDataConsents(connection)
        self.timers = PostgresTimers(connection)
        self.effects = PostgresEffects(connection)

    async def gate(self, accounts: Collection[str]) -> None:
        """Take the gates of these accounts alone; in order, so that none can deadlock."""
        for gate in sorted({gate_of(account) for account in accounts}):
            await self._connection.execute(QUERIES.lock_gate, gate)

    async def handles(self, accounts: Collection[str]) -> Mapping[str, str]:
        """The random handles of those accounts that are known."""
        rows = await self._connection.fetch(QUERIES.account_handles, list(accounts))
        return {row["id"]: str(row["handle"]) for row in rows}

    async def note(self, facts: Sequence[Fact]) -> None:
        """Write journal facts, in order."""
        for fact in facts:
            await append_fact(self._connection, fact)


class PostgresWorks:
    """Units of work on the connections of a pool."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PostgresUnit]:
        """A unit; leaving it without an error commits it.

        Raises Unavailable, also at the end; BadRequest (`unrecordable_text`).
        """
        try:
            with away_is_unavailable():
                async with self._pool.acquire() as connection, connection.transaction():
                    yield PostgresUnit(connection)
        except (asyncpg.DataError, UnicodeEncodeError) as error:
            raise BadRequest(
                "unrecordable_text",
                "A text holds a character that cannot be recorded: NUL, or half of one.",
                "文本中含有无法记录的字符（空字符或不完整的字符）。",
            ) from error
