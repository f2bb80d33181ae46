"""Old checkpoints go: of each hour the last one stays, and every one that somebody outside refers to.

A busy log is signed several times a second, and a checkpoint weighs as much as five entries. Whoever reads
the log starts from its newest one, and every proof is read from tiles. An old one is needed only where
something else is about its very bytes: a witness's lines, a time-stamp token, an anchor. A receipt carries
its own, and any two trees are proved to be one history without the note of either. One an hour stays, so
that an audit still meets signatures all along the tree.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import structlog

from countermand.flows.run_timers import TimerHandler
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, Clock
from countermand.vocabulary.sealing import Thinned
from countermand.vocabulary.timers import Timer
from countermand.work import Schedule, Unit, Works

THINNING_TIMER = "log_thinning"
EVERY_HOUR = "every-hour"
BATCH = 500
# A run is short, as other timers wait for it; while there is more, the next one comes soon.
BATCHES_MAX = 8
MORE_MICROS = 10 * MICROS_PER_SECOND

log = structlog.get_logger(__name__)


class OldCheckpoints(Protocol):
    """Where checkpoints are kept. Raises Unavailable."""

    async def thin(self, after: tuple[int, int], before: int, count: int) -> Thinned | None:
        """Of `count` checkpoints behind one, let those go that were signed before an instant and may.

        None where nothing that old is left behind that place.
        """
        ...


@dataclass(slots=True)
class Thinning:
    """Lets old checkpoints go; `days` they all stay, for ever where that is 0. It remembers how far it is.

    `more`: the last run left some for the next one.
    """

    checkpoints: OldCheckpoints
    clock: Clock
    days: int
    place: tuple[int, int] = (0, 0)
    more: bool = False

    async def thin(self) -> int:
        """One run; how many went. Raises Unavailable: what went before that is gone, the rest goes later."""
        went, self.more = 0, False
        before = self.clock.now() - self.days * MICROS_PER_DAY
        for _ in range(BATCHES_MAX if self.days else 0):
            found = await self.checkpoints.thin(self.place, before, BATCH)
            self.more = found is not None
            if found is None:
                break
            self.place = found.place
            went += found.gone
        return went


def thinning_handler(thinning: Thinning) -> TimerHandler:
    """The timer that runs every hour; it sets itself again first, so that a failure is no end."""

    async def handle(unit: Unit, timers: Collection[Timer]) -> None:
        next_at = thinning.clock.now() + MICROS_PER_HOUR
        await unit.timers.set([timer._replace(due_at=next_at) for timer in timers])
        went = await thinning.thin()
        if thinning.more:
            soon = thinning.clock.now() + MORE_MICROS
            await unit.timers.set([timer._replace(due_at=soon) for timer in timers])
        if went:
            log.info("log_checkpoints_thinned", count=went)

    return handle


async def set_thinning_timer(works: Works, schedule: Schedule, clock: Clock) -> None:
    """Where it is not set yet, now, then every hour; a start anew does not put it off."""
    if THINNING_TIMER in await schedule.timers_due([THINNING_TIMER]):
        return
    async with works.open() as unit:
        await unit.timers.set([Timer(THINNING_TIMER, EVERY_HOUR, clock.now())])
