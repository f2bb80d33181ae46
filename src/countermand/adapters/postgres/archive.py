"""Recorded operations and policies, read back; policies are recorded here before they may decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.publications import make_live, policy_changed, record_version
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of, rfc3339
from countermand.vocabulary.publishing import SERVER, Drafted, LivePolicy, PolicyState, PolicyStep
from countermand.work.record import DecidedRow, LabelRow, LookedBack, PastLabel, StoredOperation

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
        values = _plain(row)
        count = len(DecidedRow._fields)
        return StoredOperation(DecidedRow(*values[:count]), values[count], values[count + 1])

    async def of_account(self, account: str, before: tuple[int, int], count: int) -> list[LookedBack]:
        """Operations of an account before an instant and a number, newest first. Raises Unavailable."""
        at, seq = before
        with away_is_unavailable():
            rows = await self._pool.fetch(ARCHIVE.operations_of_account, account, moment_of(at), seq, count)
        return [LookedBack(*_plain(row.values())) for row in rows]

    async def labels(self, operation: str, after: str, count: int) -> list[PastLabel]:
        """The first `count` labels behind the one with id `after`, in the order of their coming."""
        with away_is_unavailable():
            rows = await self._pool.fetch(ARCHIVE.labels_of_operation, operation, after, count)
        found = []
        for row in rows:
            *values, seq, corrects = _plain(row)
            found.append(PastLabel(LabelRow(*values), seq, corrects))
        return found


def _plain(row: Iterable[Any]) -> list[Any]:
    """The values of a row, moments as microseconds."""
    return [micros_of(value) if isinstance(value, datetime) else value for value in row]


class PostgresPolicies:
    """Every policy that ever decided, whole."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def live(self) -> LivePolicy | None:
        """The policy that decides, or None in a new database."""
        row = await self._pool.fetchrow(POLICIES.live_policy)
        if row is None:
            return None
        return LivePolicy(row["id"], row["name"], row["version"], bytes(row["digest"]), dict(row["source"]))

    async def known(self, drafted: Drafted) -> bool:
        """Whether this very policy is recorded.

        Raises Conflict (`policy_changed`) where name@version was recorded with another content.
        """
        found = await self._pool.fetchrow(POLICIES.find_policy, drafted.name, drafted.version)
        if found is not None and found["digest"] != drafted.digest:
            raise policy_changed(f"{drafted.name}@{drafted.version}")
        return found is not None

    async def replace(self, drafted: Drafted, at: int) -> int:
        """Record a policy where it is new, and make it live without further ado; its number.

        This is how the first policy of a database comes to decide. Raises Conflict (`policy_changed`).
        """
        async with self._pool.acquire() as connection, connection.transaction():
            found = await connection.fetchrow(POLICIES.find_policy, drafted.name, drafted.version)
            label = f"{drafted.name}@{drafted.version}"
            if found is not None and found["digest"] != drafted.digest:
                raise policy_changed(label)
            if found is None:
                number = await record_version(connection, drafted, PolicyState.SUPERSEDED, SERVER, at)
            else:
                number = int(found["id"])
            await make_live(connection, number, label, at, at, step=PolicyStep.REPLACE)
        return number

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        found = await self._pool.fetchval(POLICIES.policy_source, number)
        assert found is not None, "operations refer to recorded policies only"
        return dict(found)

    async def sources(self, number: int | None = None) -> dict[int, dict[str, str]]:
        """The files of every policy that has decided, and of `number`, by number."""
        rows = await self._pool.fetch(POLICIES.policy_sources, number)
        return {row["id"]: dict(row["source"]) for row in rows}

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
                "state": row["state"],
            }
            for row in rows
        ]
