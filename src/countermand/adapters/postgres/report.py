"""What an operator asks about the database: version, size, migrations."""

from __future__ import annotations

from typing import Any

import asyncpg

from countermand.adapters.postgres.migrations import load_migrations, pending_migrations
from countermand.adapters.postgres.queries import Queries

QUERIES = Queries("report.sql")


class PostgresReport:
    """Reads the state of the database; changes nothing."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def status(self) -> dict[str, Any]:
        """Version, role, size in bytes, migrations applied and pending, rows by table (estimated).

        Raises SetupError `database-migration-changed` or `database-newer-than-code`.
        """
        known = load_migrations()
        async with self._pool.acquire() as connection:
            facts = await connection.fetchrow(QUERIES.database_facts)
            pending = await pending_migrations(connection, known)
            rows = await connection.fetch(QUERIES.table_rows)
        waiting = [migration.number for migration in pending]
        return {
            **dict(facts),
            "migrations_applied": [one.number for one in known if one.number not in waiting],
            "migrations_pending": waiting,
            "rows_estimated": {row["table_name"]: max(row["rows"], 0) for row in rows},
        }
