"""What every test may ask for: one private PostgreSQL a run, and a fresh migrated database a test."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog

from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.server import PrivateServer

TEMPLATE = "countermand_template"
MEMORY_DISK, MEMORY_BYTES_MIN = "/dev/shm", 4 << 30
_PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
_numbers = itertools.count(1)


def with_database(dsn: str, name: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop_database(server: str, name: str) -> None:
    """Drop a database; while the system's own vacuum is in it, the owner may not, so it is tried again."""
    for _ in range(50):
        try:
            return await execute(server, f"DROP DATABASE {name} WITH (FORCE)")
        except asyncpg.InsufficientPrivilegeError:
            await asyncio.sleep(0.1)
    return await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command configures logging for its whole process; the next test begins without that.

    Tracebacks are plain, as in the product: with the values of a whole house they take seconds to print.
    """
    structlog.reset_defaults()
    processors = [*structlog.get_config()["processors"][:-1], _PLAIN]
    structlog.configure(processors=processors)
    yield
    structlog.reset_defaults()


@pytest.fixture
def server_directory() -> Iterator[Path]:
    """An empty data directory which an unprivileged system user can be let into (pytest's own are not)."""
    directory = Path(tempfile.mkdtemp(prefix="countermand-test-"))
    yield directory
    shutil.rmtree(directory)


def _memory_disk() -> str | None:
    """Where it has room: every test gets a database of a thousand small files, ten times as fast there."""
    try:
        free = shutil.disk_usage(MEMORY_DISK).free
    except OSError:
        return None
    return MEMORY_DISK if free >= MEMORY_BYTES_MIN and os.access(MEMORY_DISK, os.W_OK) else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One server for the whole run, without fsync; the owner's DSN of its empty main database."""
    directory = Path(tempfile.mkdtemp(prefix="countermand-test-", dir=_memory_disk()))
    with PrivateServer(directory, shared_buffers_mb=64, durable=False) as dsn:
        yield dsn
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def database_template(postgres_server: str) -> str:
    """The name of a migrated database that nobody connects to."""

    async def make() -> None:
        await execute(postgres_server, f"CREATE DATABASE {TEMPLATE}")
        await migrate(with_database(postgres_server, TEMPLATE))

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
async def database_dsn(postgres_server: str, database_template: str) -> AsyncIterator[str]:
    """A migrated database of this test's own; the owner's DSN."""
    name = f"test_{next(_numbers)}"
    await execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {database_template} STRATEGY file_copy")
    yield with_database(postgres_server, name)
    await drop_database(postgres_server, name)


@contextmanager
def module_database(server: str, template: str) -> Iterator[str]:
    """A migrated database for a whole module of tests; the owner's DSN."""
    name = f"test_{next(_numbers)}"
    # On a thread of its own: the browser's loop runs on this one.
    with ThreadPoolExecutor(1) as apart:
        made = execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        apart.submit(asyncio.run, made).result()
        yield with_database(server, name)
        apart.submit(asyncio.run, drop_database(server, name)).result()


@pytest.fixture
async def empty_database_dsn(postgres_server: str) -> AsyncIterator[str]:
    """A database of this test's own without any table; the owner's DSN."""
    name = f"test_{next(_numbers)}"
    await execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield with_database(postgres_server, name)
    await drop_database(postgres_server, name)
