"""Every report is heard at once: kept as it came, contained first, given a number, and answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from countermand.cases.case import risk_of
from countermand.cases.numbers import NUMBER_DIGITS, number_of, secret_of
from countermand.flows.answer_at_once import answer_at_once
from countermand.flows.arrivals import Arrival, message_id, promise_id, understood
from countermand.flows.case_events import Happenings
from countermand.flows.contain_now import contain_within
from countermand.flows.incident_words import key_reused
from countermand.flows.keep_reports import HUMAN_CONTACT, MACHINE, keep_report
from countermand.flows.reception import RECEIPT_KEY, Reception
from countermand.flows.report_words import receipt_of, with_words
from countermand.intake.warnings import shown, warnings_in
from countermand.kernel.canonical import digest
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.cases import Case, CaseEvent, Contained, EventKind, Stage
from countermand.vocabulary.incidents import ContainRequest, Preset
from countermand.vocabulary.reports import Report
from countermand.vocabulary.triage import Reading
from countermand.work import Unit

_PRESET_CONTAINED = {Preset.LIMITED: Contained.SOFT_HOLD, Preset.EVERYTHING: Contained.FROZEN}
_TRIES = 5


class _Taken(Exception):
    """The key or the number was taken meanwhile."""


@dataclass(frozen=True, slots=True)
class Received:
    """The case a report went to, the receipt as it is answered, and whether it was known before."""

    case: str
    answer: dict[str, Any]
    again: bool


async def receive_report(
    house: Reception, report: Report, actor: str, trace: str | None = None, *, with_secret: bool = False
) -> Received:
    """Keep a report, stop what it says is not wanted, open or continue a case, and answer: one transaction.

    Told again (same channel and key, same bytes): the same answer, and nothing happens twice. The secret is
    computed, not kept; it is given only `with_secret`, and only with the case it opened.
    Raises Conflict (`key_reused`: other bytes under the same key), Unavailable.
    """
    for _ in range(_TRIES):
        try:
            async with house.turns, house.works.open() as unit:
                return await _receive(house, unit, report, actor, trace, with_secret=with_secret)
        except _Taken:
            continue
    raise Unavailable(
        "report_contended",
        "Too many copies of this report arrive at once; send it again, it is safe.",
        "同一诉求同时到达过多；请重新发送，不会重复生效。",
    )


async def _receive(
    house: Reception, unit: Unit, report: Report, actor: str, trace: str | None, *, with_secret: bool
) -> Received:
    known = await unit.cases.inbound(report.channel.value, report.key)
    if known is not None:
        if known.digest != digest(report.raw):
            raise key_reused(report.key)
        return _answered(house, known.case, known.answer, again=True, with_secret=with_secret)
    arrival = await understood(house, unit, report, actor, trace)
    stopped = await _stop(house, unit, arrival)
    case, opened = await _case(house, unit, arrival, stopped)
    answer = receipt_of(
        case.number,
        report.received_at,
        arrival.reading,
        stopped,
        human_by=arrival.human_by,
        for_a_day=arrival.preset is Preset.LIMITED,
        secret_said=arrival.shown.secret_said,
        warnings=shown(warnings_in(report.text, house.warnings)),
    )
    reply = None
    if arrival.promises:
        reply = await answer_at_once(house, unit, arrival, case, stopped=stopped is not None)
    kept = {**answer, "opened": opened, "reply": reply}
    if not await keep_report(house, unit, arrival, case, kept):
        raise _Taken
    return _answered(house, case.id, kept, again=False, with_secret=with_secret)


async def _stop(house: Reception, unit: Unit, arrival: Arrival) -> dict[str, Any] | None:
    """Contain first: before the case is so much as numbered."""
    report = arrival.report
    if arrival.preset is None:
        return None
    request = ContainRequest(
        reason=f"report {arrival.inbound}",
        account=report.account,
        person=report.person,
        preset=arrival.preset,
    )
    return await contain_within(house, unit, request, arrival.inbound, arrival.actor, arrival.trace)


async def _case(
    house: Reception, unit: Unit, arrival: Arrival, stopped: dict[str, Any] | None
) -> tuple[Case, bool]:
    """The case the report goes to, opened or continued, with everything that happened to it just now."""
    going_on = arrival.match.case
    case = None
    if going_on is not None:
        # Read again under its lock: it may have been closed or merged since it was found.
        case = next((one for one in await unit.cases.lock([going_on.id]) if one.merged_into is None), None)
    if case is None:
        now = Happenings.of_new(_opened(house, arrival))
    else:
        now = Happenings(case, arrival.now, arrival.trace)
    channel = arrival.report.channel.value
    message: dict[str, Any] = {"message": message_id(arrival), "direction": "in", "channel": channel}
    if arrival.report.operations:
        message["operations"] = list(arrival.report.operations)
    now.happen(EventKind.MESSAGE_ADDED, message, arrival.actor)
    if now.case.stage is Stage.CLOSED:
        now.happen(EventKind.REOPENED, {"why": "message"}, MACHINE)
    found = {"found": arrival.report.found} if arrival.report.found else {}
    now.happen(EventKind.READ, {**_reading_body(arrival.reading), **found}, MACHINE)
    if stopped is not None and arrival.preset is not None:
        contained = _PRESET_CONTAINED.get(arrival.preset, Contained.PARTIAL)
        now.happen(
            EventKind.CONTAINED, {"incident": stopped["incident"], "contained": contained.value}, MACHINE
        )
    for other, why in arrival.match.maybe:
        now.happen(EventKind.LINKED, {"case": other, "kind": f"maybe_{why}"}, MACHINE)
    if arrival.promises:
        now.happen(EventKind.PROMISED, {"promise": promise_id(arrival), "code": HUMAN_CONTACT}, MACHINE)
    if not await now.write(unit, house.clocks):
        raise _Taken
    return now.case, case is None


def _opened(house: Reception, arrival: Arrival) -> CaseEvent:
    report, reading = arrival.report, arrival.reading
    body = {
        "number": number_of(house.draw_digits(NUMBER_DIGITS - 1)),
        "risk": risk_of(reading.risk, reading.category, reading.flags).value,
        "category": reading.category.value,
        "channel": report.channel.value,
        "standing": report.sender.standing.value,
        "account": report.account,
        "person": report.person,
        "language": arrival.language,
        "first_at": report.received_at,
    }
    return CaseEvent(
        case=house.ids.new("case", arrival.now),
        seq=1,
        kind=EventKind.OPENED,
        at=arrival.now,
        actor=arrival.actor,
        body={name: value for name, value in body.items() if value is not None},
        trace=arrival.trace,
    )


def _reading_body(reading: Reading) -> dict[str, Any]:
    return {
        "risk": reading.risk.value,
        "category": reading.category.value,
        "flags": sorted(reading.flags),
        "confidence": round(reading.confidence, 4),
        "abstained": reading.abstained,
        "model": reading.model,
    }


def _answered(
    house: Reception, case: str, answer: dict[str, Any], *, again: bool, with_secret: bool
) -> Received:
    given = {name: value for name, value in answer.items() if name != "opened"}
    secret = None
    if with_secret and answer["opened"]:
        secret = secret_of(house.vault.mac_key(RECEIPT_KEY), case, 1)
    return Received(case, with_words(given, secret, house.timezone), again)
