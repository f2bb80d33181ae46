"""A case is told once nothing of an incident of its binds any more, whoever gave it back and wherever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from countermand.flows.case_events import Happenings, RecordingHouse
from countermand.flows.run_timers import TimerHandler
from countermand.kernel.clock import Clock
from countermand.vocabulary.cases import Contained, EventKind
from countermand.vocabulary.incidents import INCIDENT_OVER_TIMER, LiftingKind, LiftingRecord
from countermand.vocabulary.timers import Timer
from countermand.work import Unit


async def tell_cases_later(unit: Unit, incidents: Iterable[str], now: int) -> None:
    """Something of these incidents was lifted: their cases are told after this unit, at once.

    Later, so that a lifting knows nothing of cases, and waits for none. No unit that has locked a case calls
    it: who tells cases has claimed the timer before it locks them.
    """
    await unit.timers.set([Timer(INCIDENT_OVER_TIMER, incident, now) for incident in sorted(set(incidents))])


def case_teller(house: RecordingHouse, clock: Clock) -> TimerHandler:
    """The handler of `incident_over` timers."""

    async def handle(unit: Unit, timers: list[Timer]) -> None:
        await tell_cases(house, clock, unit, [timer.ref for timer in timers])

    return handle


async def tell_cases(house: RecordingHouse, clock: Clock, unit: Unit, incidents: Sequence[str]) -> None:
    """Each case that still counts on one of these incidents has an event more; the others are left."""
    binding = {order.incident for order in await unit.standing.of_incidents(incidents)}
    over = [incident for incident in incidents if incident not in binding]
    for case in await unit.cases.lock(await unit.cases.of_incidents(over)):
        happened = Happenings(case, max(clock.now(), case.updated_at))
        for incident in over:
            if incident in case.incidents:
                _give_back(happened, incident, (await unit.incidents.liftings(incident))[-1])
        await happened.write(unit, house)


def _give_back(happened: Happenings, incident: str, last: LiftingRecord) -> None:
    left = Contained.ENDED if last.kind is LiftingKind.END else Contained.LIFTED
    if dict(happened.case.held)[incident] in (Contained.ENDED, Contained.LIFTED):
        return
    happened.happen(EventKind.GIVEN_BACK, {"incident": incident, "contained": left.value}, last.lifted_by)
