"""What happens to a case in one unit of work: its events, the facts of them, and the clocks that follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.cases.case import apply
from countermand.cases.case_clocks import Line, moves_of, started_at
from countermand.flows.clock_house import ClockHouse
from countermand.flows.run_clocks import cancel_clock, meet_clock, pass_ball, start_clock
from countermand.vocabulary.cases import Ball, Case, CaseEvent, EventKind
from countermand.vocabulary.clocks import LIVE, ClockState
from countermand.vocabulary.facts import CASE_CHANGED, Fact
from countermand.vocabulary.subject_keys import person_key
from countermand.work import Unit

HOUSE_PACK = "house"
NOBODY = "desk"


@dataclass(frozen=True, slots=True)
class CaseClocks:
    """How clocks follow cases here: `packs` are those in use beside the house's own."""

    house: ClockHouse
    lines: Sequence[Line]
    packs: Collection[str]

    def uses(self, policy: str) -> bool:
        """Whether a policy stands in a pack that is in use."""
        pack = self.house.rules.pack_of(policy)
        return pack == HOUSE_PACK or pack in self.packs


@dataclass(slots=True)
class Happenings:
    """Events of one case, applied one by one and written together; `case` is how it stands after them."""

    case: Case
    now: int
    trace: str | None = None
    events: list[CaseEvent] = field(default_factory=list)

    @classmethod
    def of_new(cls, opened: CaseEvent) -> Happenings:
        """Of a case that this event opens; the event itself is written by whoever opens the case."""
        return cls(apply(None, opened), opened.at, opened.trace, [])

    def happen(self, kind: EventKind, body: dict[str, Any], actor: str) -> CaseEvent:
        """One event more. Raises Conflict as `cases.case.apply`."""
        event = CaseEvent(
            case=self.case.id,
            seq=self.case.version + 1,
            kind=kind,
            at=self.now,
            actor=actor,
            body=body,
            trace=self.trace,
        )
        self.case = apply(self.case, event)
        self.events.append(event)
        return event

    async def write(self, unit: Unit, clocks: CaseClocks) -> None:
        """Write the events, their facts, and move the clocks. Raises Conflict (`case_changed`)."""
        if not self.events:
            return
        await unit.cases.append(self.case, self.events)
        subject = await subject_of(unit, self.case)
        await unit.note([_fact(event, subject) for event in self.events])
        for event in self.events:
            await follow_clocks(unit, clocks, self.case, event)


async def subject_of(unit: Unit, case: Case) -> str | None:
    """The random handle of whom a case is about, where the record has one."""
    key = case.account or (None if case.person is None else person_key(case.person))
    return None if key is None else (await unit.handles([key])).get(key)


def _fact(event: CaseEvent, subject: str | None) -> Fact:
    body = {"case": event.case, "seq": event.seq, "kind": event.kind.value, "actor": event.actor}
    return Fact(event.at, CASE_CHANGED, body, subject, event.trace)


async def follow_clocks(unit: Unit, clocks: CaseClocks, case: Case, event: CaseEvent) -> None:
    """Start, meet, cancel and pause the clocks of a case after an event of it."""
    house, moves = clocks.house, moves_of(clocks.lines, case, event)
    if event.kind is EventKind.BALL_PASSED:
        await pass_ball(house, unit, case.id, case.ball, event.actor, event.kind.value)
    if moves.meet or moves.cancel:
        for clock in await unit.clocks.of_case(case.id):
            if clock.policy in moves.meet and (clock.state in LIVE or clock.state is ClockState.BREACHED):
                await meet_clock(house, unit, clock.id, event.actor)
            elif clock.policy in moves.cancel and clock.state in LIVE and clock.due_at > house.time.now():
                await cancel_clock(house, unit, clock.id, event.actor, event.kind.value)
    owner = case.owner or NOBODY
    running = {one.policy for one in await unit.clocks.of_case(case.id) if one.state in LIVE}
    for policy in moves.start:
        if clocks.uses(policy) and policy not in running:
            since = started_at(case, event)
            await start_clock(house, unit, case.id, policy, since, owner, case.ball)
