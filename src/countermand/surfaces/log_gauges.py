"""How the log stands, as gauges at /metrics: what waits to be sealed, since when, and the last checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.measures import Measures
from countermand.vocabulary.sealing import LogStanding

LOOK_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Standing(Protocol):
    """Who knows."""

    async def standing(self) -> LogStanding:
        """How far sealing and signing are. Raises Unavailable."""
        ...


class LogWatch:
    """What was seen last."""

    def __init__(self, shelf: Standing, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock
        self.seen: LogStanding | None = None

    async def look(self) -> None:
        """Look once; a refusal that is new is an alarm in the log of the server."""
        before = None if self.seen is None else self.seen.refused
        self.seen = await self._shelf.standing()
        if self.seen.refused is not None and self.seen.refused != before:
            log.error("log_refused", code=self.seen.refused, origin=self.seen.origin)

    async def attend(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            with suppress(CountermandError):  # the database is away: it will be asked again
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def behind(self) -> float:
        """Numbers of the journal that nobody sealed yet."""
        return 0.0 if self.seen is None else float(self.seen.behind)

    @property
    def oldest_seconds(self) -> float:
        """Age of the oldest unsealed fact."""
        return 0.0 if self.seen is None else self._age(self.seen.oldest_at)

    @property
    def checkpoint_seconds(self) -> float:
        """Age of the last checkpoint; it grows while there is nothing to sign, too."""
        return 0.0 if self.seen is None else self._age(self.seen.signed_at)

    @property
    def unsigned(self) -> float:
        """Entries that no checkpoint covers."""
        return 0.0 if self.seen is None else float(self.seen.entries - self.seen.signed)

    @property
    def refused(self) -> float:
        """1 while nothing is sealed because a person is needed."""
        return float(self.seen is not None and self.seen.refused is not None)

    def _age(self, at: int | None) -> float:
        return 0.0 if at is None else max(0.0, (self._clock.now() - at) / MICROS_PER_SECOND)


@asynccontextmanager
async def log_watched(shelf: Standing, clock: Clock, measures: Measures) -> AsyncIterator[LogWatch]:
    """Watch while inside; every scrape tells where things stood a few seconds ago at most."""
    watch = LogWatch(shelf, clock)
    for name, text, read in (
        ("behind", "Numbers of the journal that are not sealed yet", lambda: watch.behind),
        (
            "oldest_unsealed_seconds",
            "Age of the oldest fact that is not sealed",
            lambda: watch.oldest_seconds,
        ),
        ("unsigned_entries", "Entries that no checkpoint covers", lambda: watch.unsigned),
        ("checkpoint_age_seconds", "Age of the last checkpoint", lambda: watch.checkpoint_seconds),
        ("refused", "1 while nothing is sealed because a person is needed", lambda: watch.refused),
    ):
        measures.gauge(f"countermand_log_{name}", text, read)
    task = asyncio.create_task(watch.attend(), name="countermand log gauges")
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
