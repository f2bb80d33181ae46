"""What other processes changed: memory is read again on a notice, and every few seconds without one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import asyncpg
import msgspec
import structlog

CHANNEL = "countermand"
REFRESH_SECONDS = 5.0
CANCEL_AGAIN_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
RELOAD_SECONDS_MAX = 60.0

Reload = Callable[[Any, bool], Awaitable[None]]

log = structlog.get_logger(__name__)


class _Notice(msgspec.Struct):
    """What `announce_change()` of the schema sends: the table, and nothing else."""

    table: str


_NOTICE = msgspec.json.Decoder(_Notice)


class Changes:
    """Listens on one connection of the pool; each watcher is called with that connection.

    A watcher gets `noticed`: True after a change of its table or a new connection, False when only time has
    passed (a notice may be lost with its connection; then this is how long a change takes to arrive). While
    the database is away the memory stays as it was. Watchers run one after another.
    """

    def __init__(self, pool: asyncpg.Pool[Any], *, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._pool = pool
        self._refresh_seconds = refresh_seconds
        self._watchers: list[tuple[str, Reload]] = []
        self._noticed: set[str] = set()
        self._wake = asyncio.Event()
        self._lost = False
        self._task: asyncio.Task[None] | None = None

    def watch(self, table: str, reload: Reload) -> None:
        """Call `reload(connection, noticed)` whenever the table may have changed."""
        self._watchers.append((table, reload))

    async def start(self) -> None:
        """Read everything once, then keep listening in a task. Raises what the first reading raises."""
        async with self._pool.acquire() as connection:
            for _, reload in self._watchers:
                await reload(connection, True)
        self._task = asyncio.create_task(self._keep_listening(), name="countermand changes")

    async def stop(self) -> None:
        """End the task and give its connection back."""
        # One cancellation can be lost: wait_for of Python 3.11 swallows it when a notice arrives just then.
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CANCEL_AGAIN_SECONDS)
        self._task = None

    async def _keep_listening(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._listen(connection)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("changes.connection_lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: Any) -> None:
        self._lost = False
        connection.add_termination_listener(self._on_lost)
        await connection.add_listener(CHANNEL, self._on_notice)
        try:
            # What happened while nobody listened is read now: first listen, then look.
            self._noticed.update(table for table, _ in self._watchers)
            refresh_at = monotonic()
            while not self._lost:
                periodic = monotonic() >= refresh_at
                await self._reload(connection, periodic)
                if periodic:
                    refresh_at = monotonic() + self._refresh_seconds
                # Not wait_for: until Python 3.12 it swallows a cancellation that comes with a notice.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, refresh_at - monotonic())):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            connection.remove_termination_listener(self._on_lost)
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, self._on_notice)

    async def _reload(self, connection: Any, periodic: bool) -> None:
        noticed, self._noticed = self._noticed, set()
        for table, reload in self._watchers:
            if periodic or table in noticed:
                async with asyncio.timeout(RELOAD_SECONDS_MAX):
                    await reload(connection, table in noticed)

    def _on_notice(self, connection: Any, pid: int, channel: str, payload: str) -> None:
        try:
            self._noticed.add(_NOTICE.decode(payload).table)
        except msgspec.MsgspecError:
            # Anybody with a connection may notify; a strange notice costs one reading of everything.
            self._noticed.update(table for table, _ in self._watchers)
        self._wake.set()

    def _on_lost(self, connection: Any) -> None:
        self._lost = True
        self._wake.set()
