"""The checklist of a case: what we hold, what we find ourselves, and what only the person can give."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from countermand.cases.numbers import spoken
from countermand.evidence.checklist import MARKS, Checklist, Fact, Held, State, checklist_of, missing_facts
from countermand.evidence.fields import FieldName, RecordKind
from countermand.flows.case_desk import CaseWork, at_case
from countermand.flows.reading_desk import ReadingDesk, parts_of
from countermand.flows.show_readings import files_read
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Contained, Direction, EventKind
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.staff import Staff, Verb

# How long before the first report what we hold of the account counts as being about the case.
BEFORE_MICROS = 180 * MICROS_PER_DAY
_READ_AS = {
    RecordKind.RECEIPT: Held.PAYMENT_SCREEN,
    RecordKind.ENTRY: Held.PAYMENT_SCREEN,
    RecordKind.MESSAGE: Held.BANK_MESSAGE,
    RecordKind.POLICE_RECEIPT: Held.POLICE_RECEIPT,
}
# What must be on a picture for it to count as that.
_TELLING = dict.fromkeys(RecordKind, FieldName.AMOUNT) | {
    RecordKind.POLICE_RECEIPT: FieldName.POLICE_REFERENCE
}
STATE_WORDS = {
    State.HELD: Text(en="We have it; you need not send it.", zh="已有，无需提供。"),
    State.COLLECT: Text(en="We collect it ourselves; you need not send it.", zh="由我方收集，无需提供。"),
    State.ASK: Text(en="Please send it if you can.", zh="如有请补充。"),
}


async def show_checklist(house: ReadingDesk, number: str, by: Staff) -> dict[str, Any]:
    """What a case wants and has. For its holder as for staff; names no file and no number.

    Raises NotFound (`unknown_case`), Forbidden.
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by)
        work.require(Verb.READ_CASE)
        held = await held_by(house, work)
        return {
            "case": spoken(work.case.number),
            "category": work.case.category.value,
            **_shown(checklist_of(house.checklists, work.case.category, held)),
        }


async def held_by(house: ReadingDesk, work: CaseWork) -> frozenset[Held]:
    """What a case holds, by the record, by what was read, and by what people said that files are."""
    case, unit = work.case, work.unit
    parts = parts_of(case)
    held: set[Held] = set()
    if case.account is not None:
        known = await unit.cases.on_record(case.account, case.first_at - BEFORE_MICROS)
        ours = {
            Held.OPERATIONS: known.operations,
            Held.DECISIONS: known.operations,
            Held.NOTICES: known.notices,
            Held.DEVICES: known.devices,
            Held.LOAN_CONTRACT: known.contracts,
        }
        held |= {one for one, there in ours.items() if there}
    if case.contained is not Contained.NONE or case.incidents:
        held.add(Held.CONTAINMENT)
    if case.standing == Standing.PROVEN.value:
        held.add(Held.IDENTITY)
    if case.police_report is not None:
        held.add(Held.POLICE_RECEIPT)
    messages = [one for part in parts for one in await unit.cases.messages(part)]
    if any(one.direction is Direction.IN for one in messages):
        held.add(Held.REPORT)
    for event in [one for part in parts for one in await unit.cases.events(part)]:
        if event.kind is EventKind.FILE_MARKED:
            held.add(Held(event.body["held"]))
        elif event.kind is EventKind.FACTS_TOLD and _is_whole(house, work, event.body["fields"]):
            held.add(Held.INCIDENT_FACTS)
    for read in await files_read(house, work):
        records = () if read.kept is None else read.kept.reading.records
        held |= {_READ_AS[one.kind] for one in records if one.get(_TELLING[one.kind]) is not None}
    return frozenset(held)


def _is_whole(house: ReadingDesk, work: CaseWork, fields: Collection[str]) -> bool:
    """Whether facts that were told are all that a case of this kind needs."""
    told = [one for one in Fact if one.value in fields]
    return not missing_facts(house.checklists, work.case.category, told)


def _shown(found: Checklist) -> dict[str, Any]:
    return {
        "score": found.score,
        "statutory_complete": found.statutory_complete,
        "items": [
            {
                "id": one.wanted.id,
                "state": one.state.value,
                "state_text": _text(STATE_WORDS[one.state]),
                "name": _text(one.wanted.name),
                "why": _text(one.wanted.why),
                "basis": one.wanted.basis.value,
                "law": None if one.wanted.law is None else _text(one.wanted.law),
                "ask": _text(one.wanted.ask) if one.state is State.ASK and one.wanted.ask else None,
            }
            for one in found.items
        ],
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


async def mark_file(
    house: ReadingDesk, number: str, file: str, held: Held, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Say what a file of the case is evidence of, so that nobody is asked for it again.

    Raises NotFound (`unknown_case`, `unknown_file`), Forbidden, BadRequest (`not_a_mark`).
    """
    if held not in MARKS:
        raise BadRequest(
            "not_a_mark",
            f"{held.value} is known by the record itself; a file is marked as one of: "
            f"{', '.join(sorted(one.value for one in MARKS))}.",
            f"{held.value} 由系统自动判定；文件可标记为：{'、'.join(sorted(one.value for one in MARKS))}。",
            held=held.value,
        )
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by, trace=trace)
        work.require(Verb.WORK)
        await house.shelf.picture(unit, parts_of(work.case), file)
        work.happen(EventKind.FILE_MARKED, file=file, held=held.value)
        await work.end()
        return work.answer()
