"""The whole record, read in order for the facts tables of a backtest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any

import asyncpg
import numpy as np

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.pool import connect
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.work import ALL_GATES
from countermand.work.record import RecordedRow

QUERIES = Queries("record.sql")
CHUNK_ROWS = 10_000
_BEFORE_EVERYTHING = -2_208_988_800_000_000  # 1900: nothing is older


class PostgresRecord:
    """A Record over the pool's database; long readings have a connection of their own."""

    def __init__(self, pool: asyncpg.Pool[Any], dsn: str) -> None:
        self._pool, self._dsn = pool, dsn

    async def horizon(self) -> int:
        """The highest number below which nothing can still be recorded. Raises Unavailable.

        Groups are recorded in the order of their numbers, but one whose server was lost may still be under
        way. It shares the gates of its accounts until it ends; so when each gate has been ours for a moment,
        all of them have ended.
        """
        with away_is_unavailable():
            async with self._pool.acquire() as connection:
                highest = int(await connection.fetchval(QUERIES.highest_seq))
                for gate in ALL_GATES:
                    await connection.execute(QUERIES.pass_gate, gate)
        return highest

    async def identity(self) -> str:
        """What tells this record from any other; empty while there is nothing in it. Raises Unavailable."""
        with away_is_unavailable():
            return str(await self._pool.fetchval(QUERIES.first_decision) or "")

    async def earliest(self) -> int | None:
        """When the first recorded operation occurred. Raises Unavailable."""
        with away_is_unavailable():
            found = await self._pool.fetchval(QUERIES.earliest_operation)
        return None if found is None else micros_of(found)

    async def rows(
        self, after: int, until: int, since: int | None, whole: Collection[int]
    ) -> AsyncIterator[list[RecordedRow]]:
        """Chunks in order of the record, in constant memory. Raises Unavailable."""
        bound = moment_of(_BEFORE_EVERYTHING if since is None else since)
        with away_is_unavailable():
            connection = await connect(self._dsn, statement_seconds_max=0)
            try:
                async with connection.transaction(readonly=True):
                    cursor = await connection.cursor(QUERIES.rows_of_record, after, until, bound, list(whole))
                    while chunk := await cursor.fetch(CHUNK_ROWS):
                        yield [_row(row) for row in chunk]
            finally:
                await connection.close()

    async def labels(self, until: int) -> tuple[Any, Any, Any]:
        """Every label up to that number, in the order of its coming. Raises Unavailable."""
        chunks: list[Any] = [np.zeros((0, 3), np.int64)]
        with away_is_unavailable():
            connection = await connect(self._dsn, statement_seconds_max=0)
            try:
                async with connection.transaction(readonly=True):
                    cursor = await connection.cursor(QUERIES.labels_of_record, until)
                    while chunk := await cursor.fetch(CHUNK_ROWS):
                        chunks.append(np.array([tuple(row) for row in chunk], np.int64))
            finally:
                await connection.close()
        seq, label_seq, label = np.concatenate(chunks).T
        return seq, label_seq, label


def _row(row: Any) -> RecordedRow:
    seq, id_, account, kind, occurred_at, received_at, outcome, policy_id, facts, body = row
    return RecordedRow(
        seq,
        id_,
        account,
        kind,
        micros_of(occurred_at),
        micros_of(received_at),
        outcome,
        policy_id,
        facts,
        body,
    )
