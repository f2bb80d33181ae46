"""Lists: kept in the database, asked in memory by every rule that names one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg

from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.lists import ListEntry

QUERIES = Queries("lists.sql")
PAGE_ROWS = 2000
# An entry's time is set before its commit, by the clock of whoever added it: the reading of what is new
# begins this much earlier, so that a slow commit or a clock that runs behind hides nothing.
OVERLAP = timedelta(seconds=90)
# Somebody may repair an entry by hand in SQL, which the above cannot tell; so everything is read this often.
WHOLE_SECONDS = 600.0

Known = dict[str, dict[str, int]]


class PostgresLists:
    """The entries of the database, known from memory: list -> value -> expiry in microseconds.

    `refresh` is what `Changes` calls for table list_entry: it reads what is new, and everything only where
    an entry went away (or every ten minutes), page by page, so that a long list never holds up decisions.
    """

    TABLE = "list_entry"

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool
        self._known: Known = {}
        self._latest: datetime | None = None
        self._read_whole_at = -WHOLE_SECONDS
        self._turn = asyncio.Lock()

    def contains(self, list_name: str, value: object, at: int) -> bool:
        """Whether the value is on the list at that instant; an entry ends at its expiry."""
        entries = self._known.get(list_name)
        if entries is None:
            return False
        expires_at = entries.get(value if isinstance(value, str) else str(value))
        return expires_at is not None and at < expires_at

    def size(self, list_name: str) -> int:
        """How many entries of a list are known, also the expired ones."""
        return len(self._known.get(list_name, ()))

    async def put(self, entry: ListEntry, fact: Fact) -> bool:
        """Keep an entry, in place of an earlier one for the same value; whether there was one."""
        async with self._pool.acquire() as connection, connection.transaction():
            replaced = await connection.fetchval(
                QUERIES.upsert_entry,
                entry.list,
                entry.value,
                entry.source,
                entry.reason,
                moment_of(entry.expires_at),
                moment_of(entry.added_at),
                entry.added_by,
            )
            await append_fact(connection, fact, replaced=replaced)
        await self.refresh()
        return bool(replaced)

    async def remove(self, list_name: str, value: str, fact: Fact) -> bool:
        """Forget an entry; False where there is none."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(QUERIES.delete_entry, list_name, value) is None:
                return False
            await append_fact(connection, fact)
        await self.refresh()
        return True

    async def page(self, list_name: str, after: str, entries_max: int) -> list[ListEntry]:
        """Entries by value, beginning behind `after`; also the expired ones."""
        return [
            ListEntry(
                list=row["list"],
                value=row["value"],
                source=row["source"],
                reason=row["reason"],
                expires_at=micros_of(row["expires_at"]),
                added_at=micros_of(row["added_at"]),
                added_by=row["added_by"],
            )
            for row in await self._pool.fetch(QUERIES.page_entries, list_name, after, entries_max)
        ]

    async def refresh(self, connection: Any = None, noticed: bool = True) -> None:
        """Bring the memory up to the database."""
        async with self._turn:
            asked = self._pool if connection is None else connection
            seen = await asked.fetchrow(QUERIES.count_entries)
            whole = monotonic() - self._read_whole_at >= WHOLE_SECONDS
            if (
                not whole
                and not noticed
                and (seen["entries"], seen["latest"]) == (self._count(), self._latest)
            ):
                return
            if self._latest is not None and not whole:
                _keep(self._known, await asked.fetch(QUERIES.entries_since, self._latest - OVERLAP))
            if whole or self._count() != seen["entries"]:
                self._known = await _read_all(asked)
                self._read_whole_at = monotonic()
            self._latest = seen["latest"]

    def _count(self) -> int:
        return sum(len(entries) for entries in self._known.values())


async def _read_all(asked: Any) -> Known:
    known: Known = {}
    last = ("", "")
    while True:
        rows = await asked.fetch(QUERIES.all_entries, *last, PAGE_ROWS)
        _keep(known, rows)
        if len(rows) < PAGE_ROWS:
            return known
        last = (rows[-1]["list"], rows[-1]["value"])


def _keep(known: Known, rows: Any) -> None:
    for row in rows:
        known.setdefault(row["list"], {})[row["value"]] = micros_of(row["expires_at"])
