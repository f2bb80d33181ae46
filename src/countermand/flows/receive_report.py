"""Every report is heard at once: kept as it came, contained first, given a number, and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from countermand.cases.case import risk_of
from countermand.cases.numbers import NUMBER_DIGITS, number_of, secret_of
from countermand.cases.ports import Inbound
from countermand.flows.answer_at_once import answer_at_once, party_of
from countermand.flows.arrivals import Arrival, Heard, message_id, promise_id, understood
from countermand.flows.case_events import Happenings, key_of
from countermand.flows.contain_now import contain_within, keys_of
from countermand.flows.incident_words import key_reused
from countermand.flows.keep_reports import HUMAN_CONTACT, MACHINE, keep_report
from countermand.flows.kept_words import seals_of
from countermand.flows.recall_money import recall_later
from countermand.flows.reception import RECEIPT_KEY, Reception
from countermand.flows.report_words import receipt_of, with_words
from countermand.intake.warnings import shown, warnings_in
from countermand.kernel.canonical import digest
from countermand.kernel.errors import Conflict, Unavailable
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.cases import Case, CaseEvent, Contained, EventKind, Stage
from countermand.vocabulary.incidents import ContainRequest, Preset
from countermand.vocabulary.reports import Report, Standing
from countermand.vocabulary.triage import Reading
from countermand.work import Unit
from countermand.work.record import Outdated, is_recordable, unrecordable_text

_PRESET_CONTAINED = {Preset.LIMITED: Contained.SOFT_HOLD, Preset.EVERYTHING: Contained.FROZEN}
_TRIES = 5
# So many gates may one group of reports hold, and for so many containments: decisions wait for them.
STOPS_TOGETHER_MAX = 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Story:
    """A new report, what it has stopped, and what has happened to its case by it."""

    arrival: Arrival
    stopped: dict[str, Any] | None
    happened: Happenings

    @property
    def about(self) -> str | None:
        """Under which key the record knows whom the case is about."""
        return key_of(self.happened.case.account, self.happened.case.person)


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
    Raises Conflict (`key_reused`: other bytes under the same key), BadRequest (`unrecordable_text`),
    Unavailable.
    """
    _require_recordable(report)
    heard = Heard(report, actor, trace, with_secret)
    received: Received = await house.turns.take(heard, _marks(report), partial(_receive_all, house))
    return received


def _require_recordable(report: Report) -> None:
    """Refuse a text that cannot be kept before the report joins others, which it would hold up."""
    files = (file.name for file in report.attachments)
    texts = (report.text, report.key, report.account, report.person, report.thread, report.sender.address)
    for text in (*texts, report.language, *report.operations, *files):
        if text is not None and not is_recordable(text):
            raise unrecordable_text()


def _marks(report: Report) -> frozenset[tuple[str, str]]:
    """What no two reports that are worked on at the same time share: then the later one sees the earlier."""
    marks = {
        "key": f"{report.channel.value} {report.key}",
        "account": report.account,
        "person": report.person,
        "sender": report.sender.address,
        "thread": report.thread,
    }
    return frozenset((name, value) for name, value in marks.items() if value is not None)


async def _receive_all(house: Reception, heard: Sequence[Heard]) -> Sequence[Received | Exception]:
    """Reports that arrived together, understood together and recorded in few transactions.

    What stops something goes first, in small groups: decisions on its accounts wait while one is recorded.
    """
    try:
        received, arrivals = await _understand(house, heard)
    except Unavailable:
        raise
    except Exception as error:
        log.exception("reports_apart", reports=len(heard), error=type(error).__name__)
        return [await _receive_alone(house, one) for one in heard]
    stopping = [place for place, arrival in arrivals.items() if arrival.preset is not None]
    quiet = [place for place, arrival in arrivals.items() if arrival.preset is None]
    starts = range(0, len(stopping), STOPS_TOGETHER_MAX)
    for group in (*(stopping[start : start + STOPS_TOGETHER_MAX] for start in starts), quiet):
        if group:
            received |= await _record_group(house, heard, {place: arrivals[place] for place in group})
    return [received[place] for place in range(len(heard))]


async def _record_group(
    house: Reception, heard: Sequence[Heard], arrivals: Mapping[int, Arrival]
) -> Mapping[int, Received | Exception]:
    """In one transaction; where that fails, each in its own, so that who is at fault fails alone."""
    try:
        async with house.works.open() as unit:
            return await _record_all(house, unit, heard, arrivals)
    except Unavailable as error:
        return dict.fromkeys(arrivals, error)
    except Exception as error:  # noqa: BLE001 - it is raised again where it came from
        log.info("reports_apart", reports=len(arrivals), error=type(error).__name__)
        return {place: await _receive_alone(house, heard[place]) for place in arrivals}


async def _receive_alone(house: Reception, heard: Heard) -> Received | Exception:
    for _ in range(_TRIES):
        try:
            received, arrivals = await _understand(house, [heard])
            if arrivals:
                async with house.works.open() as unit:
                    received = dict(await _record_all(house, unit, [heard], arrivals))
            return received[0]
        except Outdated:
            continue  # its key or its number was taken meanwhile
        except Exception as error:  # noqa: BLE001 - it is raised where the report came from
            return error
    return Unavailable(
        "report_contended",
        "Too many copies of this report arrive at once; send it again, it is safe.",
        "同一诉求同时到达过多；请重新发送，不会重复生效。",
    )


async def _understand(
    house: Reception, heard: Sequence[Heard]
) -> tuple[dict[int, Received | Exception], dict[int, Arrival]]:
    """By place: what those that were heard before come to, and what is understood of the new ones."""
    async with house.works.open() as unit:
        known = await unit.cases.inbounds([(one.report.channel.value, one.report.key) for one in heard])
        told = [known.get((one.report.channel.value, one.report.key)) for one in heard]
        new = [place for place, there in enumerate(told) if there is None]
        arrivals = await understood(house, unit, [heard[place] for place in new])
    received: dict[int, Received | Exception] = {
        place: _again(house, heard[place], there) for place, there in enumerate(told) if there is not None
    }
    return received, dict(zip(new, arrivals, strict=True))


async def _record_all(
    house: Reception, unit: Unit, heard: Sequence[Heard], arrivals: Mapping[int, Arrival]
) -> Mapping[int, Received]:
    """What new reports come to, by place.

    Everything is locked in one order, together, so that two units never wait for each other: gates, cases.
    """
    asked = {place: _stop_asked(arrival) for place, arrival in arrivals.items()}
    await unit.gate({key for request in asked.values() if request is not None for key in keys_of(request)})
    stopped = {place: await _stop(house, unit, arrivals[place], asked[place]) for place in arrivals}
    going_on = {one.match.case.id for one in arrivals.values() if one.match.case is not None}
    locked = {case.id: case for case in await unit.cases.lock(going_on)} if going_on else {}
    stories = {
        place: _Story(arrival, stopped[place], _happened(house, arrival, stopped[place], locked))
        for place, arrival in arrivals.items()
    }
    handles = await unit.handles({one.about for one in stories.values() if one.about is not None})
    received = {}
    for place, story in sorted(stories.items(), key=lambda item: party_of(item[1].arrival)):
        subject = None if story.about is None else handles.get(story.about)
        received[place] = await _record(house, unit, story, subject, with_secret=heard[place].with_secret)
    return received


def _again(house: Reception, heard: Heard, known: Inbound) -> Received | Conflict:
    if known.digest != digest(heard.report.raw):
        return key_reused(heard.report.key)
    return _answered(house, known.case, known.answer, again=True, with_secret=heard.with_secret)


async def _record(
    house: Reception, unit: Unit, story: _Story, subject: str | None, *, with_secret: bool
) -> Received:
    """The case of a report that is new, its answer, and everything that is kept of it."""
    arrival, report, happened = story.arrival, story.arrival.report, story.happened
    opened = happened.events[0].kind is EventKind.OPENED
    await happened.write_later(unit, house, subject)
    if BANKING in house.effect_ports and report.sender.standing is Standing.PROVEN:
        await recall_later(unit, arrival.inbound, report.operations, arrival.now)
    answer = receipt_of(
        happened.case.number,
        report.received_at,
        arrival.reading,
        story.stopped,
        human_by=arrival.human_by,
        for_a_day=arrival.preset is Preset.LIMITED,
        secret_said=arrival.shown.secret_said,
        warnings=shown(warnings_in(report.text, house.warnings)),
    )
    seals = await seals_of(house, unit, happened.case, opened=opened, subject=subject)
    reply = None
    if arrival.promises:
        stopped = story.stopped is not None
        reply = await answer_at_once(house, unit, arrival, happened.case, seals, stopped=stopped)
    kept = {**answer, "opened": opened, "reply": reply}
    await keep_report(house, unit, arrival, happened.case, kept, subject, seals)
    return _answered(house, happened.case.id, kept, again=False, with_secret=with_secret)


def _stop_asked(arrival: Arrival) -> ContainRequest | None:
    """What a report asks to contain: nothing, or by its preset."""
    if arrival.preset is None:
        return None
    report = arrival.report
    return ContainRequest(
        reason=f"report {arrival.inbound}",
        account=report.account,
        person=report.person,
        preset=arrival.preset,
    )


async def _stop(
    house: Reception, unit: Unit, arrival: Arrival, request: ContainRequest | None
) -> dict[str, Any] | None:
    """Contain first: before the case is so much as numbered."""
    if request is None:
        return None
    return await contain_within(house, unit, request, arrival.inbound, arrival.actor, arrival.trace)


def _happened(
    house: Reception, arrival: Arrival, stopped: dict[str, Any] | None, locked: Mapping[str, Case]
) -> Happenings:
    """The case the report goes to, opened or continued, with everything that happened to it just now."""
    # As it is under its lock: it may have been closed or merged since it was found.
    case = None if arrival.match.case is None else locked.get(arrival.match.case.id)
    if case is None or case.merged_into is not None:
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
    return now


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
