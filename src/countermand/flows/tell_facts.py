"""The facts of an incident, told by staff or by whoever it is about: kept sealed, each in its field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from countermand.evidence.allegation import QUESTIONS, Question, questionnaire_digest
from countermand.evidence.checklist import Fact, Held
from countermand.evidence.incident_facts import IncidentFacts, check_facts, check_values, told_in
from countermand.flows.case_desk import HOLDER, CaseWork, at_case
from countermand.flows.reading_desk import ReadingDesk, parts_of
from countermand.flows.reading_shelf import FACTS_TYPE, KeptFacts
from countermand.flows.show_checklist import held_by
from countermand.kernel.clock import moment_of
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Staff, Verb

# What our own record of the operations answers: nobody is asked for it.
_ON_RECORD = frozenset({Fact.HAPPENED_AT, Fact.AMOUNTS, Fact.PAYEES, Fact.DEVICE})


async def tell_facts(
    house: ReadingDesk, number: str, facts: IncidentFacts, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Keep the structured facts of an incident, once they are complete; again: the last ones count.

    By staff, or by whoever holds the receipt. Raises NotFound, Forbidden, BadRequest (`incident_fact_wrong`,
    `incident_facts_missing`), Conflict (`case_closed`).
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by, trace=trace)
        if by != HOLDER:
            work.require(Verb.WORK)
        check_facts(house.checklists, work.case.category, facts, moment_of(work.now))
        return await _keep(house, work, facts, None)


async def add_facts(
    house: ReadingDesk, number: str, facts: IncidentFacts, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """What somebody answers of the questions, beside what was told before; the rest may come later.

    Raises NotFound, BadRequest (`incident_fact_wrong`), Conflict (`case_closed`), Unavailable.
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by, trace=trace)
        if by != HOLDER:
            work.require(Verb.WORK)
        before = await _last(house, work)
        new = {one.value: getattr(facts, one.value) for one in told_in(facts)}
        whole = msgspec.structs.replace(before.facts if before else IncidentFacts(), **new)
        check_values(whole, moment_of(work.now))
        return await _keep(house, work, whole, questionnaire_digest().hex())


async def _keep(
    house: ReadingDesk, work: CaseWork, facts: IncidentFacts, questions: str | None
) -> dict[str, Any]:
    messages = await work.unit.cases.messages(work.case.id)
    kept = KeptFacts(facts=facts, at=work.now, by=work.by.name, salt=new_nonce(), questions=questions)
    derived = await house.shelf.keep_with(work.unit, messages[0].id, FACTS_TYPE, work.new_id("facts"), kept)
    told = [one.value for one in told_in(facts)]
    work.happen(EventKind.FACTS_TOLD, facts=derived.id, sha256=derived.digest.hex(), fields=told)
    await work.end()
    return work.answer()


async def _last(house: ReadingDesk, work: CaseWork) -> KeptFacts | None:
    """What was told last, in the case or in what became part of it."""
    parts = parts_of(work.case)
    events = [one for part in parts for one in await work.unit.cases.events(part)]
    told = [one for one in events if one.kind is EventKind.FACTS_TOLD]
    if not told:
        return None
    last = max(told, key=lambda one: (one.at, one.seq)).body["facts"]
    files = {one.id: one for one in await house.shelf.files(work.unit, parts)}
    return await house.shelf.open(work.unit, parts, files[last], KeptFacts)


async def told_facts(house: ReadingDesk, number: str, by: Staff) -> KeptFacts | None:
    """The facts of a case as told last. Raises NotFound (`unknown_case`), Forbidden, Unavailable."""
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by)
        work.require(Verb.READ_CASE)
        return await _last(house, work)


async def open_questions(house: ReadingDesk, number: str) -> tuple[Sequence[Question], KeptFacts | None]:
    """What its holder is still asked, none of it on our record or told before; and what was told.

    Raises NotFound (`unknown_case`), Unavailable.
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, HOLDER)
        last = await _last(house, work)
        held = await held_by(house, work)
    known = set(told_in(last.facts)) if last else set()
    known |= _ON_RECORD if held & {Held.OPERATIONS, Held.PAYMENT_SCREEN} else set()
    return [one for one in QUESTIONS if one.fact not in known], last
