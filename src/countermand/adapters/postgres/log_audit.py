"""The log in the database, for its audit: rows in order, each with its line of the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg

from countermand.adapters.postgres.pool import connect
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.stored_facts import as_stored
from countermand.transparency.tiles import Tile
from countermand.vocabulary.auditing import Finding, Wrong
from countermand.vocabulary.sealing import AuditPoint, AuditRow, AuditShard

QUERIES = Queries("log.sql")
_PLACES = {
    "entry": ("log_entry", "index"),
    "leaf": ("log_entry.leaf", "index"),
    "checkpoint": ("log_checkpoint", "size"),
}
# What PostgreSQL says of a page, an index or a row that is not what it wrote.
_BROKEN = (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError, asyncpg.InternalServerError)


class PostgresLogAudit:
    """Implements `flows.audit_log.AuditSource` on a connection of its own, in one snapshot."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def open(self) -> None:
        """Connect. What is sealed meanwhile is left to the next audit."""
        connection = await connect(self._dsn, application_name="countermand audit", statement_seconds_max=0)
        await as_stored(connection)
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._connection = connection

    async def close(self) -> None:
        """Let go."""
        if self._connection is not None:
            await self._connection.close(timeout=5)

    async def shards(self) -> list[AuditShard]:
        """The shards, in order."""
        with _named_if_broken("log_shard"):
            rows = await self._connection.fetch(QUERIES.audited_shards)
        return [
            AuditShard(
                row[0], row[1], row[2], row[3], row[3] if row[4] is None else row[4], _tenant_of(row[1])
            )
            for row in rows
        ]

    async def rows(self, shard: AuditShard, count: int) -> AsyncIterator[Sequence[AuditRow]]:
        """The entries in order, `count` at a time."""
        place = 0
        while True:
            with _named_if_broken("log_entry, journal"):
                found = await self._connection.fetch(QUERIES.audited_rows, shard.id, place, count)
            if not found:
                return
            # Of ten million rows, what a named tuple's own constructor costs is minutes.
            yield [tuple.__new__(AuditRow, row) for row in found]
            place = found[-1][0] + 1

    async def points(self, shard: AuditShard, above: int, count: int) -> Sequence[AuditPoint]:
        """The first `count` checkpoints above a size, the smallest first."""
        with _named_if_broken("log_checkpoint"):
            rows = await self._connection.fetch(QUERIES.audited_points, shard.id, above, count)
        return [AuditPoint(*row) for row in rows]

    async def tiles(self, shard: AuditShard, wanted: Collection[Tile]) -> dict[Tile, bytes | None]:
        """The bytes of tiles as they are stored, so wide as that."""
        levels, numbers = [tile.level for tile in wanted], [tile.number for tile in wanted]
        with _named_if_broken("log_tile"):
            rows = await self._connection.fetch(QUERIES.tiles_at, shard.id, levels, numbers)
        found = {(row[0], row[1]): row[2] for row in rows}
        cut = {tile: found.get((tile.level, tile.number)) for tile in wanted}
        return {tile: None if data is None else data[: 32 * tile.width] for tile, data in cut.items()}

    def named(self, shard: AuditShard, what: str, where: object) -> tuple[str, str]:
        """Table, and which row of it."""
        if isinstance(where, Tile):
            return "log_tile", f"shard {shard.label}, level {where.level}, number {where.number}"
        if what == "shard":
            return "log_shard", f"id {where}"
        if what == "journal":
            return "journal", f"seq {where}"
        table, column = _PLACES[what]
        return table, f"shard {shard.label}, {column} {where}"

    async def left_out(self) -> Finding | None:
        """A line of the journal that should be in the log and is not."""
        with _named_if_broken("journal, log_entry"):
            seq = await self._connection.fetchval(QUERIES.left_out_fact)
            stray = await self._connection.fetchrow(QUERIES.stray_checkpoint)
        if seq is not None:
            return Finding.of(("log_entry", f"fact {seq}"), "the fact is not in the log", "该事实不在日志中")
        if stray is not None:
            place = ("log_checkpoint", f"shard {stray['shard']}, size {stray['size']}")
            return Finding.of(place, "there is no such shard", "没有此分片")
        return None

    async def keys(self, shard: AuditShard) -> Sequence[str]:
        """The keys that the database names."""
        with _named_if_broken("log_key"):
            rows = await self._connection.fetch(QUERIES.shard_keys, shard.id)
        return [row["key"] for row in rows]

    async def read_all(self) -> Finding | None:
        """Read every table from end to end; what PostgreSQL's checksums refuse is named by table and page."""
        for row in await self._connection.fetch(QUERIES.readable_tables):
            try:
                with _named_if_broken(row[0]):
                    await self._connection.fetchval(f"SELECT count(x.*::text) FROM {row[0]} AS x")  # noqa: S608
            except Wrong as wrong:
                return wrong.finding
        return None


@contextmanager
def _named_if_broken(table: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        said = str(error)
        raise Wrong(Finding.of((table, "page"), said, f"数据库报告：{said}")) from error


def _tenant_of(origin: str) -> str:
    return origin.rsplit("/", 2)[1]
