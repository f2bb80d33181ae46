"""The sealer's side of PostgreSQL: one connection that holds the sealer's place and writes all of the log.

The lock and the writes are of one session. So whoever gets the lock next finds everything of the one before
either committed or gone, also where that one was killed in the middle of a commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.incidents import QUERIES as INCIDENTS
from countermand.adapters.postgres.incidents import row_of_task
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.pool import CLOSE_SECONDS_MAX, connect
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.stored_facts import as_stored
from countermand.kernel.clock import moment_of
from countermand.transparency.tiles import HEIGHT, WIDTH
from countermand.vocabulary.facts import TASK_RAISED, Fact
from countermand.vocabulary.incidents import Task
from countermand.vocabulary.sealing import (
    Batch,
    ChainEnd,
    FactRow,
    NewNote,
    Position,
    Range,
    Shard,
    Stock,
    Turn,
)

QUERIES = Queries("log.sql")
SEALER_LOCK = 7_400_997
LEVELS = 8


class PostgresSealStore:
    """Implements `flows.log_ports.SealStore` on one connection that nobody else uses."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def open(self) -> None:
        """Connect. What is sealed must outlive a crash, whatever the database's default is."""
        connection = await connect(self._dsn, application_name="countermand log")
        if await connection.fetchval("SHOW synchronous_commit") == "off":
            await connection.execute("SET synchronous_commit = on")
        # A handful of statements, each always the same way: planning them anew cost more than running them.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await as_stored(connection)
        self._connection = connection

    async def close(self) -> None:
        """Give the connection, and with it the sealer's place, back."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=CLOSE_SECONDS_MAX)

    async def take_place(self) -> bool:
        """Become the one who seals this database; False while there is another. Raises Unavailable."""
        with away_is_unavailable():
            return bool(await self._connection.fetchval(QUERIES.sealer_lock, SEALER_LOCK))

    async def stock(self) -> Stock:
        """Where things stand."""
        with away_is_unavailable():
            shard = await self._connection.fetchrow(QUERIES.open_shard)
            labels = tuple(row[0] for row in await self._connection.fetch(QUERIES.shard_labels))
            head, gaps = await self._connection.fetchrow(QUERIES.read_position)
            ahead = frozenset(row[0] for row in await self._connection.fetch(QUERIES.sealed_ahead, head))
            position = Position(head, tuple((gap.lower, gap.upper - 1) for gap in gaps))
            if shard is None:
                return Stock(None, labels, 0, {}, 0, frozenset(), position, ahead)
            keys = frozenset(row[0] for row in await self._connection.fetch(QUERIES.shard_keys, shard["id"]))
        size, opened = shard["size"], Shard(shard["id"], shard["origin"], shard["label"])
        levels = [level for level in range(LEVELS) if (size >> HEIGHT * level) % WIDTH]
        tiles = await self.tiles(opened.id, [(level, (size >> HEIGHT * level) // WIDTH) for level in levels])
        return Stock(opened, labels, size, tiles, shard["signed_size"], keys, position, ahead)

    async def writers(self) -> frozenset[str]:
        """The transactions of others that may have drawn numbers of the journal, and are open."""
        with away_is_unavailable():
            return frozenset(row[0] for row in await self._connection.fetch(QUERIES.journal_writers))

    async def read(self, head: int, gaps: Sequence[Range], rows_max: int) -> list[FactRow]:
        """Lines numbered in the gaps, and the first ones behind the head, by one look at the journal."""
        with away_is_unavailable():
            if not gaps:
                found = await self._connection.fetch(QUERIES.read_new_facts, head, rows_max)
                return [tuple.__new__(FactRow, row) for row in found]
            lows, highs = _columns(gaps)
            found = await self._connection.fetch(QUERIES.read_facts, head, lows, highs, rows_max)
        return sorted(FactRow(*row) for row in found)

    async def ends_of(self, cases: Collection[str]) -> Mapping[str, ChainEnd]:
        """Where the chains of these cases end; cases without an entry are absent."""
        with away_is_unavailable():
            rows = await self._connection.fetch(QUERIES.chain_ends, list(cases))
        return {row[0]: ChainEnd(row[1], row[2]) for row in rows}

    async def append(self, batch: Batch) -> None:
        """Add to the log: all or nothing, durable on return."""
        with away_is_unavailable():
            await self._write(batch)

    async def append_own(
        self, fact: Fact, make: Callable[[FactRow], Batch], turn: Turn | None = None
    ) -> Batch:
        """As `append`, of a fact of the log's own, which is journaled beside; first the turn, if any."""
        with away_is_unavailable():
            async with self._connection.transaction():
                if turn is not None:
                    await self._turn(turn)
                values = (moment_of(fact.at), fact.kind, fact.body)
                batch = make(FactRow(*await self._connection.fetchrow(QUERIES.own_fact, *values)))
                await self._write(batch)
        return batch

    async def tiles(self, shard: int, places: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Tiles by level and number, as they are now."""
        with away_is_unavailable():
            rows = await self._connection.fetch(QUERIES.tiles_at, shard, *_columns(list(places)))
        return {(row[0], row[1]): row[2] for row in rows}

    async def keep_note(self, note: NewNote) -> None:
        """Keep a signed checkpoint; the same again changes nothing."""
        moment = moment_of(note.signed_at)
        values = (note.shard, note.size, note.root, note.note, moment)
        with away_is_unavailable():
            async with self._connection.transaction():
                if note.keys:
                    await self._connection.execute(QUERIES.insert_keys, note.shard, sorted(note.keys), moment)
                await self._connection.execute(QUERIES.insert_checkpoint, *values)

    async def unsigned_facts(self, shard: int, signed_size: int) -> list[int]:
        """Facts of entries of a shard that no checkpoint covers."""
        with away_is_unavailable():
            rows = await self._connection.fetch(QUERIES.unsigned_facts, shard, signed_size)
        return [row[0] for row in rows]

    async def last_note(self, shard: int) -> NewNote | None:
        """The latest checkpoint of a shard."""
        with away_is_unavailable():
            row = await self._connection.fetchrow(QUERIES.last_checkpoint, shard)
        return None if row is None else NewNote(shard, row[0], row[1], row[2], row[3])

    async def note_refusal(self, code: str | None, at: int, task: Task | None = None) -> None:
        """Say why nothing is sealed (None: all is well), and where that is news, raise a task about it."""
        with away_is_unavailable():
            async with self._connection.transaction():
                news = await self._connection.fetchval(QUERIES.note_refusal, code, moment_of(at))
                if news is None or task is None:
                    return
                await self._connection.execute(INCIDENTS.put_tasks, *([one] for one in row_of_task(task)))
                body = {"task": task.id, "refused": code, "tier": task.tier}
                await append_fact(self._connection, Fact(at, TASK_RAISED, body))

    async def _turn(self, turn: Turn) -> None:
        if turn.closing is not None:
            await self._connection.execute(QUERIES.close_shard, turn.closing, turn.moment, turn.closed_size)
        await self._connection.execute(QUERIES.insert_shard, *turn.opening, turn.moment)
        await self._connection.execute(QUERIES.insert_keys, turn.opening.id, sorted(turn.keys), turn.moment)

    async def _write(self, batch: Batch) -> None:
        tiles = (*_columns(list(batch.tiles)), list(batch.tiles.values()))
        position = (batch.position.head, *_columns(batch.position.gaps))
        await self._connection.execute(QUERIES.append_entries, batch.shard, *batch.rows, *tiles, *position)


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
