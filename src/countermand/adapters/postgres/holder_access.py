"""Entries and sessions of customers in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.holder_access import Entry, HolderSession, KeptDevice

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

    async def open_of(self, account: str) -> list[HolderSession]:
        """Those of an account that nobody ended, the newest first; time may have ended some."""
        rows = await self._connection.fetch(QUERIES.open_sessions, account)
        return [HolderSession(**{name: _plain(value) for name, value in row.items()}) for row in rows]

    async def end_device(self, account: str, device: str, now: int) -> int:
        """End those of an account on a device; how many were open."""
        done: str = await self._connection.execute(
            QUERIES.end_sessions_of_device, account, device, moment_of(now)
        )
        return int(done.rpartition(" ")[2])


class PostgresHolderDevices:
    """On a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def of_account(self, account: str) -> list[KeptDevice]:
        """Those of an account that somebody named or removed."""
        rows = await self._connection.fetch(QUERIES.devices_of_account, account)
        return [KeptDevice(**{name: _plain(value) for name, value in row.items()}) for row in rows]

    async def put(self, one: KeptDevice) -> None:
        """Write one, new or changed."""
        removed = None if one.removed_at is None else moment_of(one.removed_at)
        await self._connection.execute(QUERIES.put_device, one.account, one.device, one.name, removed)

    async def take_off(self, account: str, device: str) -> bool:
        """Take it off the profile and move the account's guard; whether it was there."""
        done: str = await self._connection.execute(QUERIES.take_device_off, account, device)
        return not done.endswith(" 0")

    async def looked_at(self, account: str) -> int | None:
        """When its holder last looked at the list, microseconds UTC; None: never."""
        found = await self._connection.fetchval(QUERIES.looked_at, account)
        return None if found is None else micros_of(found)

    async def begin_checking(self, account: str) -> bool:
        """Remember that its holder came; whether that is the first time."""
        done: str = await self._connection.execute(QUERIES.begin_checking, account)
        return not done.endswith(" 0")

    async def look(self, account: str, now: int) -> None:
        """They have looked."""
        await self._connection.execute(QUERIES.note_look, account, moment_of(now))


def _plain(value: Any) -> Any:
    """A moment as microseconds, everything else as it is."""
    return micros_of(value) if isinstance(value, datetime) else value
