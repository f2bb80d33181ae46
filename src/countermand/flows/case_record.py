"""The record of a case, gathered in one transaction: every paper about it is made from the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from countermand.cases.numbers import spoken
from countermand.evidence.case_record import CaseRecord, FactLine, OperationRecord, Stop
from countermand.flows.address_book import AddressBook, Sealer
from countermand.kernel.clock import MICROS_PER_DAY, Clock
from countermand.vocabulary.cases import Case, CaseEvent
from countermand.vocabulary.notices import Notice, Sending
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.subject_keys import person_key
from countermand.work import Unit

# Where no containment named the operations in question: those of the account in the day before the report.
BEFORE_MICROS = MICROS_PER_DAY
OPERATIONS_MAX = 200
LATER_MAX = 500
NOTICES_MAX = 200
FACTS_MAX = 5000
_OPERATION = msgspec.json.Decoder(Operation)


class RecordHouse(Protocol):
    """What gathering needs of a house."""

    @property
    def clock(self) -> Clock: ...

    @property
    def vault(self) -> Sealer: ...


async def gathered(house: RecordHouse, unit: Unit, case: Case, *, facts: bool = False) -> CaseRecord:
    """Everything about a case; the journal's lines too where a paper needs them. Raises Unavailable."""
    parts = (case.id, *(name for name, _ in case.absorbed))
    events = [event for part in parts for event in await unit.cases.events(part)]
    incidents = _incidents(case, events)
    stops = await unit.paper_record.stops(incidents)
    operations = await _operations(unit, case, incidents)
    later: list[str] = []
    if case.account is not None:
        later = await unit.paper_record.operations_since(case.account, case.first_at, LATER_MAX + 1)
    now = house.clock.now()
    since = min([case.first_at, *(one.received_at for one in operations)]) - BEFORE_MICROS
    notices: list[tuple[Notice, tuple[Sending, ...]]] = []
    if case.account is not None:
        notices = await unit.paper_record.notices(case.account, since, now, NOTICES_MAX)
    record = CaseRecord(
        case=case,
        number=spoken(case.number),
        made_at=now,
        parts=parts,
        events=tuple(sorted(events, key=lambda one: (one.at, one.case, one.seq))),
        messages=tuple(
            sorted([one for part in parts for one in await unit.cases.messages(part)], key=lambda one: one.at)
        ),
        heard=tuple(await unit.paper_record.heard(parts)),
        operations=tuple(operations),
        later=tuple(await unit.paper_record.operations(later[:LATER_MAX])),
        later_cut=len(later) > LATER_MAX,
        stops=tuple(stops),
        notices=tuple(notices),
        clocks=tuple([one for part in parts for one in await unit.clocks.of_case(part)]),
        exhibits=tuple([one for part in parts for one in await unit.evidence.exhibits(part)]),
        custody=tuple([one for part in parts for one in await unit.evidence.custody_of_case(part)]),
        addresses=tuple(await _addresses(house, unit, case)),
    )
    if not facts:
        return record
    return msgspec.structs.replace(record, facts=tuple(await _facts(unit, record)))


def _incidents(case: Case, events: Iterable[CaseEvent]) -> list[str]:
    """Those that the case has, and those that its parts brought."""
    told = [str(event.body["incident"]) for event in events if event.body.get("incident")]
    return sorted({*case.incidents, *told})


async def _operations(unit: Unit, case: Case, incidents: Sequence[str]) -> list[OperationRecord]:
    """What the incidents asked to be kept; without any, the last day of the account before the report."""
    named = await unit.paper_record.operations_kept(incidents)
    if not named and case.account is not None:
        since = case.first_at - BEFORE_MICROS
        bodies = await unit.cases.operations_between(case.account, since, case.first_at, OPERATIONS_MAX)
        named = [_OPERATION.decode(body).id for body in bodies]
    found = await unit.paper_record.operations(named)
    return found[-OPERATIONS_MAX:]


async def _addresses(house: RecordHouse, unit: Unit, case: Case) -> list[str]:
    """The addresses of the holder, so that it can be shown that no paper has them."""
    if case.account is None:
        return []
    known = AddressBook(house.vault).opened(case.account, await unit.contacts.of(case.account))
    return [point.address for point in known.contacts.points]


async def _facts(unit: Unit, record: CaseRecord) -> list[FactLine]:
    account, person = record.case.account, record.case.person
    keys = [account, None if person is None else person_key(person)]
    handles = await unit.handles([one for one in keys if one is not None])
    return await unit.paper_record.facts(
        set(_instants(record)),
        record.parts,
        sorted(handles.values()),
        [one.operation.id for one in record.operations],
        FACTS_MAX,
    )


def _instants(record: CaseRecord) -> Iterator[int]:
    """Every instant at which something of the case was written down: facts carry exactly these."""
    for event in record.events:
        yield event.at
    for heard in record.heard:
        yield heard.received_at
    for one in record.operations:
        yield from _of_operation(one)
    for stop in record.stops:
        yield from _of_stop(stop)
    for notice, sendings in record.notices:
        yield notice.at
        for way in sendings:
            yield from (at for at in (way.planned_at, way.ended_at, way.confirmed_at) if at is not None)
    for touch in record.custody:
        yield touch.at
    for clock in record.clocks:
        yield clock.started_at
        if clock.ended_at is not None:
            yield clock.ended_at


def _of_operation(one: OperationRecord) -> Iterator[int]:
    yield one.received_at
    if one.consent is not None:
        yield one.consent.given_at
    yield from (given.at for given in one.confirmations)
    for attempt in one.attempts:
        yield attempt.begun_at
        if attempt.ended_at is not None:
            yield attempt.ended_at
    if one.hold is not None:
        yield one.hold.placed_at
        if one.hold.ended_at is not None:
            yield one.hold.ended_at
    yield from (given.at for given in one.approvals)
    if one.label is not None:
        yield one.label.recorded_at


def _of_stop(stop: Stop) -> Iterator[int]:
    yield stop.incident.placed_at
    if stop.incident.closed_at is not None:
        yield stop.incident.closed_at
    for order in stop.orders:
        yield order.placed_at
        if order.lifted_at is not None:
            yield order.lifted_at
    for effect in stop.effects:
        if effect.ended_at is not None:
            yield effect.ended_at
