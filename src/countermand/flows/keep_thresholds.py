"""The deciding server's part of thresholds: it takes over the values in force, and moves them on its clock.

A value is taken over between two groups, never inside one: the arms are replaced as a whole, and every
operation records the value it was decided under.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from countermand.flows.adapt_thresholds import Judged, ThresholdBook, ThresholdHouse, adapt_thresholds
from countermand.flows.group_commit import GroupCommitter
from countermand.kernel.errors import Unavailable

log = structlog.get_logger(__name__)
LOOK_SECONDS = 10.0
RETRY_SECONDS = 60.0  # counting may be what failed, and it is not cheap


@dataclass(slots=True)
class ThresholdKeeper:
    """Keeps the thresholds of every arm as the record says they stand."""

    committer: GroupCommitter
    book: ThresholdBook
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def changed(self, connection: Any = None, noticed: bool = True) -> None:
        """Somebody took a step: what is in force is read again; if that fails, a few seconds later."""
        with suppress(Unavailable):
            await self.take_over()

    async def take_over(self) -> None:
        """Put the recorded values in force, from the next group on. Raises Unavailable."""
        async with self._one_at_a_time:  # the later reading must also be the later one to arrive
            arms = self.committer.decider.arms
            for arm in (arms.live, *arms.beside):
                if not arm.program.thresholds:
                    continue
                values = await self.book.in_force(arm.policy_id)
                before = self.committer.decider.arms
                after = before.with_thresholds(arm.policy_id, values)
                if after is not before:
                    self.committer.decider.arms = after
                    log.info("thresholds_in_force", policy=arm.program.label, **values)


class AdaptingHouse(ThresholdHouse, Protocol):
    """A house that decides."""

    @property
    def threshold_keeper(self) -> ThresholdKeeper: ...


@asynccontextmanager
async def adapting(house: AdaptingHouse) -> AsyncIterator[None]:
    """While inside, thresholds move by the law, on the house's clock."""
    task = asyncio.create_task(_adapt(house), name="countermand thresholds")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _adapt(house: AdaptingHouse) -> None:
    judged: Judged = {}
    while True:
        try:
            found = await adapt_thresholds(house, judged=judged)
            for one in found:
                if one["moved"]:
                    log.info(
                        "threshold_moved", threshold=one["threshold"], value=one["value"], **one["evidence"]
                    )
            if any(one["moved"] for one in found):
                await house.threshold_keeper.take_over()
            wait = LOOK_SECONDS
        except Unavailable:
            log.warning("thresholds_not_adapted", reason="database_away")
            wait = RETRY_SECONDS
        except Exception:  # whatever it was, the values in force stay as they are
            log.exception("thresholds_not_adapted")
            wait = RETRY_SECONDS
        await asyncio.sleep(wait)
