"""Recorded operations and policies, read back; policies are recorded here before they may decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of, rfc3339
from countermand.kernel.errors import Conflict
from countermand.vocabulary.facts import POLICY_LIVE, POLICY_RECORDED, Fact
from countermand.work import DecidedRow, StoredOperation

ARCHIVE = Queries("archive.sql")
POLICIES = Queries("policies.sql")


class PostgresArchive:
    """Operations as they were decided."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def find(self, operation_or_decision: str) -> StoredOperation | None:
        """One operation by its own id or its decision's. Raises Unavailable."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(ARCHIVE.find_operation, operation_or_decision)
        if row is None:
            return None
        values: list[Any] = [micros_of(value) if isinstance(value, datetime) else value for value in row]
        count = len(DecidedRow._fields)
        return StoredOperation(DecidedRow(*values[:count]), values[count], values[count + 1])


class PostgresPolicies:
    """Every policy that ever decided, whole."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def record(self, name: str, version: str, digest: bytes, source: Mapping[str, str], at: int) -> int:
        """Record a policy and make it live; its number. The same content again changes nothing.

        Raises Conflict (`policy_changed`) where name@version was recorded with another content.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            known = await connection.fetchrow(POLICIES.find_policy, name, version)
            if known is not None and known["digest"] != digest:
                raise Conflict(
                    "policy_changed",
                    f"{name}@{version} was recorded with another content; "
                    "give the changed policy a new version.",
                    f"{name}@{version} 已以不同内容记录；请为修改后的策略使用新版本号。",
                    policy=f"{name}@{version}",
                )
            if known is not None:
                number = int(known["id"])
            else:
                number = await connection.fetchval(
                    POLICIES.record_policy, name, version, digest, dict(source), moment_of(at)
                )
                body = {"policy": f"{name}@{version}", "digest": digest.hex()}
                await append_fact(connection, Fact(at, POLICY_RECORDED, body))
            if await connection.fetchval(POLICIES.make_live, number) is not None:
                await append_fact(connection, Fact(at, POLICY_LIVE, {"policy": f"{name}@{version}"}))
        return number

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        found = await self._pool.fetchval(POLICIES.policy_source, number)
        assert found is not None, "operations refer to recorded policies only"
        return dict(found)

    async def sources(self) -> dict[int, dict[str, str]]:
        """The files of every recorded policy, by number."""
        return {row["id"]: dict(row["source"]) for row in await self._pool.fetch(POLICIES.policy_sources)}

    async def versions(self) -> list[dict[str, Any]]:
        """Every recorded policy, newest first."""
        rows = await self._pool.fetch(POLICIES.policy_versions)
        return [
            {
                "id": row["id"],
                "name": row["name"],
                "version": row["version"],
                "recorded_at": rfc3339(micros_of(row["recorded_at"])),
                "live": row["live"],
            }
            for row in rows
        ]
