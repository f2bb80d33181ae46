"""A simple question is answered within its own report, where that is safe; a person stays one word away."""

from __future__ import annotations

from typing import Any

from countermand.flows.answer_message import answer_within
from countermand.flows.arrivals import Arrival, message_id
from countermand.flows.case_events import Happenings
from countermand.flows.keep_reports import MACHINE
from countermand.flows.kept_words import Seals
from countermand.flows.reception import Reception
from countermand.flows.settle_case import settle
from countermand.vocabulary.answers import Answered, InboundMessage, Settled
from countermand.vocabulary.cases import Case, Direction, EventKind, Message, Stage
from countermand.vocabulary.triage import Risk
from countermand.work import Unit


async def answer_at_once(
    house: Reception, unit: Unit, arrival: Arrival, case: Case, seals: Seals, *, stopped: bool
) -> dict[str, Any] | None:
    """What the machine answers, as it goes into the receipt; None where a person will.

    Whatever was stopped, or is not a question (P3) through and through, is never left to a machine: it is
    noted for the person who takes over, with what was tried.
    """
    message = InboundMessage(
        id=message_id(arrival),
        case=case.id,
        party=party_of(arrival),
        channel=arrival.report.channel.value,
        text=arrival.shown.text,
        reading=arrival.reading,
        language="en" if arrival.language == "en" else "zh",
    )
    if stopped or case.risk is not Risk.P3 or case.stage is Stage.CLOSED:
        return None
    said = await answer_within(house, unit, message, arrival.trace)
    if isinstance(said, Settled):
        await _say(house, unit, arrival, case, seals, said.text, None, settled=said.reply)
        return {"id": said.reply, "text": said.text, "settled": True}
    if not isinstance(said, Answered):
        return None
    await _say(house, unit, arrival, case, seals, said.whole, f"{said.article}@{said.version}")
    return {
        "id": said.reply,
        "text": said.whole,
        "settled": False,
        "article": said.article,
        "version": said.version,
        "laws": list(said.laws),
    }


async def _say(
    house: Reception,
    unit: Unit,
    arrival: Arrival,
    case: Case,
    seals: Seals,
    text: str,
    approved: str | None,
    *,
    settled: str | None = None,
) -> None:
    name = f"{arrival.inbound}/answer"
    message = Message(
        id=name,
        case=case.id,
        direction=Direction.OUT,
        channel=arrival.report.channel.value,
        author=MACHINE,
        at=arrival.now,
        language=arrival.language,
        masked=text,
        sealed=seals.seal(text.encode(), f"message {name}"),
        approved=approved,
    )
    await unit.cases.add_messages([message])
    happens = Happenings(case, arrival.now, arrival.trace)
    body = {"message": name, "direction": "out", "channel": message.channel, "approved": approved}
    happens.happen(EventKind.MESSAGE_ADDED, {k: v for k, v in body.items() if v is not None}, MACHINE)
    if settled is not None:
        settle(happens, settled)
    await happens.write(unit, house)


def party_of(arrival: Arrival) -> str:
    """An opaque handle of who wrote: the same for the same sender, telling nothing of them."""
    if arrival.report.account is not None:
        return f"account {arrival.report.account}"
    return arrival.inbound if arrival.sender is None else f"sender {arrival.sender.hex()}"
