"""The facts that decisions were made from, read back: how the world is now, what an account usually does."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.models import RecordedFacts

QUERIES = Queries("recorded.sql")
_FACTS = msgspec.msgpack.Decoder(list[Any])


class PostgresRecordedFacts:
    """Recorded facts, in the order of the specs of the policy that decided."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def latest(self, count: int) -> list[RecordedFacts]:
        """Those of the last `count` operations, newest first. Raises Unavailable."""
        with away_is_unavailable():
            return [_read(row) for row in await self._pool.fetch(QUERIES.latest_facts, count)]

    async def newer(self, after: int, count: int) -> tuple[int, list[RecordedFacts]]:
        """The last `count` operations numbered above `after`, oldest first, and the highest number."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.newer_facts, after, count)
        return rows[0]["seq"] if rows else after, [_read(row) for row in reversed(rows)]

    async def of_account(self, account: str, at: int, seq: int, count: int) -> list[RecordedFacts]:
        """Those of an account's operations up to `at` that were recorded before `seq`. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.account_facts, account, moment_of(at), seq, count)
        return [_read(row) for row in rows]


def _read(row: Any) -> RecordedFacts:
    return RecordedFacts(
        row["policy_id"],
        row["account"],
        row["kind"],
        micros_of(row["occurred_at"]),
        _FACTS.decode(row["facts"]),
    )
