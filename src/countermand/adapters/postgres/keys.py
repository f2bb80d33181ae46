"""API keys: kept as digests in the database, checked in memory without asking it."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import asyncpg

from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import MICROS_PER_SECOND, Clock, micros_of, moment_of
from countermand.kernel.errors import Forbidden, Unauthenticated
from countermand.vocabulary.access import KeyRecord, key_id_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.staff import Role

QUERIES = Queries("keys.sql")
# `last_used_at` helps to find forgotten keys; a minute is exact enough for that.
USE_NOTED_MICROS = 60 * MICROS_PER_SECOND
_NOBODY: tuple[bytes, None] = (bytes(32), None)


class PostgresKeys:
    """The keys of the database, known from memory; `refresh` is what `Changes` calls for table api_key."""

    TABLE = "api_key"

    def __init__(self, pool: asyncpg.Pool[Any], clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[str, tuple[bytes, KeyRecord]] = {}
        self._used: set[str] = set()
        self._use_noted_at = clock.now()
        self._turn = asyncio.Lock()

    def check(self, presented: str, scope: str) -> KeyRecord:
        """The key of a request, if it is good for the scope; from memory, in constant time for every guess.

        Raises Unauthenticated (`unknown_key`: never made or revoked) and Forbidden (`missing_scope`).
        """
        digest, record = self._known.get(key_id_of(presented) or "", _NOBODY)
        same = compare_digest(sha256(presented.encode()).digest(), digest)
        if not same or record is None or record.revoked_at is not None:
            raise Unauthenticated(
                "unknown_key",
                "This API key is not known here, or it was revoked.",
                "此 API 密钥不存在或已被吊销。",
            )
        if scope not in record.scopes:
            raise Forbidden(
                "missing_scope",
                f"The key {record.name} lacks the scope {scope}; it needs another key for this.",
                f"密钥 {record.name} 没有权限范围 {scope}；此操作需使用其他密钥。",
                key=record.name,
                scope=scope,
            )
        self._used.add(record.id)
        return record

    async def add(self, record: KeyRecord, key_digest: bytes, fact: Fact) -> bool:
        """Keep a new key; False where its name is taken."""
        async with self._pool.acquire() as connection, connection.transaction():
            added = await connection.fetchval(
                QUERIES.insert_key,
                record.id,
                record.name,
                key_digest,
                list(record.scopes),
                moment_of(record.created_at),
                record.staff,
                [role.value for role in record.roles],
            )
            if added is None:
                return False
            await append_fact(connection, fact)
        await self.refresh()
        return True

    async def revoke(self, name: str, fact: Fact) -> KeyRecord | None:
        """Refuse a key from `fact.at` on; its record, or None where there is none."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(QUERIES.lock_key, name)
            if row is None:
                return None
            record = _record(row)
            if record.revoked_at is not None:
                return record
            await connection.execute(QUERIES.revoke_key, record.id, moment_of(fact.at))
            await append_fact(connection, fact, key=record.id)
        await self.refresh()
        return self._known[record.id][1]

    async def records(self) -> list[KeyRecord]:
        """Every key ever made, by name."""
        return [_record(row) for row in await self._pool.fetch(QUERIES.all_keys)]

    async def refresh(self, connection: Any = None, noticed: bool = True) -> None:
        """Read the keys again, and write down now and then which were used."""
        async with self._turn:
            asked = self._pool if connection is None else connection
            rows = await asked.fetch(QUERIES.all_keys)
            self._known = {row["id"]: (bytes(row["digest"]), _record(row)) for row in rows}
            await self._note_use(asked)

    async def _note_use(self, asked: Any) -> None:
        now = self._clock.now()
        if not self._used or now - self._use_noted_at < USE_NOTED_MICROS:
            return
        used, self._used = sorted(self._used), set()
        self._use_noted_at = now
        await asked.execute(QUERIES.note_use, used, moment_of(now))


def _record(row: Any) -> KeyRecord:
    return KeyRecord(
        id=row["id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        created_at=micros_of(row["created_at"]),
        revoked_at=None if row["revoked_at"] is None else micros_of(row["revoked_at"]),
        last_used_at=None if row["last_used_at"] is None else micros_of(row["last_used_at"]),
        staff=row["staff"],
        roles=tuple(Role(role) for role in row["roles"]),
    )
