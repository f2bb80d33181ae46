"""What goes on beside the requests: timers, effects, what decisions mean for who must be told, and mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from countermand.flows.deliver_effects import Deliverer
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.mail_ear import MailEar
from countermand.flows.run_timers import TimerRunner
from countermand.kernel.errors import Unavailable

TRY_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Worker:
    """The ones that work; several workers on one database share what there is to do. `ear` hears mail.

    `begin` is done once as it begins to work; while the database is away it is tried again.
    """

    timers: TimerRunner
    deliverer: Deliverer
    guard: ClockGuard
    decisions: DecisionFollower
    ear: MailEar | None = None
    begin: Callable[[], Awaitable[None]] | None = None

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
        if self.begin is not None:
            tasks.append(asyncio.create_task(_begun(self.begin), name="countermand daily run"))
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


async def _begun(begin: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await begin()
        except Unavailable:
            await asyncio.sleep(TRY_AGAIN_SECONDS)
