"""The private server for short work: ours if nobody runs it, else the one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import asyncpg
import structlog

from countermand.adapters.postgres.address import running_dsn
from countermand.adapters.postgres.seat import in_use, seat_is_taken
from countermand.adapters.postgres.server import PrivateServer
from countermand.kernel.errors import SetupError

# The one who holds the lock may be recovering after a crash, or may be stopping at this moment.
JOIN_SECONDS_MAX = 60.0
_PAUSE_SECONDS = 0.1
# How often the keeper looks, and how long it waits at most after starts that failed.
WATCH_SECONDS = 0.5
WATCH_SECONDS_MAX = 5.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def shared_server(
    data_directory: Path, *, binaries: Path | None = None, shared_buffers_mb: int = 64
) -> AsyncIterator[tuple[str, bool]]:
    """The DSN of the private server under `data_directory`, and whether it was started here.

    A server that was started here stops at the end; one that another process runs is left alone.

    Raises SetupError: those of PrivateServer, and `database_locked` where the other process neither answers
    nor ends within a minute.
    """
    server = PrivateServer(data_directory, binaries=binaries, shared_buffers_mb=shared_buffers_mb)
    deadline = monotonic() + JOIN_SECONDS_MAX
    while True:
        try:
            dsn = await asyncio.to_thread(server.start)
        except SetupError as refusal:
            if refusal.code != "database_locked" or monotonic() > deadline:
                raise
        else:
            try:
                yield dsn, True
            finally:
                await asyncio.to_thread(server.stop)
            return
        running = running_dsn(data_directory)
        if running is not None and await _answers(running):
            yield running, False
            return
        await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def own_server(
    data_directory: Path, *, binaries: Path | None = None, shared_buffers_mb: int = 256
) -> AsyncIterator[str]:
    """The DSN of a private server that lives as long as this block, for who decides.

    Should the server end by itself (its disk was full, it was killed), it is started again. Short work that
    happens to hold it is waited for; another server is not.

    Raises SetupError: `database_in_use` where a deciding server holds the directory, and PrivateServer's own.
    """
    server = PrivateServer(data_directory, binaries=binaries, shared_buffers_mb=shared_buffers_mb)
    deadline = monotonic() + JOIN_SECONDS_MAX
    while True:
        try:
            dsn = await asyncio.to_thread(server.start)
            break
        except SetupError as refusal:
            if refusal.code != "database_locked" or monotonic() > deadline:
                raise
        running = running_dsn(data_directory)
        if running is not None and await seat_is_taken(running):
            raise in_use()
        await asyncio.sleep(_PAUSE_SECONDS)
    closing = asyncio.Event()
    keeper = asyncio.create_task(_keep_running(server, closing), name="countermand database keeper")
    try:
        yield dsn
    finally:
        closing.set()
        await keeper  # a start that is under way is not left behind
        await asyncio.to_thread(server.stop)


async def _keep_running(server: PrivateServer, closing: asyncio.Event) -> None:
    """Start the server again whenever it has ended: a full disk ends it, and so may the kernel.

    Until it is back decisions are refused with 503 and a retry is safe; those who use it connect again by
    themselves.
    """
    pause = WATCH_SECONDS
    while not closing.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await closing.wait()
        if closing.is_set() or server.running:
            continue
        log.warning("database.ended", remedy="it is started again")
        try:
            await asyncio.to_thread(server.start)
            pause = WATCH_SECONDS
        except (SetupError, OSError) as refusal:
            log.warning("database.start_failed", error=str(refusal))
            pause = min(2 * pause, WATCH_SECONDS_MAX)


async def _answers(dsn: str) -> bool:
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True
