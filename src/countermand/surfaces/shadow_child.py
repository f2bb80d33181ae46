"""The follower beside a server: there while shadows run, there again after a crash, gone with us."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from countermand.kernel.errors import CountermandError
from countermand.settings import Settings

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
BACK_OFF_SECONDS_FIRST = 1.0
BACK_OFF_SECONDS_MAX = 60.0
# Who ran this long before it ended did not crash at its start.
STEADY_SECONDS = 120.0
END_SECONDS_MAX = 10.0
_PROGRAM = "from countermand.surfaces.cli.main import main; main()"


class Shadows(Protocol):
    """The candidates."""

    async def any_running(self) -> bool:
        """Whether any of them runs. Raises Unavailable."""
        ...


@asynccontextmanager
async def follower_beside(shadows: Shadows, settings: Settings) -> AsyncIterator[ShadowChild]:
    """Keep a follower while inside, whenever a candidate runs."""
    child = ShadowChild(shadows, settings)
    task = asyncio.create_task(child.attend(), name="countermand shadow")
    try:
        yield child
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await child.end()


class ShadowChild:
    """One child process at most. It holds the read end of a pipe whose other end dies with us."""

    def __init__(self, shadows: Shadows, settings: Settings) -> None:
        self._shadows, self._settings = shadows, settings
        self._process: asyncio.subprocess.Process | None = None
        self._started_at = 0.0
        self._back_off_seconds = BACK_OFF_SECONDS_FIRST
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The process number of the follower, None where none runs."""
        return None if self._process is None else self._process.pid

    async def attend(self) -> None:
        """Look every two seconds until cancelled."""
        while True:
            with suppress(CountermandError):  # the database is away: it will be asked again
                await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def end(self) -> None:
        """Close the pipe, and wait until the follower has gone."""
        process, self._process = self._process, None
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

    async def _look(self) -> None:
        wanted = await self._shadows.any_running()
        if self._process is not None and self._process.returncode is not None:
            self._note_end(self._process.returncode)
        if wanted and self._process is None and _now() >= self._not_before:
            await self._start()
        elif not wanted and self._process is not None:
            await self.end()

    def _note_end(self, code: int) -> None:
        self._process = None
        if _now() - self._started_at > STEADY_SECONDS:
            self._back_off_seconds = BACK_OFF_SECONDS_FIRST
        self._not_before = _now() + self._back_off_seconds
        log.warning("shadow.follower_ended", code=code, again_in_seconds=self._back_off_seconds)
        self._back_off_seconds = min(2 * self._back_off_seconds, BACK_OFF_SECONDS_MAX)

    async def _start(self) -> None:
        settings = self._settings
        environment = {**os.environ, "COUNTERMAND_LOG_LEVEL": settings.log_level}
        environment["COUNTERMAND_SHADOW_LAG_SECONDS_MAX"] = str(settings.shadow_lag_seconds_max)
        environment["COUNTERMAND_SHADOW_DAYS_KEPT"] = str(settings.shadow_days_kept)
        if settings.database_url is not None:
            environment["COUNTERMAND_DATABASE_URL"] = settings.database_url
        where = ("--data-dir", str(settings.data_dir))
        # Session and group of its own: Ctrl-C at our terminal ends us first, and we end the follower.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, "shadow", "run", "--attended", *where,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=environment,
            start_new_session=True,
        )  # fmt: skip
        self._started_at = _now()
        log.info("shadow.follower_started", process=self._process.pid)


def _now() -> float:
    return asyncio.get_running_loop().time()
