"""Timers set their stories going when they are due: in batches, and one by one where a batch fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from countermand.flows.breaking_points import breaking_point
from countermand.flows.guard_clock import ClockGuard
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.facts import TIMER_STUCK, Fact
from countermand.vocabulary.timers import Timer
from countermand.work import Schedule, Unit, Works

log = structlog.get_logger(__name__)

BATCH_TIMERS_MAX = 250
# Nothing announces a new timer: it is found by looking, this often, or when the next known one is due.
LOOK_SECONDS = 0.5
STUCK_SECONDS = 60

TimerHandler = Callable[[Unit, list[Timer]], Awaitable[None]]


@dataclass(slots=True)
class TimerRunner:
    """Runs what is due, whatever its kind; several may run at once, in one process or in many.

    A handler gets timers that are claimed in its unit: what it does and their end are one transaction.
    `beat_at` is when it last came round, microseconds UTC.
    """

    works: Works
    schedule: Schedule
    handlers: Mapping[str, TimerHandler]
    clock: Clock
    guard: ClockGuard
    batch_max: int = BATCH_TIMERS_MAX
    done: int = 0
    stuck: int = 0
    late_seconds: float = field(default=0.0)
    beat_at: int | None = None

    async def run(self) -> None:
        """Until cancelled; a database that is away is waited for."""
        while True:  # noqa: ASYNC110 - what is due is found by looking
            await asyncio.sleep(await self.turn())

    async def turn(self) -> float:
        """Do what is due; how many seconds to wait for the next turn. Never raises but to be cancelled."""
        try:
            if not await self.guard.trusted():
                return LOOK_SECONDS
            due = await self.schedule.timers_due(self.handlers.keys())
            self.beat_at = now = self.clock.now()
            self.late_seconds = max(0.0, now - min(due.values(), default=now)) / MICROS_PER_SECOND
            for kind, due_at in due.items():
                if due_at <= now and await self._empty(kind):
                    return 0.0
            ahead = min((at for at in due.values() if at > now), default=None)
        except Unavailable:
            return LOOK_SECONDS
        if ahead is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, (ahead - now) / MICROS_PER_SECOND)

    async def _empty(self, kind: str) -> bool:
        """One batch of a kind; whether there was anything to do, else others are at it."""
        try:
            return await self._batch(kind, self.batch_max) > 0
        except Unavailable:
            raise
        except Exception:
            log.exception("timers_failed", kind=kind)
        for _ in range(self.batch_max):
            if not await self._one(kind):
                return False
        return True

    async def _batch(self, kind: str, count_max: int) -> int:
        async with self.works.open() as unit:
            timers = await unit.timers.claim(kind, self.clock.now(), count_max)
            if timers:
                breaking_point("timers.claimed")
                await self.handlers[kind](unit, timers)
        breaking_point("timers.committed")
        self.done += len(timers)
        return len(timers)

    async def _one(self, kind: str) -> bool:
        """One timer in a unit of its own; one that fails again is put off and told."""
        poisoned: list[Timer] = []
        try:
            async with self.works.open() as unit:
                poisoned = await unit.timers.claim(kind, self.clock.now(), 1)
                if not poisoned:
                    return False
                await self.handlers[kind](unit, poisoned)
            self.done += 1
        except Unavailable:
            raise
        except Exception as error:
            log.exception("timer_stuck", kind=kind)
            self.stuck += 1
            now = self.clock.now()
            (timer,) = poisoned
            body = {"timer": kind, "ref": timer.ref, "error": type(error).__name__}
            async with self.works.open() as unit:
                await unit.timers.set([timer._replace(due_at=now + STUCK_SECONDS * MICROS_PER_SECOND)])
                await unit.note([Fact(now, TIMER_STUCK, body)])
        return True
