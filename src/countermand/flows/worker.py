"""What goes on beside the requests: timers, effects, what decisions mean for who must be told, and mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from countermand.flows.deliver_effects import Deliverer
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.mail_ear import MailEar
from countermand.flows.run_timers import TimerRunner


@dataclass(frozen=True, slots=True)
class Worker:
    """The ones that work; several workers on one database share what there is to do. `ear` hears mail."""

    timers: TimerRunner
    deliverer: Deliverer
    guard: ClockGuard
    decisions: DecisionFollower
    ear: MailEar | None = None

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
        if self.ear is not None:
            tasks.append(asyncio.create_task(self.ear.run(), name="countermand mail"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
