"""What happens to a case in one unit of work: its events, the facts of them, and the clocks that follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.cases.case import apply
from countermand.cases.case_clocks import ClockMoves, Line, moves_of, started_at
from countermand.flows.clock_house import ClockHouse
from countermand.flows.committed import Label, Salts, commitments
from countermand.flows.run_clocks import cancel_clock, meet_clock, pass_ball, start_clocks
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.vocabulary.cases import Case, CaseEvent, EventKind
from countermand.vocabulary.clocks import LIVE, Clock, ClockState
from countermand.vocabulary.facts import CASE_CHANGED, Fact
from countermand.vocabulary.reports import Channel
from countermand.vocabulary.subject_keys import person_key
from countermand.work import Unit

HOUSE_PACK = "house"
# No clock of any pack runs for longer; what is older need not be reckoned to be known as over.
LONGEST_MICROS = 400 * MICROS_PER_DAY
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


class RecordingHouse(Protocol):
    """What writing events needs of the house."""

    @property
    def clocks(self) -> CaseClocks: ...

    @property
    def salts(self) -> Salts: ...


@dataclass(slots=True)
class Happenings:
    """Events of one case, applied one by one and written together; `case` is how it stands after them."""

    case: Case
    now: int
    trace: str | None = None
    events: list[CaseEvent] = field(default_factory=list)

    @classmethod
    def of_new(cls, opened: CaseEvent) -> Happenings:
        """Of a case that this event opens."""
        return cls(apply(None, opened), opened.at, opened.trace, [opened])

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

    async def write(self, unit: Unit, house: RecordingHouse) -> bool:
        """Write the events, their facts, and move the clocks; False where a new case's number is taken.

        Raises Conflict (`case_changed`).
        """
        return await record_events(unit, house, self.case, self.events)

    async def write_later(self, unit: Unit, house: RecordingHouse, subject: str | None) -> None:
        """The same, a new case at the unit's end; `subject` is the handle of whom it is about.

        The unit raises Outdated where the number of a new case is taken. Raises Conflict (`case_changed`).
        """
        if self.events[0].kind is EventKind.OPENED:
            await unit.cases.open_later(self.case, self.events)
        else:
            await unit.cases.append(self.case, self.events)
        await _follow(unit, house, self.case, self.events, subject)


async def record_events(unit: Unit, house: RecordingHouse, case: Case, events: Sequence[CaseEvent]) -> bool:
    """Write events of a case, which stands as `case` after them, with facts and clocks; see `Happenings`."""
    if not events:
        return True
    if events[0].kind is not EventKind.OPENED:
        await unit.cases.append(case, events)
    elif not await unit.cases.open(case, events):
        return False
    await _follow(unit, house, case, events, await subject_of(unit, case))
    return True


async def _follow(
    unit: Unit, house: RecordingHouse, case: Case, events: Sequence[CaseEvent], subject: str | None
) -> None:
    opened = events[0].kind is EventKind.OPENED
    key = await house.salts.key(unit, case, opened=opened, subject=subject)
    await unit.note([_fact(event, subject, key) for event in events])
    await follow_clocks(unit, house.clocks, case, events)


async def subject_of(unit: Unit, case: Case) -> str | None:
    """The random handle of whom a case is about, where the record has one."""
    key = key_of(case.account, case.person)
    return None if key is None else (await unit.handles([key])).get(key)


def key_of(account: str | None, person: str | None) -> str | None:
    """Under which key the record knows whom a case is about."""
    return account or (None if person is None else person_key(person))


def _fact(event: CaseEvent, subject: str | None, key: bytes) -> Fact:
    bound = commitments(key, Label.event(event.case, event.seq), {"body": event.body})
    body = {"case": event.case, "seq": event.seq, "kind": event.kind.value, "actor": event.actor, **bound}
    return Fact(event.at, CASE_CHANGED, body, subject, event.trace)


async def follow_clocks(unit: Unit, clocks: CaseClocks, case: Case, events: Sequence[CaseEvent]) -> None:
    """Pause, meet, cancel and start the clocks of a case after events of it; a new case has none yet."""
    house = clocks.house
    wanted: dict[str, int] = {}
    imported = case.channel == Channel.IMPORT
    for event in events:
        if imported and event.body.get("channel") == Channel.IMPORT and event.kind is not EventKind.OPENED:
            continue  # said to another desk, long ago: no reply is due here from now on
        moves = moves_of(clocks.lines, case, event)
        if event.kind is EventKind.BALL_PASSED:
            await pass_ball(house, unit, case.id, case.ball, event.actor, event.kind.value)
        if (moves.meet or moves.cancel) and event.seq > 1:
            for clock in await unit.clocks.of_case(case.id):
                await _settle(unit, house, clock, moves, event)
        wanted |= {policy: started_at(case, event) for policy in moves.start if clocks.uses(policy)}
    if wanted and events[0].kind is not EventKind.OPENED:
        running = {one.policy for one in await unit.clocks.of_case(case.id) if one.state in LIVE}
        wanted = {policy: since for policy, since in wanted.items() if policy not in running}
    if imported:
        since_min = house.time.now() - LONGEST_MICROS
        wanted = {policy: since for policy, since in wanted.items() if since >= since_min}
    if wanted:
        owner = case.owner or NOBODY
        new = events[0].kind is EventKind.OPENED
        await start_clocks(house, unit, case.id, wanted, owner, case.ball, only_ahead=imported, of_new=new)


async def _settle(unit: Unit, house: ClockHouse, clock: Clock, moves: ClockMoves, event: CaseEvent) -> None:
    over = clock.state is ClockState.BREACHED or clock.due_at <= house.time.now()
    if clock.policy in moves.meet and (clock.state in LIVE or over):
        await meet_clock(house, unit, clock.id, event.actor)
    elif clock.policy in moves.cancel and clock.state in LIVE and not over:
        await cancel_clock(house, unit, clock.id, event.actor, event.kind.value)
