"""The first connection after a start: waits out a recovery, then sees to the owner role and the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import structlog

from countermand.adapters.postgres.configuration import PORT
from countermand.adapters.postgres.process import ServerProcess
from countermand.adapters.postgres.secrets_on_disk import scram_verifier
from countermand.kernel.errors import SetupError

SUPERUSER = "postgres"
OWNER = "countermand_owner"
DATABASE = "countermand"
RECOVERY_SECONDS_MAX = 600.0
_CONNECT_SECONDS_MAX = 30.0
_POLL_SECONDS_MIN, _POLL_SECONDS_MAX = 0.02, 0.5
_REPORT_SECONDS = 10.0

Work = Coroutine[Any, Any, None]

log = structlog.get_logger(__name__)


class Passwords(NamedTuple):
    """The two passwords, and whether the owner's was made just now and must be told to the server."""

    superuser: str
    owner: str
    owner_is_new: bool

    def __repr__(self) -> str:
        return "Passwords(hidden)"


class EndedEarly(Exception):
    """The server program ended before it answered."""


async def first_connection(sockets: Path, passwords: Passwords, process: ServerProcess) -> None:
    """Wait until the server answers; make what is missing.

    Raises EndedEarly, or SetupError `database_recovery_too_long`, `database_password_lost`.
    """
    connection = await _connected(sockets, passwords, process)
    try:
        await _ensure_owner(connection, passwords)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            await connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
    finally:
        await connection.close()


async def _ensure_owner(connection: asyncpg.Connection[Any], passwords: Passwords) -> None:
    """The owner is no superuser: whoever breaks out of the app's role still cannot reach the system."""
    known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", OWNER)
    if known and not passwords.owner_is_new:
        return
    verb = "ALTER" if known else "CREATE"
    verifier = scram_verifier(passwords.owner)
    async with connection.transaction():
        await connection.execute(f"{verb} ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{verifier}'")
        await connection.execute(f"GRANT pg_monitor, pg_checkpoint TO {OWNER}")


async def _connected(sockets: Path, passwords: Passwords, process: ServerProcess) -> asyncpg.Connection[Any]:
    began = time.monotonic()
    next_report = began + _REPORT_SECONDS
    pause = _POLL_SECONDS_MIN
    while process.running:
        try:
            return await asyncpg.connect(
                host=str(sockets),
                port=PORT,
                user=SUPERUSER,
                password=passwords.superuser,
                database="postgres",
                timeout=_CONNECT_SECONDS_MAX,
                server_settings={"application_name": "countermand start"},
            )
        except asyncpg.InvalidPasswordError as error:
            raise _password_lost() from error
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            pass  # Not listening yet, or "the database system is starting up".
        now = time.monotonic()
        if now - began > RECOVERY_SECONDS_MAX:
            raise _too_long()
        if now > next_report:
            log.info("database.recovering", seconds=round(now - began))
            next_report = now + _REPORT_SECONDS
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _POLL_SECONDS_MAX)
    raise EndedEarly


def _password_lost() -> SetupError:
    return SetupError(
        "database_password_lost",
        "The database does not accept the password kept in superuser.password. "
        "Restore that file from a backup.",
        "数据库不接受 superuser.password 文件中保存的密码。请从备份中恢复该文件。",
    )


def _too_long() -> SetupError:
    minutes = round(RECOVERY_SECONDS_MAX / 60)
    return SetupError(
        "database_recovery_too_long",
        f"PostgreSQL still recovers after {minutes} minutes. "
        "Its log in the data directory says how far it is.",
        f"PostgreSQL 在 {minutes} 分钟后仍在恢复中。进度见数据目录中的日志。",
    )
