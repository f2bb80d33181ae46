"""A clock that jumps releases nothing: the wall clock is held against the steady one and the database's.

A wall clock put forward by a day would release every hold of that day at once, and nothing could take it
back. So while the clocks disagree what waits goes on waiting, and the alarm is on the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.vocabulary.facts import CLOCK_DISTRUSTED, CLOCK_TRUSTED, Fact
from countermand.work import Schedule, Works

log = structlog.get_logger(__name__)

DATABASE_LOOK_SECONDS = 5.0
# A clock that is set right slowly (NTP slews by 500 ppm at most) is followed; one that jumps is not.
DRIFT_SHARE_MAX = 0.001


def steady_seconds() -> float:
    """Seconds that only go forward, at their own pace, also while the machine sleeps (where Linux tells)."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


@dataclass(slots=True)
class ClockGuard:
    """Trusts the wall clock while it keeps pace with the steady one and agrees with the database's.

    After a jump it is trusted again when it has come back to where it would be. Where the clock was wrong
    before and right after, somebody has to look, and then start the process anew.
    """

    works: Works
    schedule: Schedule
    clock: Clock
    tolerance_seconds: float
    steady: Callable[[], float] = steady_seconds
    reason: str | None = None
    _told: str | None = None
    _offset: float | None = None
    _seen_at: float = 0.0
    _database_at: float = field(default=float("-inf"))
    _database_off: float = 0.0

    async def trusted(self) -> bool:
        """Whether the clock can be trusted now; a change of that goes on the record. Raises Unavailable."""
        steady = self.steady()
        jumped = self._jump(steady)
        if jumped is not None or steady - self._database_at >= DATABASE_LOOK_SECONDS or self.reason:
            await self._ask_database(steady)
        apart = abs(self._database_off) > self.tolerance_seconds
        self.reason = "jumped" if jumped is not None else "database" if apart else None
        if self.reason != self._told:
            await self._tell(0.0 if jumped is None else jumped)
        return self.reason is None

    def _wall(self) -> float:
        return self.clock.now() / MICROS_PER_SECOND

    def _jump(self, steady: float) -> float | None:
        """How far the wall clock is from where it should be, in seconds, if that is too far."""
        offset = self._wall() - steady
        if self._offset is None:
            self._offset, self._seen_at = offset, steady
            return None
        off = offset - self._offset
        if abs(off) > self.tolerance_seconds:
            return off
        drift_max = (steady - self._seen_at) * DRIFT_SHARE_MAX
        self._offset += max(-drift_max, min(drift_max, off))
        self._seen_at = steady
        return None

    async def _ask_database(self, steady: float) -> None:
        before = self._wall()
        theirs = await self.schedule.now() / MICROS_PER_SECOND
        after = self._wall()
        # Their answer was made between the two; what lies outside of that is disagreement.
        self._database_off = theirs - before if theirs < before else max(0.0, theirs - after)
        self._database_at = steady

    async def _tell(self, seconds: float) -> None:
        now = self.clock.now()
        if self.reason is None:
            log.warning("clock_trusted")
            fact = Fact(now, CLOCK_TRUSTED, {})
        else:
            off = seconds or self._database_off
            log.error("clock_distrusted", reason=self.reason, seconds=round(off, 3))
            fact = Fact(now, CLOCK_DISTRUSTED, {"reason": self.reason, "milliseconds": round(off * 1000)})
        async with self.works.open() as unit:
            await unit.note([fact])
        self._told = self.reason
