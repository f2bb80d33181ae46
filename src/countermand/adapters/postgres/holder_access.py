"""Entries and sessions of customers in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.holder_access import Entry, HolderSession

QUERIES = Queries("holder_access.sql")


class PostgresHolderSessions:
    """On a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def put_entry(self, entry: Entry) -> None:
        """Write a new entry; those that ran out go."""
        await self._connection.execute(QUERIES.drop_entries, moment_of(entry.made_at))
        *named, made_at, ends_at = entry
        await self._connection.execute(QUERIES.put_entry, *named, moment_of(made_at), moment_of(ends_at))

    async def use_entry(self, digest: bytes, now: int) -> Entry | None:
        """Take an entry that still works; a second call finds none."""
        row = await self._connection.fetchrow(QUERIES.use_entry, digest, moment_of(now))
        if row is None:
            return None
        return Entry(**{name: _plain(value) for name, value in row.items()})

    async def begin(self, session: HolderSession) -> None:
        """Write a new session."""
        *named, begun_at, seen_at, _ = session
        await self._connection.execute(QUERIES.begin_session, *named, moment_of(begun_at), moment_of(seen_at))

    async def find(self, digest: bytes) -> HolderSession | None:
        """The session of a cookie, ended ones too."""
        row = await self._connection.fetchrow(QUERIES.find_session, digest)
        if row is None:
            return None
        return HolderSession(**{name: _plain(value) for name, value in row.items()})

    async def seen(self, digest: bytes, now: int) -> None:
        """It was used."""
        await self._connection.execute(QUERIES.seen_session, digest, moment_of(now))

    async def end(self, account: str, now: int, only: str | None = None) -> int:
        """End those of an account, or one of them; how many were open."""
        done: str = await self._connection.execute(QUERIES.end_sessions, account, moment_of(now), only)
        return int(done.rpartition(" ")[2])


def _plain(value: Any) -> Any:
    """A moment as microseconds, everything else as it is."""
    return micros_of(value) if isinstance(value, datetime) else value
