"""Goal: the app's connections are weak, bounded and speak JSON. Method: ask the server what it thinks."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import asyncpg
import pytest

from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.versions import require_version
from countermand.kernel.errors import SetupError


async def test_connections_act_as_the_app_and_stay_so(database_dsn):
    """Neither RESET ROLE nor giving the connection back to the pool returns the owner's rights."""
    pool = await connect_pool(database_dsn, size_max=1)
    for _ in range(2):
        async with pool.acquire() as connection:
            await connection.execute("RESET ROLE")
            assert await connection.fetchval("SELECT current_user") == "countermand_app"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM journal")
    await pool.close()


async def test_connections_are_bounded_in_time(database_dsn):
    """Every wait has a limit, and the connection says whose it is."""
    pool = await connect_pool(database_dsn, size_max=1, application_name="countermand test")
    names = (
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "application_name",
        "TimeZone",
    )
    found = [await pool.fetchval("SELECT current_setting($1)", name) for name in names]
    await pool.close()
    assert found == ["30s", "5s", "30s", "countermand test", "UTC"]


async def test_json_and_instants_arrive_as_python_values(database_dsn):
    """Both JSON types go in and out as objects, by parameters and by COPY; instants are aware."""
    value = {"text": "中文 \\ \" '", "numbers": [1, 2.5, None, True], "nested": {"a": []}}
    at = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
    pool = await connect_pool(database_dsn, size_max=1)
    assert await pool.fetchrow("SELECT $1::json, $1::jsonb", value) == (value, value)
    await pool.copy_records_to_table("journal", records=[(at, "x.y", value)], columns=("at", "kind", "body"))
    assert await pool.fetchrow("SELECT at, body FROM journal") == (at, value)
    await pool.close()


async def test_a_missing_role_is_a_clear_refusal(database_dsn):
    """Without the role the message says what an administrator runs."""
    with pytest.raises(SetupError, match="GRANT countermand_app") as refusal:
        await connect_pool(database_dsn, size_max=1, role="countermand_nobody")
    assert refusal.value.code == "database_roles_missing"


@pytest.mark.parametrize(("major", "refused"), [(13, True), (14, True), (15, False), (18, False)])
def test_old_servers_are_refused(major, refused):
    """PostgreSQL 15 is the oldest server we work with."""
    connection = SimpleNamespace(get_server_version=lambda: SimpleNamespace(major=major))
    if not refused:
        require_version(connection)
        return
    with pytest.raises(SetupError) as refusal:
        require_version(connection)
    assert refusal.value.code == "database_too_old"


async def test_what_was_left_open_is_rolled_back(database_dsn):
    """A connection given back in the middle of a transaction keeps neither rows nor locks nor settings."""
    pool = await connect_pool(database_dsn, size_max=1)
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT pg_advisory_xact_lock(42)")
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("INSERT INTO journal (at, kind, body) VALUES (now(), 'x.y', '{}')")
    assert await pool.fetchval("SELECT count(*) FROM journal") == 0
    assert await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    assert await pool.fetchval("SHOW enable_seqscan") == "on"
    await pool.close()
