"""What stories about clocks need, how they find the calendar to go by, and how they write what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.cases.calendars import Calendar, CalendarTerms
from countermand.cases.clock_pack import ClockRules
from countermand.cases.moves import ball_of, ended, wakes_at
from countermand.kernel.clock import Clock as Time
from countermand.kernel.ids import Ids
from countermand.vocabulary.clocks import CLOCK_TIMER, Breach, CalendarVersion, Clock, ClockState
from countermand.vocabulary.facts import CALENDAR_RECORDED, CLOCK_BREACHED, Fact
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works

CLOCK_ACTOR = "clock"


@dataclass(frozen=True, slots=True)
class ClockHouse:
    """`published` gives a calendar as the product ships it; calendars once read are kept by their version."""

    works: Works
    time: Time
    ids: Ids
    rules: ClockRules
    published: Callable[[str], Calendar]
    kept: dict[tuple[str, str], Calendar] = field(default_factory=dict)

    async def calendar(self, unit: Unit, calendar: str) -> Calendar:
        """The calendar of this id that is used now; the shipped one where none was ever used.

        Raises NotFound `unknown_calendar`, Unavailable.
        """
        version = await unit.clocks.version(calendar)
        if version is None:
            shipped = self.published(calendar)
            await self.use(unit, shipped, CLOCK_ACTOR)
            return shipped
        return await self.calendar_as(unit, calendar, version)

    async def calendar_as(self, unit: Unit, calendar: str, version: str) -> Calendar:
        """A version that is kept, of a calendar that was used. Raises Unavailable."""
        if (calendar, version) not in self.kept:
            found = await unit.clocks.find_calendar(calendar, version)
            assert found is not None, "versions are never forgotten"
            self.kept[calendar, version] = Calendar(msgspec.convert(found.terms, CalendarTerms, strict=False))
        return self.kept[calendar, version]

    async def use(self, unit: Unit, calendar: Calendar, actor: str) -> bool:
        """Use a version from now on; False where it is used already. Raises Unavailable."""
        now, terms = self.time.now(), msgspec.to_builtins(calendar.terms, str_keys=True)
        version = CalendarVersion(calendar.id, calendar.version, terms)
        if not await unit.clocks.use(version, now, actor):
            return False
        self.kept[calendar.id, calendar.version] = calendar
        body = {"calendar": calendar.id, "version": calendar.version, "actor": actor}
        await unit.note([Fact(now, CALENDAR_RECORDED, {**body, "source": calendar.terms.source})])
        return True


def fact_of(clock: Clock, kind: str, now: int, **more: Any) -> Fact:
    """A fact about a clock; it names its owner."""
    body = {"clock": clock.id, "case": clock.case, "policy": clock.policy, "owner": clock.owner, **more}
    return Fact(now, kind, body)


async def write(unit: Unit, clocks: Sequence[Clock], facts: Sequence[Fact]) -> None:
    """What became of locked clocks, their timers, and the facts."""
    await unit.clocks.put(clocks)
    await set_timers(unit, clocks)
    await unit.note(facts)


async def set_timers(unit: Unit, clocks: Sequence[Clock]) -> None:
    """Each clock wakes when the next thing happens to it by itself, or not at all."""
    wakes = {clock.id: wakes_at(clock) for clock in clocks}
    if waking := [Timer(CLOCK_TIMER, ref, at) for ref, at in wakes.items() if at is not None]:
        await unit.timers.set(waking)
    if over := [ref for ref, at in wakes.items() if at is None]:
        await unit.timers.cancel(CLOCK_TIMER, over)


async def note_breaches(unit: Unit, clocks: Sequence[Clock], now: int) -> list[Clock]:
    """Running clocks whose time is over, breached: with an owner, and with whom the ball was for a cause."""
    late = [ended(clock, ClockState.BREACHED, now, (CLOCK_ACTOR,)) for clock in clocks]
    causes = {clock.id: f"ball_with_{ball_of(clock).value}" for clock in late}
    facts = [
        fact_of(clock, CLOCK_BREACHED, now, due_at=clock.due_at, cause=causes[clock.id]) for clock in late
    ]
    await write(unit, late, facts)
    await unit.clocks.breach(
        [Breach(one.id, one.case, one.policy, one.due_at, now, one.owner, causes[one.id]) for one in late]
    )
    return late


def is_late(clock: Clock, now: int) -> bool:
    """Whether a clock runs on though its time is over."""
    return clock.state is ClockState.RUNNING and now >= clock.due_at
