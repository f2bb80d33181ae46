"""What goes on beside the requests: timers, effects, and what decisions mean for who must be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from countermand.flows.deliver_effects import Deliverer
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.run_timers import TimerRunner


@dataclass(frozen=True, slots=True)
class Worker:
    """The three that work; several workers on one database share what there is to do."""

    timers: TimerRunner
    deliverer: Deliverer
    guard: ClockGuard
    decisions: DecisionFollower

    async def effects_changed(self, connection: Any, noticed: bool) -> None:
        """Called when effects were written: look at once."""
        if noticed:
            self.deliverer.wake.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work while inside."""
        tasks = [
            asyncio.create_task(self.timers.run(), name="countermand timers"),
            asyncio.create_task(self.deliverer.run(), name="countermand effects"),
            asyncio.create_task(self.decisions.run(), name="countermand notices"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
