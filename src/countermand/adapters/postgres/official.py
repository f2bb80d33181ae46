"""Versions of the registry of official channels in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.intake.official_versions import OfficialVersion
from countermand.kernel.clock import micros_of, moment_of

QUERIES = Queries("official.sql")


class PostgresOfficialVersions:
    """Every version, for good."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def add(self, sha256: bytes, issued: str, signed: str, at: int) -> int | None:
        """Keep a version; its number, None where it is the last one already."""
        number = await self._connection.fetchval(
            QUERIES.add_official_version, sha256, issued, signed, moment_of(at)
        )
        return None if number is None else int(number)

    async def last(self, count_max: int) -> list[OfficialVersion]:
        """The last versions, newest first."""
        rows = await self._connection.fetch(QUERIES.official_versions, count_max)
        return [
            OfficialVersion(
                row["number"], row["sha256"], row["issued"], row["signed"], micros_of(row["at"]), row["fact"]
            )
            for row in rows
        ]
