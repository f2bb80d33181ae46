"""The follower's side of PostgreSQL: rows in order and none left out, results and position at once.

Numbers of operations have gaps (a group that failed leaves one), and a gap may be a group that has not
committed yet. Groups of one server commit in the order of their numbers, and a new server waits for those
of the old one, so a visible operation says that all before it are settled. That is not taken on trust: behind
a gap nothing is read before every group that was open when the gap was seen has ended. A group shares an
account's gate from before it takes its numbers until its end, so open groups are those that hold a gate.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.open_groups import open_groups_end
from countermand.adapters.postgres.pool import CLOSE_SECONDS_MAX, connect
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.shadow_chunks import pack, unpack
from countermand.adapters.postgres.shadows import outcome_pair, shadow_of
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.shadows import Chunk, FollowedRow, PastRow, Shadow, Step, Tally

QUERIES = Queries("shadows.sql")
POLICIES = Queries("policies.sql")
FOLLOWER_LOCK = 7_400_998
HISTORY_CHUNK_ROWS = 20_000


class PostgresFollower:
    """Implements `flows.follow_operations.FollowerStore` on one connection that nobody else uses."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None
        self._settled_to = 0

    async def open(self) -> None:
        """Connect. What a crash of the database takes is only done again, so its log is not waited for."""
        self._connection = await connect(self._dsn, application_name="countermand shadow")
        await self._connection.execute("SET synchronous_commit = off")

    async def close(self) -> None:
        """Give the connection, and with it the follower's place, back."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=CLOSE_SECONDS_MAX)

    async def take_place(self) -> bool:
        """Become the one follower of this database; False while there is another."""
        with away_is_unavailable():
            return bool(await self._connection.fetchval(QUERIES.follower_lock, FOLLOWER_LOCK))

    async def running(self) -> list[Shadow]:
        """The candidates that run."""
        with away_is_unavailable():
            return [shadow_of(row) for row in await self._connection.fetch(QUERIES.running_shadows)]

    async def source(self, shadow_id: int) -> dict[str, str]:
        """The files of a candidate; none where it was removed meanwhile."""
        with away_is_unavailable():
            return dict(await self._connection.fetchval(QUERIES.shadow_source, shadow_id) or {})

    async def policies(self) -> dict[int, dict[str, str]]:
        """The files of every recorded policy, by number."""
        with away_is_unavailable():
            rows = await self._connection.fetch(POLICIES.policy_sources, None)
        return {row["id"]: dict(row["source"]) for row in rows}

    async def last_chunk(self, shadow_id: int) -> Chunk | None:
        """The latest chunk of a candidate, to go on with."""
        with away_is_unavailable():
            row = await self._connection.fetchrow(QUERIES.last_chunk, shadow_id)
        if row is None:
            return None
        seqs, verdicts = unpack(row["verdicts"])
        tally = Tally({outcome_pair(pair): cell for pair, cell in row["outcomes"].items()}, row["rules"])
        return Chunk(seqs, verdicts, (micros_of(row[0]), micros_of(row[1])), tally)

    async def rows(
        self, after: int, up_to: int, rows_max: int, same_windows: Collection[int]
    ) -> list[FollowedRow]:
        """Operations numbered above `after`, up to `up_to`, in order; no later call finds one in between.

        Those of the policies in `same_windows` come without their body. Raises Unavailable.
        """
        values = (after, up_to, rows_max, list(same_windows))
        with away_is_unavailable():
            found = await self._connection.fetch(QUERIES.followed_rows, *values)
            if not found:
                return []
            last = found[-1][0]
            if last - after != len(found) and last > self._settled_to:
                await open_groups_end(self._connection)
                found = await self._connection.fetch(QUERIES.followed_rows, *values)
                found = [row for row in found if row[0] <= last]
                self._settled_to = last
        return [FollowedRow(row[0], row[1], row[2], micros_of(row[3]), *row[4:10]) for row in found]

    async def history(
        self, since: int, up_to: int, shadow_id: int, same_windows: Collection[int]
    ) -> AsyncIterator[list[PastRow]]:
        """Operations that occurred since an instant, numbered up to `up_to`, in order, in chunks.

        Each has the outcome that this candidate gave it, else the live one.
        """
        values = (moment_of(since), up_to, shadow_id, list(same_windows))
        connection = await connect(self._dsn, application_name="countermand shadow", statement_seconds_max=0)
        try:
            async with connection.transaction(readonly=True):
                cursor = await connection.cursor(QUERIES.followed_history, *values)
                while chunk := await cursor.fetch(HISTORY_CHUNK_ROWS):
                    yield [PastRow(*row) for row in chunk]
        finally:
            await connection.close()

    async def received_up_to(self, seq: int) -> int | None:
        """When the operation with this number, or the last before it, reached us; None without any."""
        with away_is_unavailable():
            moment = await self._connection.fetchval(QUERIES.received_up_to, seq)
        return None if moment is None else micros_of(moment)

    async def record(self, steps: Sequence[Step]) -> set[int]:
        """Write results and positions in one transaction; the ids of the candidates that still run.

        Nothing is written for a candidate that was paused or removed meanwhile.
        """
        moved: set[int] = set()
        with away_is_unavailable():
            async with self._connection.transaction():
                for step in steps:
                    advance = (step.shadow_id, step.before, step.position, step.operations)
                    if await self._connection.fetchval(QUERIES.advance_shadow, *advance) is None:
                        continue
                    moved.add(step.shadow_id)
                    for chunk in step.chunks:
                        await self._connection.execute(
                            QUERIES.upsert_chunk, *_chunk_row(step.shadow_id, chunk)
                        )
                    if step.differences:
                        columns = [list(column) for column in zip(*step.differences, strict=True)]
                        await self._connection.execute(QUERIES.insert_differences, step.shadow_id, *columns)
        return moved

    async def pause(self, name: str, reason: str, detail: Mapping[str, Any], fact: Fact) -> None:
        """Stop a candidate for a reason that people can read."""
        with away_is_unavailable():
            async with self._connection.transaction():
                stopped = await self._connection.fetchval(QUERIES.pause_shadow, name, reason, dict(detail))
                if stopped is not None:
                    await append_fact(self._connection, fact)

    async def prune(self, shadow_id: int, before: int) -> None:
        """Forget results that ended before an instant."""
        with away_is_unavailable():
            async with self._connection.transaction():
                last = await self._connection.fetchval(QUERIES.prune_chunks, shadow_id, moment_of(before))
                if last is not None:
                    await self._connection.execute(QUERIES.prune_differences, shadow_id, last)


def _chunk_row(shadow_id: int, chunk: Chunk) -> tuple[Any, ...]:
    outcomes = {f"{live}>{candidate}": cell for (live, candidate), cell in chunk.tally.outcomes.items()}
    return (
        shadow_id,
        chunk.seqs[0],
        chunk.seqs[-1],
        moment_of(chunk.received[0]),
        moment_of(chunk.received[1]),
        len(chunk.seqs),
        outcomes,
        chunk.tally.rules,
        pack(chunk.seqs, chunk.verdicts),
    )
