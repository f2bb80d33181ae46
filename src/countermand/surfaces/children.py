"""Processes beside a server: there while they are wanted, there again after a crash, gone with us."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from countermand.flows.show_health import Watched
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.health import ChildSeen

log = structlog.get_logger(__name__)
END_SECONDS_MAX = 10.0
_PROGRAM = "from countermand.surfaces.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited after an end: twice as long each time, up to a bound.

    Who ran for `steady_seconds` before it ended did not crash at its start. Every `look_seconds` it is asked
    whether the process is wanted.
    """

    first_seconds: float
    seconds_max: float
    steady_seconds: float
    look_seconds: float = 2.0


async def always() -> bool:
    """What is wanted at all times."""
    return True


@dataclass(slots=True)
class Child:
    """One process at most, kept running while it is `wanted`.

    It holds the read end of a pipe whose other end dies with us. `ends` counts how often it ended by itself;
    `idle`: nobody wants it now.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    patience: Patience
    wanted: Callable[[], Awaitable[bool]] = always
    process: asyncio.subprocess.Process | None = field(default=None)
    ends: int = 0
    idle: bool = False
    changed_at: float = 0.0

    def seen(self) -> ChildSeen:
        """How it stands now."""
        since = asyncio.get_running_loop().time() - self.changed_at if self.changed_at else 0.0
        return ChildSeen(not self.idle, self.pid is not None, since, self.ends)

    @property
    def pid(self) -> int | None:
        """Its number, None where it does not run."""
        return None if self.process is None or self.process.returncode is not None else self.process.pid

    async def attend(self) -> None:
        """Start it when it is wanted, again whenever it ends, and end it when it is not; until cancelled."""
        back_off, loop = self.patience.first_seconds, asyncio.get_running_loop()
        while True:
            self.idle = not await self._is_wanted(unknown=False)
            if self.idle:
                await asyncio.sleep(self.patience.look_seconds)
                continue
            started = loop.time()
            process = await self.start()
            if not await self._ended(process):
                await self.end()
                continue
            if loop.time() - started > self.patience.steady_seconds:
                back_off = self.patience.first_seconds
            self.ends, self.changed_at = self.ends + 1, loop.time()
            log.warning("child_ended", child=self.name, code=process.returncode, again_in_seconds=back_off)
            await asyncio.sleep(back_off)
            back_off = min(2 * back_off, self.patience.seconds_max)

    async def start(self) -> asyncio.subprocess.Process:
        """Start it."""
        # Session and group of its own: Ctrl-C at our terminal ends us first, and we end the child.
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, *self.arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.environment}, start_new_session=True,
        )  # fmt: skip
        self.changed_at = asyncio.get_running_loop().time()
        log.info("child_started", child=self.name, process=self.process.pid)
        return self.process

    async def end(self) -> None:
        """Close the pipe, and wait until it has gone."""
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None, "it was started with a pipe"
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _ended(self, process: asyncio.subprocess.Process) -> bool:
        """Wait until it ends, or (False) is not wanted any more."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self.wanted is always else self.patience.look_seconds):
                    await process.wait()
            if process.returncode is not None:
                return True
            if not await self._is_wanted(unknown=True):
                return False

    async def _is_wanted(self, *, unknown: bool) -> bool:
        """What stands while the database is away is left as it is: it will be asked again."""
        try:
            return await self.wanted()
        except CountermandError:
            return unknown


def watch_children(watched: Watched, children: Sequence[Child]) -> None:
    """Let the health of the house tell of these."""
    watched.children.update({child.name: child.seen for child in children})


@asynccontextmanager
async def kept(child: Child) -> AsyncIterator[Child]:
    """Attend to it while inside."""
    task = asyncio.create_task(child.attend(), name=f"countermand {child.name}")
    try:
        yield child
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await child.end()
