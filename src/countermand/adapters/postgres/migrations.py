"""Numbered migrations: folders with `up.sql` and `notes.yaml`, applied once, in order, or not at all."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec
import structlog

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.roles import ensure_roles
from countermand.adapters.postgres.versions import require_version
from countermand.kernel.errors import SetupError

FOLDER = Path(__file__).parent / "migrations"
# The whole schema as it stands, a file per part, in their order.
SCHEMA_FILES = tuple(
    sorted((Path(__file__).parent / "schema").glob("*.sql"), key=lambda file: int(file.name.split("_")[0]))
)
QUERIES = Queries("migrations.sql")
# Any number nobody else uses: the first 8 bytes of sha256("countermand migrations").
ADVISORY_LOCK = 1857171760431871878
TURN_SECONDS_MAX = 120
# Whoever waits for a table's lock makes everybody else wait behind; better to fail and be tried again.
LOCK_SECONDS_MAX = 5
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)")

log = structlog.get_logger(__name__)


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reader must know before running a migration; every field is required."""

    what: str
    why: str
    locks: str
    undo: str


class Migration(NamedTuple):
    """One step of the schema, as it lies in the folder."""

    number: int
    name: str
    script: str
    notes: Notes

    @property
    def sha256(self) -> bytes:
        """What is remembered of the script: 32 bytes."""
        return hashlib.sha256(self.script.encode()).digest()


def load_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All migrations in order; numbers start at 1 and have no gap.

    Raises SetupError `database_migrations_malformed`.
    """
    migrations = tuple(_loaded(path) for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name))
    numbers = [migration.number for migration in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise _malformed(folder, f"numbers are {numbers}", f"编号为 {numbers}")
    return migrations


async def migrate(dsn: str, migrations: tuple[Migration, ...] | None = None) -> tuple[int, ...]:
    """Bring the database to this code's version; returns the numbers applied now.

    Roles first, then each migration in a transaction of its own, with nobody else migrating meanwhile.

    Raises SetupError `database_too_old`, `database_roles_missing`, `database_migration_changed`,
    `database_newer_than_code`, `database_migration_failed`.
    """
    known = load_migrations() if migrations is None else migrations
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "countermand migrate"})
    try:
        require_version(connection)
        await connection.execute(f"SET lock_timeout = '{TURN_SECONDS_MAX}s'")
        await connection.execute(QUERIES.lock_migrations, ADVISORY_LOCK)
        await connection.execute(f"SET lock_timeout = '{LOCK_SECONDS_MAX}s'")
        await ensure_roles(connection)
        await connection.execute("SET client_min_messages = 'warning'")
        await connection.execute(QUERIES.create_migration_table)
        pending = await pending_migrations(connection, known)
        for migration in pending:
            await _apply(connection, migration)
    finally:
        await connection.close()
    return tuple(migration.number for migration in pending)


async def pending_migrations(
    connection: asyncpg.Connection[Any], known: tuple[Migration, ...]
) -> tuple[Migration, ...]:
    """The migrations this database has not had; checks those it has had against the files.

    Raises SetupError `database_migration_changed` or `database_newer_than_code`.
    """
    if not await connection.fetchval(QUERIES.migration_table_exists):
        return known
    applied = {row["number"]: row for row in await connection.fetch(QUERIES.applied_migrations)}
    by_number = {migration.number: migration for migration in known}
    for number, row in applied.items():
        if number not in by_number:
            raise _newer(number, len(known))
        if by_number[number].sha256 != row["sha256"]:
            raise _changed(by_number[number])
    return tuple(migration for migration in known if migration.number not in applied)


async def _apply(connection: asyncpg.Connection[Any], migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.script)
            await connection.execute(
                QUERIES.record_migration, migration.number, migration.name, migration.sha256
            )
    except asyncpg.PostgresError as error:
        raise SetupError(
            "database_migration_failed",
            f"Migration {migration.number} ({migration.name}) failed and left no trace: {error}",
            f"迁移 {migration.number}（{migration.name}）失败，未留下任何改动：{error}",
            number=migration.number,
        ) from error
    log.info("database.migrated", number=migration.number, name=migration.name, what=migration.notes.what)


def _loaded(path: Path) -> Migration:
    match = _NAME.fullmatch(path.name)
    assert match is not None, "only folders with a proper name are loaded"
    try:
        script = (path / "up.sql").read_text(encoding="utf-8")
        notes = msgspec.yaml.decode((path / "notes.yaml").read_bytes(), type=Notes)
    except (OSError, msgspec.MsgspecError) as error:
        raise _malformed(path, str(error), str(error)) from error
    return Migration(int(match.group(1)), match.group(2), script, notes)


def _malformed(path: Path, en: str, zh: str) -> SetupError:
    return SetupError(
        "database_migrations_malformed",
        f"The migrations in {path.name} are malformed: {en}.",
        f"{path.name} 中的迁移有误：{zh}。",
    )


def _newer(found: int, known: int) -> SetupError:
    return SetupError(
        "database_newer_than_code",
        f"The database has had migration {found}, this program knows {known}. Install the newer program.",
        f"数据库已执行到迁移 {found}，而本程序只认识到 {known}。请安装更新的程序版本。",
        found=found,
        known=known,
    )


def _changed(migration: Migration) -> SetupError:
    return SetupError(
        "database_migration_changed",
        f"Migration {migration.number} ({migration.name}) was applied with another text than this program "
        "holds. Restore the file; a correction is a new migration.",
        f"迁移 {migration.number}（{migration.name}）应用时的内容与本程序中的不同。"
        "请恢复该文件；修正应写成新的迁移。",
        number=migration.number,
    )
