"""Texts as they were, for a purpose and on record; and the glass that may be broken, for 15 minutes."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.cases.desk_ports import Disclosure, Glass, SecondLook
from countermand.cases.permissions import GLASS_MINUTES, may_ever, refused
from countermand.flows.ask_second import ask_second
from countermand.flows.case_desk import CaseDesk, CaseWork, at_case
from countermand.flows.case_events import subject_of
from countermand.flows.kept_words import open_kept
from countermand.intake.redaction import mask
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.vocabulary.acts import Why
from countermand.vocabulary.cases import EventKind, Message
from countermand.vocabulary.facts import DATA_DISCLOSED, GLASS_BROKEN, Fact
from countermand.vocabulary.incidents import Task
from countermand.vocabulary.staff import FieldClass, Purpose, Staff, Verb, Verdict
from countermand.work import Unit

GLASS_TASK = "review_broken_glass"
GLASS_MICROS = GLASS_MINUTES * 60 * 10**6
AGREED_MICROS = MICROS_PER_DAY


class Unmask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """See one text as it was: which class of data one needs in it, what for, and why."""

    field: FieldClass
    purpose: Purpose
    reason: Why


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a second person is asked: this text (or exhibit), this field, this purpose."""

    message: str
    field: FieldClass
    purpose: Purpose
    reason: str


async def unmask(
    house: CaseDesk, number: str, message: str, wanted: Unmask, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """The text as it was, and the look on record in the same transaction: no record, no text.

    A third party's data waits for a second person; once they agreed, ask the same again within a day.
    Raises NotFound (`unknown_case`, `unknown_message`), Forbidden (`purpose_refused`, and as others).
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by, trace=trace)
        found = await _message(unit, work, message)
        verdict = work.verdict(Verb.UNMASK, wanted.purpose, wanted.field)
        if verdict is Verdict.DENY:
            raise unmask_refused(work, wanted.field, wanted.purpose)
        agreed_by = None
        if verdict is Verdict.TWO_PEOPLE:
            asked = Asked(
                message=message, field=wanted.field, purpose=wanted.purpose, reason=mask(wanted.reason).text
            )
            agreed_by = await agreed_to(work, asked)
            if agreed_by is None:
                return await ask_second(work, Verb.UNMASK, asked)
        await _record(work, found, wanted, agreed_by)
        text = (await open_kept(house, unit, found.sealed, f"message {found.id}")).decode()
        await work.end()
        return {**work.answer(), "message": found.id, "text": text, "disclosed_at": rfc3339(work.now)}


async def _message(unit: Unit, work: CaseWork, name: str) -> Message:
    for case in (work.case.id, *(one for one, _ in work.case.absorbed)):
        for one in await unit.cases.messages(case):
            if one.id == name:
                return one
    raise NotFound(
        "unknown_message", "This case has no such message.", "该案件没有这条消息。", message=name[:128]
    )


def unmask_refused(work: CaseWork, field: FieldClass, purpose: Purpose) -> Forbidden:
    """403 for whoever may not see data of this class for this purpose."""
    if not may_ever(work.by.roles, Verb.UNMASK) or work.relation in ("subject", "decider"):
        return refused(Verb.UNMASK, work.relation)
    return Forbidden(
        "purpose_refused",
        f"Your role does not see {field.value} data for the purpose {purpose.value}.",
        f"您的角色不能以“{purpose.value}”为目的查看“{field.value}”类信息。",
        field=field.value,
        purpose=purpose.value,
    )


async def agreed_to(work: CaseWork, asked: Asked) -> str | None:
    """Who agreed to the very same look in the last day; None where nobody did."""
    for look in await work.unit.desk.looks(work.case.id):
        if (look.verb, look.asked_by, look.agreed) != (Verb.UNMASK.value, work.by.name, True):
            continue
        if work.now - (look.answered_at or 0) < AGREED_MICROS and _same(work, look, asked):
            return look.answered_by
    return None


def _same(work: CaseWork, look: SecondLook, asked: Asked) -> bool:
    if not look.asked:
        return False  # what was asked for was erased with the case
    before = msgspec.json.decode(work.house.vault.open(look.asked, f"look {look.id}"), type=Asked)
    return (before.message, before.field, before.purpose) == (asked.message, asked.field, asked.purpose)


async def _record(work: CaseWork, message: Message, wanted: Unmask, agreed_by: str | None) -> None:
    disclosure = Disclosure(
        id=work.new_id("disc"),
        case=message.case,
        message=message.id,
        field=wanted.field.value,
        purpose=wanted.purpose.value,
        reason=mask(wanted.reason).text,
        viewer=work.by.name,
        approved_by=agreed_by,
        glass=work.glass,
        at=work.now,
    )
    await work.unit.desk.disclose(disclosure)
    named = {"disclosure": disclosure.id, "field": disclosure.field, "purpose": disclosure.purpose}
    work.happen(EventKind.DISCLOSED, message=message.id, **named, glass=work.glass)
    body = {**named, "case": work.case.id, "viewer": work.by.name, "agreed_by": agreed_by}
    subject = await subject_of(work.unit, work.case)
    await work.unit.note([Fact(work.now, DATA_DISCLOSED, body, subject, work.trace)])


async def break_glass(
    house: CaseDesk, number: str, reason: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Open a case beyond one's role for 15 minutes: looking and stopping, never one's own case.

    Loud: an event of the case, a fact, and a task for somebody else to review it within a day.
    Raises Forbidden (`role_lacks_verb`, `conflict_of_interest`).
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by, trace=trace)
        work.require(Verb.BREAK_GLASS)
        glass = Glass(
            id=work.new_id("glass"),
            case=work.case.id,
            staff=by.name,
            reason=mask(reason).text,
            begun_at=work.now,
            ends_at=work.now + GLASS_MICROS,
        )
        await unit.desk.put_glass(glass)
        work.happen(EventKind.GLASS_BROKEN, glass=glass.id, until=glass.ends_at)
        task = Task(
            id=work.new_id("task"),
            kind=GLASS_TASK,
            tier=1,
            about=glass.id,
            incident=None,
            account=work.case.account,
            person=None,
            created_at=work.now,
            due_at=work.now + MICROS_PER_DAY,
        )
        await unit.incident_record.put_tasks([task])
        body = {"case": work.case.id, "glass": glass.id, "actor": by.name, "until": glass.ends_at}
        await unit.note([Fact(work.now, GLASS_BROKEN, body, None, trace)])
        await work.end()
        return {**work.answer(), "glass": glass.id, "until": rfc3339(glass.ends_at)}


async def review_glass(
    house: CaseDesk, glass_id: str, by: Staff, *, justified: bool, finding: str, trace: str | None = None
) -> dict[str, Any]:
    """What somebody else found; never who broke it. Raises NotFound `unknown_glass`, Conflict, Forbidden."""
    async with house.works.open() as unit:
        glass = await unit.desk.glass(glass_id)
        if glass is None:
            raise NotFound("unknown_glass", "Nobody has broken such a glass.", "没有该紧急授权记录。")
        number = (await unit.desk.numbers_of([glass.case]))[glass.case]
        work = await at_case(house, unit, number, by, trace=trace)
        work.require(Verb.REVIEW_GLASS)
        if glass.staff == by.name:
            raise Forbidden(
                "two_people_needed",
                "Somebody else reviews what you opened.",
                "紧急授权须由他人复核。",
            )
        if glass.reviewed_at is not None:
            raise Conflict(
                "glass_reviewed", "It was reviewed already.", "该紧急授权已复核。", by=glass.reviewed_by
            )
        await unit.desk.put_glass(
            glass._replace(
                reviewed_at=work.now, reviewed_by=by.name, justified=justified, finding=mask(finding).text
            )
        )
        work.happen(EventKind.GLASS_BROKEN, glass=glass.id, justified=justified)
        await work.end()
        return {**work.answer(), "glass": glass.id, "justified": justified}
