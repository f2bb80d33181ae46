"""Connections for the app: in its own role, bounded in time, with JSON spoken by msgspec."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.roles import APP, roles_missing
from countermand.adapters.postgres.versions import require_version
from countermand.work.members import SERVICE

STATEMENT_SECONDS_MAX = 30
LOCK_SECONDS_MAX = 5
IDLE_IN_TRANSACTION_SECONDS_MAX = 30
CONNECT_SECONDS_MAX = 15
CLOSE_SECONDS_MAX = 5
_JSONB_VERSION = b"\x01"


async def connect_pool(
    dsn: str, *, size_max: int, role: str = APP, application_name: str = "countermand"
) -> asyncpg.Pool[Any]:
    """A pool of up to `size_max` connections that act as `role` (which the DSN's user must be a member of).

    The role is part of the connection's start, so neither RESET ROLE nor the pool's own reset gives back the
    owner's rights. Types json and jsonb are Python objects, timestamptz is an aware datetime in UTC.

    Raises SetupError `database_too_old`, `database_roles_missing`; OSError where nobody listens.
    """
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size_max,
            timeout=CONNECT_SECONDS_MAX,
            init=prepare_connection,
            reset=_left_clean,
            server_settings=_session(application_name, role, STATEMENT_SECONDS_MAX),
        )
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        # "role does not exist" or "permission denied to set role".
        raise roles_missing(await _session_user(dsn)) from error


async def close_pool(pool: asyncpg.Pool[Any]) -> None:
    """Close in good order; connections that do not end in time (their server was killed) are cut."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def connect(
    dsn: str,
    *,
    role: str = APP,
    application_name: str = "countermand",
    statement_seconds_max: int = STATEMENT_SECONDS_MAX,
) -> asyncpg.Connection[Any]:
    """One connection like the pool's, for who keeps it; `statement_seconds_max` 0 is without bound."""
    connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS_MAX,
        server_settings=_session(application_name, role, statement_seconds_max),
    )
    await prepare_connection(connection)
    return connection


async def _left_clean(connection: Any) -> None:
    """Nothing to reset: what is locked or set in a pooled connection is so until its transaction ends.

    The pool itself rolls back what was left open. Who listens, or locks for longer, has a connection of their
    own; asking the server to forget nothing would cost every unit of work a round trip.
    """


def _session(application_name: str, role: str, statement_seconds_max: int) -> dict[str, str]:
    return {
        "application_name": application_name,
        "role": role,
        # Without it the database opens no body; a unit of work for a member of staff says whose it is.
        "countermand.member": SERVICE,
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": f"{statement_seconds_max}s",
        "lock_timeout": f"{LOCK_SECONDS_MAX}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS_MAX}s",
        # The other end of a broken line must notice too: what it holds, others wait for.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }


async def prepare_connection(connection: Any) -> None:
    """Check the server's version and set the codecs: once for every new connection.

    Raises SetupError `database_too_old`.
    """
    require_version(connection)
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=msgspec.json.encode, decoder=msgspec.json.decode
    )
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_jsonb_bytes, decoder=_jsonb_value
    )


def _jsonb_bytes(value: Any) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value)


def _jsonb_value(data: bytes) -> Any:
    assert data[:1] == _JSONB_VERSION, "the only binary form of jsonb so far"
    return msgspec.json.decode(data[1:])


async def _session_user(dsn: str) -> str:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX)
    try:
        return str(await connection.fetchval("SELECT session_user"))
    finally:
        await connection.close()
