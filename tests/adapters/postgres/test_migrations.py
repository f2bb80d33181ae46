"""Goal: one schema, reached one way, its record safe from all. Method: a real server, catalogs compared."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime

import asyncpg
import pytest

from countermand.adapters.postgres.binaries import find_binaries
from countermand.adapters.postgres.migrations import SCHEMA_FILES, Migration, Notes, load_migrations, migrate
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.roles import ensure_roles, grants_sql
from countermand.kernel.errors import SetupError

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
NOTES = Notes(what="A test.", why="To test.", locks="None.", undo="Drop it.")


def migration(number: int, script: str) -> Migration:
    """A migration that lies in no folder."""
    return Migration(number, "test_step", script, NOTES)


def dumped_schema(dsn: str) -> list[str]:
    """The schema as pg_dump writes it, without comments, blank lines and its random tokens."""
    command = [str(find_binaries(None).folder / "pg_dump"), "--schema-only", f"--dbname={dsn}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    noise = ("--", "\\restrict", "\\unrestrict")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(noise)]


async def test_migrations_lead_to_the_written_schema(database_dsn, empty_database_dsn):
    """All migrations together make exactly what the files of the schema say, comments and rights included."""
    connection = await asyncpg.connect(empty_database_dsn)
    await ensure_roles(connection)
    for part in SCHEMA_FILES:
        await connection.execute(part.read_text())
    await connection.close()
    migrated, written = dumped_schema(database_dsn), dumped_schema(empty_database_dsn)
    assert any("CREATE TABLE public.operation" in line for line in migrated)
    assert migrated == written


async def test_every_table_and_column_is_explained(database_dsn):
    """No table and no column is without a comment."""
    connection = await asyncpg.connect(database_dsn)
    silent = await connection.fetch("""
        SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)""")
    await connection.close()
    assert silent == []


async def test_migrating_twice_applies_once(empty_database_dsn):
    """A second run finds nothing to do."""
    assert await migrate(empty_database_dsn) == tuple(step.number for step in load_migrations())
    assert await migrate(empty_database_dsn) == ()


async def test_two_programs_migrating_at_once_apply_once(empty_database_dsn):
    """The second waits for its turn and then has nothing to do."""
    done = await asyncio.gather(*(migrate(empty_database_dsn) for _ in range(3)))
    assert sorted(done) == [(), (), tuple(step.number for step in load_migrations())]


async def test_a_changed_migration_is_refused(empty_database_dsn):
    """A file that differs from what was applied stops everything, also what would be new."""
    await migrate(empty_database_dsn, (migration(1, "CREATE TABLE a ();"),))
    changed = (migration(1, "CREATE TABLE a (); -- better"), migration(2, "CREATE TABLE b ();"))
    with pytest.raises(SetupError) as refusal:
        await migrate(empty_database_dsn, changed)
    assert refusal.value.code == "database_migration_changed"
    connection = await asyncpg.connect(empty_database_dsn)
    assert await connection.fetchval("SELECT to_regclass('b')") is None
    await connection.close()


async def test_a_newer_database_is_refused(empty_database_dsn):
    """An older program does not touch a database that is ahead of it."""
    await migrate(
        empty_database_dsn, (migration(1, "CREATE TABLE a ();"), migration(2, "CREATE TABLE b ();"))
    )
    with pytest.raises(SetupError) as refusal:
        await migrate(empty_database_dsn, (migration(1, "CREATE TABLE a ();"),))
    assert refusal.value.code == "database_newer_than_code"


async def test_a_failing_migration_leaves_no_trace(empty_database_dsn):
    """What a migration did before it failed is undone, and it is not recorded."""
    with pytest.raises(SetupError) as refusal:
        await migrate(empty_database_dsn, (migration(1, "CREATE TABLE a (); SELECT 1/0;"),))
    assert refusal.value.code == "database_migration_failed"
    assert await migrate(empty_database_dsn, (migration(1, "CREATE TABLE a ();"),)) == (1,)


async def test_a_migration_does_not_queue_behind_a_lock(empty_database_dsn, monkeypatch):
    """A migration that cannot have its lock fails soon, so that others do not queue behind it."""
    monkeypatch.setattr("countermand.adapters.postgres.migrations.LOCK_SECONDS_MAX", 1)
    first = (migration(1, "CREATE TABLE a ();"),)
    await migrate(empty_database_dsn, first)
    connection = await asyncpg.connect(empty_database_dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE a IN ACCESS SHARE MODE")
        with pytest.raises(SetupError, match="lock timeout"):
            await migrate(empty_database_dsn, (*first, migration(2, "ALTER TABLE a ADD b int;")))
    await connection.close()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"0001_a/up.sql": "SELECT 1;"}, "notes.yaml"),
        ({"0001_a/up.sql": "SELECT 1;", "0001_a/notes.yaml": "what: x\nwhy: y\nlocks: z\n"}, "undo"),
        ({"0002_a/up.sql": "", "0002_a/notes.yaml": "what: x\nwhy: y\nlocks: z\nundo: u\n"}, "numbers are"),
    ],
)
def test_malformed_migration_folders_are_refused(tmp_path, files, said):
    """A migration without notes, with incomplete notes, or with a gap before it does not load."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(SetupError, match=said) as refusal:
        load_migrations(tmp_path)
    assert refusal.value.code == "database_migrations_malformed"


async def _fill_the_record(connection) -> None:
    await connection.execute("""
        INSERT INTO policy_version (name, version, digest, source, recorded_at)
        VALUES ('p', '1', sha256('x'), '{}', now());
        INSERT INTO journal (at, kind, body) VALUES (now(), 'operation.decided', '{}');
        INSERT INTO operation (id, account, kind, occurred_at, received_at, body_digest, body, decision_id,
                               outcome, policy_id, facts, observation, standing, answer)
        VALUES ('op-1', 'a-1', 'payment', now(), now(), sha256('b'), 'b', 'd-1', 0, 1, '', '', '', '')""")


@pytest.mark.parametrize("table", ["journal", "operation", "policy_version"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = seq", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_nobody_rewrites_the_record(database_dsn, table, statement):
    """The app lacks the right, and the trigger refuses even the owner, with triggers 'off' or not."""
    column = "seq" if table != "policy_version" else "name"
    forbidden = statement.format(table).replace(
        "SET seq = seq", f"SET {column} = {'DEFAULT' if column == 'seq' else column}"
    )
    owner = await asyncpg.connect(database_dsn)
    await _fill_the_record(owner)
    with pytest.raises(asyncpg.RestrictViolationError, match="are a record"):
        await owner.execute(forbidden)
    await owner.execute("SET ROLE countermand_app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(forbidden)
    assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 1
    await owner.close()


async def test_the_reader_reads_and_does_nothing_else(database_dsn):
    """The reader sees every table but what is secret of keys and numbers, and writes to none."""
    connection = await asyncpg.connect(database_dsn)
    tables = [
        row["relname"]
        for row in await connection.fetch("""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""")
    ]
    assert {"operation", "api_key", "journal"} <= set(tables)
    await connection.execute("SET ROLE countermand_reader")
    for table in tables:
        columns = {
            "api_key": "id, name, scopes",
            "data_key": "id, case_id, service",
            "instrument": "token, merchant, masked",
            "telling": "only_row, since",
            "staff_invitation": "id, name, roles",
            "staff_credential": "id, account, method",
            "staff_session": "id, staff, seen_at",
            "sign_in_attempt": "kind, staff",
            "staff_browser": "staff, known_at",
            "kept_form": "id, staff",
            "holder_entry": "account, ends_at",
            "holder_session": "id, account",
            "holder_device": "account, device",
            "contact_change": "id, account, action",
        }.get(table, "*")
        await connection.fetch(f"SELECT {columns} FROM {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"INSERT INTO {table} DEFAULT VALUES")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT digest FROM api_key")
    for secret in (
        "SELECT wrapped FROM data_key",
        "SELECT sealed FROM instrument",
        "SELECT secret FROM staff_credential",
        "SELECT digest FROM staff_session",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(secret)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET guard = 0",
        "INSERT INTO standing_order VALUES ('o-2', 'a-1', 'freeze', 'again', now(), 'k')",
        "INSERT INTO standing_order VALUES ('o-3', 'a-2', 'melt', 'why', now(), 'k')",
        "UPDATE standing_order SET lifted_at = now()",
        "INSERT INTO list_entry VALUES ('l', 'v', '', 'r', now() + '1 day', now(), 'k')",
        "INSERT INTO list_entry VALUES ('l', 'v', 's', '', now() + '1 day', now(), 'k')",
        "INSERT INTO list_entry VALUES ('l', 'v', 's', 'r', NULL, now(), 'k')",
        "INSERT INTO api_key VALUES ('k', 'n', 'plain text', '{}', now())",
        "INSERT INTO policy_live VALUES (true, 99)",
        "INSERT INTO server_epoch VALUES (false, 1, now())",
    ],
)
async def test_senseless_rows_are_refused(database_dsn, statement):
    """The database itself keeps the rules that any code could forget."""
    connection = await asyncpg.connect(database_dsn)
    await connection.execute("""
        INSERT INTO account (id) VALUES ('a-1');
        INSERT INTO standing_order VALUES ('o-1', 'a-1', 'freeze', 'lost phone', now(), 'k')""")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute(statement)
    await connection.close()


async def test_operation_names_a_policy_that_exists(database_dsn):
    """An operation decided under an unrecorded policy cannot be written, also not by COPY."""
    connection = await asyncpg.connect(database_dsn)
    row = ("op-1", "a", "payment", NOW, NOW, bytes(32), b"{}", "d-1", 0, 7, b"", b"", b"", b"", None)
    columns = """id account kind occurred_at received_at body_digest body decision_id outcome policy_id facts
                 observation standing answer trace_id""".split()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.copy_records_to_table("operation", records=[row], columns=columns)
    await connection.close()


async def test_changes_are_announced_without_personal_data(database_dsn):
    """Lists, keys, profiles and the live policy announce themselves; the use of a key does not."""
    heard: list[str] = []
    listener = await asyncpg.connect(database_dsn)
    await listener.add_listener("countermand", lambda *event: heard.append(event[-1]))
    pool = await connect_pool(database_dsn, size_max=1)
    for statement in (
        "INSERT INTO account (id) VALUES ('secret name')",
        "INSERT INTO list_entry VALUES ('l', 'secret value', 's', 'r', now() + '1 day', now(), 'k')",
        "INSERT INTO api_key VALUES ('k', 'n', sha256('x'), '{decide}', now())",
        "UPDATE api_key SET last_used_at = now()",
    ):
        await pool.execute(statement)
    await pool.close()
    await listener.fetch("SELECT 1")
    await listener.close()
    assert heard == ['{"table" : "account"}', '{"table" : "list_entry"}', '{"table" : "api_key"}']


async def test_without_the_right_to_create_roles_the_administrator_is_told_what_to_run(database_dsn):
    """A poor owner gets the statements; after an administrator ran them, all works."""
    admin = await asyncpg.connect(database_dsn)
    await admin.execute("DROP ROLE IF EXISTS poor_owner; CREATE ROLE poor_owner")
    await admin.execute("GRANT poor_owner TO CURRENT_USER; SET ROLE poor_owner")
    with pytest.raises(SetupError) as refusal:
        await ensure_roles(admin)
    assert refusal.value.code == "database_roles_missing"
    statements = grants_sql("poor_owner")
    assert statements in refusal.value.text.en
    assert statements in refusal.value.text.zh
    await admin.execute("RESET ROLE")
    await admin.execute(statements.splitlines()[-1])
    await admin.execute("SET ROLE poor_owner")
    await ensure_roles(admin)
    await admin.execute("RESET ROLE; DROP ROLE poor_owner")
    await admin.close()
