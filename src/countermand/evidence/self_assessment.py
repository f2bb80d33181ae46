"""The self-assessment after an incident: one trace from first word to ledger, what was late, what failed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.responsibility import ResponsibilityMap, Verdict
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.vocabulary.cases import EventKind, RootCause
from countermand.vocabulary.clocks import ClockState
from countermand.vocabulary.effects import EffectState
from countermand.vocabulary.facts import (
    CASE_CHANGED,
    CASE_OPENED,
    INCIDENT_CONTAINED,
    ORDER_PLACED,
    REPORT_RECEIVED,
)
from countermand.vocabulary.notices import NOTICES


class Hop(StrEnum):
    """Where a trace is seen, in the order of the way."""

    MESSAGE = "message"
    CASE = "case"
    INCIDENT = "incident"
    ORDERS = "orders"
    OUTBOX = "outbox"
    LEDGER = "ledger"
    NOTICES = "notices"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One place on the way: how many records carry the trace there, how many do not, and when the first was.

    `at` in microseconds UTC, None where there is nothing at that place.
    """

    hop: Hop
    carrying: int
    others: int
    at: int | None


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, in seconds, against its goal; None: it has not happened, maybe late too."""

    code: str
    seconds: int | None
    goal: int
    late: bool


class SelfAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """What an institution says of itself after an incident; `trace` None where no report carried one.

    `broken` are the places where records of this incident carry another trace or none.
    """

    case: str
    made_at: int
    trace: str | None
    way: tuple[Seen, ...]
    broken: tuple[Hop, ...]
    timings: tuple[Timing, ...]
    breached: tuple[str, ...]
    looks: int
    root_cause: RootCause | None
    fix_owner: str | None
    failed: int
    open: int

    @property
    def whole(self) -> bool:
        """Whether one trace leads from the first word as far as anything was told."""
        return self.trace is not None and not self.broken

    @property
    def in_ledger(self) -> bool:
        """Whether core banking has acknowledged something under the trace."""
        return any(one.hop is Hop.LEDGER and one.carrying for one in self.way)

    def told(self) -> dict[str, Any]:
        """For machines."""
        way = [
            {
                "hop": one.hop.value,
                "carrying": one.carrying,
                "others": one.others,
                "at": None if one.at is None else rfc3339(one.at),
            }
            for one in self.way
        ]
        return {
            "v": 1,
            "paper": "self-assessment",
            "case": self.case,
            "made_at": rfc3339(self.made_at),
            "trace": self.trace,
            "whole": self.whole,
            "in_ledger": self.in_ledger,
            "way": way,
            "broken": [one.value for one in self.broken],
            "timings": msgspec.to_builtins(self.timings),
            "breached_clocks": list(self.breached),
            "looks_at_data": self.looks,
            "root_cause": None if self.root_cause is None else self.root_cause.value,
            "fix_owner": self.fix_owner,
            "controls": {"failed": self.failed, "open": self.open},
        }


# From the first word: stopped within a minute, the core told within five, a person within half an hour.
GOALS = {"stopped": 60, "core_told": 300, "first_answer": 1800}


def assessed(record: CaseRecord, found: ResponsibilityMap) -> SelfAssessment:
    """What the record says of how it was handled; total."""
    trace = _trace_of(record)
    way = tuple(_way(record, trace))
    stops = [stop.incident.placed_at for stop in record.stops]
    told = [
        effect.ended_at
        for stop in record.stops
        for effect in stop.effects
        if effect.port == "banking" and effect.state is EffectState.DONE and effect.ended_at is not None
    ]
    answers = [one.at for one in record.messages if one.direction.value == "out"]
    closed = next((one for one in reversed(record.events) if one.kind is EventKind.CLOSED), None)
    return SelfAssessment(
        case=record.number,
        made_at=record.made_at,
        trace=trace,
        way=way,
        broken=tuple(one.hop for one in way if one.others),
        timings=(
            _timing("stopped", record, stops),
            _timing("core_told", record, told),
            _timing("first_answer", record, answers),
        ),
        breached=tuple(one.policy for one in record.clocks if one.state is ClockState.BREACHED),
        looks=sum(one.kind is EventKind.DISCLOSED for one in record.events)
        + sum(one.touch.value in ("viewed", "opened", "exported") for one in record.custody),
        root_cause=record.case.root_cause,
        fix_owner=None if closed is None else closed.body.get("fix_owner"),
        failed=found.count(Verdict.FAILED),
        open=found.count(Verdict.OPEN),
    )


def _timing(code: str, record: CaseRecord, instants: Collection[int]) -> Timing:
    begun, goal = record.case.first_at, GOALS[code]
    first = min((at for at in instants if at >= begun), default=None)
    took = ((record.made_at if first is None else first) - begun) // MICROS_PER_SECOND
    return Timing(code=code, seconds=None if first is None else took, goal=goal, late=took > goal)


def _trace_of(record: CaseRecord) -> str | None:
    """The trace of the report that stopped something; without one, of the one that opened the case."""
    for stop in record.stops:
        traces = [fact.trace for fact in record.facts if fact.at == stop.incident.placed_at and fact.trace]
        traces += [effect.trace for effect in stop.effects if effect.trace]
        if traces:
            return traces[0]
    return next((event.trace for event in record.events if event.trace), None)


def _way(record: CaseRecord, trace: str | None) -> Iterator[Seen]:
    """What carries the trace at each place; only what belongs to this incident counts as another."""
    yield _facts(Hop.MESSAGE, record, trace, REPORT_RECEIVED)
    yield _facts(Hop.CASE, record, trace, CASE_OPENED, CASE_CHANGED)
    yield _facts(Hop.INCIDENT, record, trace, INCIDENT_CONTAINED)
    yield _facts(Hop.ORDERS, record, trace, ORDER_PLACED)
    effects = [effect for stop in record.stops for effect in stop.effects]
    # Notices to the customer leave through the outbox too; they are a hop of their own.
    others = [one for one in effects if one.port != NOTICES]
    yield _seen(Hop.OUTBOX, trace, [(one.trace, one.placed_at) for one in others])
    core = [one for one in effects if one.port == "banking" and one.ended_at is not None]
    yield _seen(Hop.LEDGER, trace, [(one.trace, one.ended_at or 0) for one in core])
    mine = {one.id for one in effects}
    notices = [notice for notice, _ in record.notices if notice.id in mine]
    yield _seen(Hop.NOTICES, trace, [(one.trace, one.at) for one in notices])


def _facts(hop: Hop, record: CaseRecord, trace: str | None, *kinds: str) -> Seen:
    """Facts of the very instants at which something was heard or stopped: later ones have their own trace."""
    instants = {one.received_at for one in record.heard} | {one.incident.placed_at for one in record.stops}
    instants |= {record.case.opened_at}
    found = [(one.trace, one.at) for one in record.facts if one.kind in kinds and one.at in instants]
    return _seen(hop, trace, found)


def _seen(hop: Hop, trace: str | None, found: list[tuple[str | None, int]]) -> Seen:
    carrying = [at for one, at in found if one is not None and one == trace]
    return Seen(
        hop=hop, carrying=len(carrying), others=len(found) - len(carrying), at=min(carrying, default=None)
    )
