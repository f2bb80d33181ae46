"""A clock wakes when a share of its time is used, or all of it: it warns, or it is breached."""

from __future__ import annotations

from msgspec.structs import replace

from countermand.flows.clock_house import ClockHouse, fact_of, is_late, note_breaches, write
from countermand.flows.run_timers import TimerHandler
from countermand.vocabulary.clocks import CLOCK_TIMER, Clock, ClockState
from countermand.vocabulary.facts import CLOCK_WARNED, Fact
from countermand.vocabulary.timers import Timer
from countermand.work import Unit

# Somebody else is at the clock right now: look again, soon.
BUSY_MICROS = 50_000


def clock_waker(house: ClockHouse) -> TimerHandler:
    """The handler of `clock` timers."""

    async def handle(unit: Unit, timers: list[Timer]) -> None:
        await wake_clocks(house, unit, timers)

    return handle


async def wake_clocks(house: ClockHouse, unit: Unit, timers: list[Timer]) -> None:
    """Warn for each share that is used since the last time; breach what is due; set the next timers.

    It waits for nobody: whoever moves a clock has its case first, its row then, and its timer at the end.
    """
    now = house.time.now()
    found = await unit.clocks.lock_free([timer.ref for timer in timers])
    busy = {timer.ref for timer in timers} - {clock.id for clock in found}
    await unit.timers.set([Timer(CLOCK_TIMER, ref, now + BUSY_MICROS) for ref in sorted(busy)])
    warned: list[Clock] = []
    facts: list[Fact] = []
    for clock in found:
        if clock.state is ClockState.RUNNING:
            passed = sum(at <= now for at in clock.warn_at)
            rule = house.rules.get(clock.policy)
            percents = () if rule is None else rule.warn_percents
            for number in range(clock.warned, passed):
                percent = percents[number] if number < len(percents) else None
                facts.append(fact_of(clock, CLOCK_WARNED, now, percent=percent, due_at=clock.due_at))
            warned.append(replace(clock, warned=max(clock.warned, passed)))
    await write(unit, [clock for clock in warned if not is_late(clock, now)], [])
    await unit.note(facts)
    await note_breaches(unit, [clock for clock in warned if is_late(clock, now)], now)
