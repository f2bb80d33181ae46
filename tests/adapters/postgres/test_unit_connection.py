"""Goal: rows that wait are written once, together, and seen by who asks. Method: a table of a database."""

from __future__ import annotations

import pytest

from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.kernel.clock import moment_of
from countermand.work.record import Outdated

SET = (
    "INSERT INTO timer (kind, ref, due_at) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) "
    "ON CONFLICT (kind, ref) DO UPDATE SET due_at = excluded.due_at"
)
NEW = (
    "INSERT INTO timer (kind, ref, due_at) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) "
    "ON CONFLICT (kind, ref) DO NOTHING RETURNING ref;"
)
COUNT = "SELECT count(*) FROM timer WHERE kind = 'test'"


async def test_rows_wait_until_somebody_asks(database_dsn):
    """Two statements go as one; what is asked of the unit sees both, what goes beside sees neither."""
    pool = await connect_pool(database_dsn, size_max=1)
    async with pool.acquire() as connection, connection.transaction():
        unit = UnitConnection(connection)
        unit.later(SET, [("test", "a", moment_of(1)), ("test", "a", moment_of(2))], named_by=2)
        unit.later(NEW, [("test", "b", moment_of(3))], must_be_new=True)
        unit.later("DELETE FROM timer WHERE ref = ANY($1::text[])", [("b",)], follows=True)
        assert await unit.beside.fetchval(COUNT) == 0
        assert await unit.fetchval(COUNT) == 1
        assert await unit.fetchval("SELECT due_at FROM timer WHERE ref = 'a'") == moment_of(2)
    await pool.close()


async def test_what_had_to_be_new_and_is_not_ends_the_unit(database_dsn):
    """Where somebody else has written a row that had to be new, nothing of the unit stays."""
    pool = await connect_pool(database_dsn, size_max=1)
    async with pool.acquire() as connection:
        await connection.execute(SET, ["test"], ["taken"], [moment_of(1)])
        unit = UnitConnection(connection)
        unit.later(NEW, [("test", ref, moment_of(2)) for ref in ("taken", "free")], must_be_new=True)
        await connection.execute("BEGIN")
        with pytest.raises(Outdated):
            await unit.flush()
        await connection.execute("ROLLBACK")
        assert await connection.fetchval(COUNT) == 1
    await pool.close()
