"""What stays of a report: its bytes, its message and files, what was promised, who is told, and the facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countermand.cases.numbers import spoken
from countermand.cases.ports import Inbound, KeptFile, Promise
from countermand.flows.arrivals import Arrival, message_id, promise_id
from countermand.flows.committed import Label, commitments
from countermand.flows.hidden_values import hidden_values
from countermand.flows.kept_words import Seals
from countermand.flows.read_pictures import readings_wanted
from countermand.flows.reception import Reception
from countermand.intake.redaction import mask
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_HOUR
from countermand.vocabulary.cases import (
    Case,
    Direction,
    Message,
)
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import CASE_OPENED, REPORT_RECEIVED, Fact
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.reports import answers_port, media_port
from countermand.work import Unit

ANSWER = "/answer"
HUMAN_CONTACT = "human_contact"
MACHINE = "countermand"


def answer_id(inbound: str) -> str:
    """The effect that carries the answer to what came in."""
    return f"{inbound}{ANSWER}"


async def keep_report(
    house: Reception,
    unit: Unit,
    arrival: Arrival,
    case: Case,
    answer: dict[str, Any],
    subject: str | None,
    seals: Seals,
) -> None:
    """Bytes, message, files, promise, notice and facts; `subject` is the handle of whom the case is about.

    The unit raises Outdated at its end where the key was taken meanwhile.
    """
    report = arrival.report
    sealed = seals.seal(report.raw, f"inbound {arrival.inbound}")
    inbound = Inbound(
        id=arrival.inbound,
        channel=report.channel.value,
        key=report.key,
        digest=digest(report.raw),
        sealed=sealed,
        sender=arrival.sender,
        received_at=report.received_at,
        case=case.id,
        answer=answer,
    )
    await unit.cases.receive_later(inbound)
    message = message_id(arrival)
    text = seals.seal(report.text.encode(), f"message {message}")
    kept = Message(
        id=message,
        case=case.id,
        direction=Direction.IN,
        channel=report.channel.value,
        author="customer",
        at=report.received_at,
        language=arrival.language,
        masked=arrival.shown.text,
        sealed=text,
        inbound=arrival.inbound,
        secret_said=arrival.shown.secret_said,
    )
    await unit.cases.add_messages([kept])
    await unit.cases.add_values(case.id, message, hidden_values(house.vault, report.text))
    if arrival.report.attachments:
        files = _files(seals, arrival, message)
        await unit.cases.attach(files)
        if READING_PORT in house.effect_ports:
            await unit.effects.put(readings_wanted(case.id, files, arrival.now, arrival.trace))
    if arrival.promises:
        await _promise(house, unit, arrival, case, answer)
    key = await house.salts.key(unit, case, opened=answer["opened"], subject=subject)
    await unit.note(_facts(arrival, case, answer, subject, key))


async def _promise(
    house: Reception, unit: Unit, arrival: Arrival, case: Case, answer: dict[str, Any]
) -> None:
    """A person speaks to whoever reported, the holder is told, and the sender is answered."""
    promised = Promise(
        id=promise_id(arrival),
        case=case.id,
        code=HUMAN_CONTACT,
        due_at=arrival.human_by,
        made_at=arrival.now,
        made_by=MACHINE,
    )
    await unit.cases.promise([promised])
    effects = [
        *_told(house, arrival, case, answer),
        *await _answered(house, unit, arrival, case),
        *_fetched(house, arrival),
    ]
    if effects:
        await unit.effects.put(effects)


def _files(seals: Seals, arrival: Arrival, message: str) -> Sequence[KeptFile]:
    return [
        KeptFile(
            id=f"{message}/{place}",
            message=message,
            name=mask(file.name).text,
            media_type=file.media_type,
            size=len(file.content),
            digest=digest(file.content),
            sealed=seals.seal(file.content, f"attachment {message}/{place}"),
        )
        for place, file in enumerate(arrival.report.attachments, 1)
    ]


def _told(house: Reception, arrival: Arrival, case: Case, answer: dict[str, Any]) -> list[Effect]:
    """The holder is told of a report about their account, whoever made it; of a stop they are anyway."""
    told_anyway = answer["scope"] is not None or arrival.report.told_by_channel
    if case.account is None or told_anyway or "notices" not in house.effect_ports:
        return []
    values = {"case": spoken(case.number), "until": arrival.human_by}
    body = {"account": case.account, "person": case.person, "values": values, "urgency": "security"}
    effect = Effect(
        id=f"{arrival.inbound}/notice",
        port="notices",
        action="report_received",
        lane=case.account,
        body={name: value for name, value in body.items() if value is not None},
        placed_at=arrival.now,
        due_at=arrival.now,
        trace=arrival.trace,
    )
    return [effect]


async def _answered(house: Reception, unit: Unit, arrival: Arrival, case: Case) -> list[Effect]:
    """The answer leaves through the outbox where the channel carries it; one an hour to one sender in a case.

    It names what came in and nothing else: words and address are looked up when it leaves.
    """
    report, port = arrival.report, answers_port(arrival.report.channel)
    if not report.answer_later or arrival.sender is None or port not in house.effect_ports:
        return []
    if await unit.cases.answered_lately(case.id, arrival.sender, arrival.now - MICROS_PER_HOUR):
        return []
    effect = Effect(
        id=answer_id(arrival.inbound),
        port=port,
        action="answer",
        lane=None,
        body={"inbound": arrival.inbound},
        placed_at=arrival.now,
        due_at=arrival.now,
        alarm_at=arrival.now + MICROS_PER_HOUR // 4,
        trace=arrival.trace,
    )
    return [effect]


def _fetched(house: Reception, arrival: Arrival) -> list[Effect]:
    """Files that the channel keeps are fetched once the answer is out; their names stand in the bytes."""
    port = media_port(arrival.report.channel)
    if port not in house.effect_ports:
        return []
    return [
        Effect(
            id=f"{arrival.inbound}/media/{place}",
            port=port,
            action="fetch",
            lane=None,
            body={"inbound": arrival.inbound, "place": place},
            placed_at=arrival.now,
            due_at=arrival.now,
            alarm_at=arrival.now + MICROS_PER_HOUR,
            trace=arrival.trace,
        )
        for place in range(1, len(arrival.report.media) + 1)
    ]


def report_values(raw: bytes, text: str, answer: dict[str, Any], files: Sequence[bytes]) -> dict[str, Any]:
    """What the fact of a report binds: the bytes, what they were understood as, what was answered."""
    named = {f"file/{place}": content for place, content in enumerate(files, 1)}
    return {"raw": raw, "text": text, "answer": answer, **named}


def _facts(
    arrival: Arrival, case: Case, answer: dict[str, Any], subject: str | None, key: bytes
) -> list[Fact]:
    report = arrival.report
    values = report_values(report.raw, report.text, answer, [one.content for one in report.attachments])
    promised = {HUMAN_CONTACT: arrival.human_by} if arrival.promises else {}
    heard = {
        "report": arrival.inbound,
        "case": case.id,
        "channel": report.channel.value,
        "risk": arrival.reading.risk.value,
        "category": arrival.reading.category.value,
        "model": arrival.reading.model,
        "incident": answer["incident"],
        "actor": arrival.actor,
        "promised": promised,
        **commitments(key, Label.report(arrival.inbound), values),
    }
    facts = [Fact(arrival.now, REPORT_RECEIVED, heard, subject, arrival.trace)]
    if answer["opened"]:
        bound = commitments(key, Label.opened(case.id), {"number": case.number})
        opened = {"case": case.id, "first_at": case.first_at, **bound}
        facts.insert(0, Fact(arrival.now, CASE_OPENED, opened, subject, arrival.trace))
    return facts
