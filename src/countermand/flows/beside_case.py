"""Beside a case: who has it before them now, and what they have begun to write; nothing is lost."""

from __future__ import annotations

from typing import Any

from countermand.cases.desk_ports import Draft, Presence
from countermand.flows.case_desk import CaseDesk, at_case
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.vocabulary.staff import Staff, Verb

PRESENT_MICROS = 60 * 10**6
DRAFT_MICROS = 7 * MICROS_PER_DAY


async def be_there(house: CaseDesk, number: str, doing: str, by: Staff) -> dict[str, Any]:
    """Say that one reads or writes here, for a minute; who else does, and whether a draft waits.

    Raises NotFound `unknown_case`, Forbidden.
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require_of_staff(Verb.READ_CASE)
        presence = Presence(work.case.id, by.name, doing, work.now)
        there = await unit.desk.be_there(presence, work.now - PRESENT_MICROS)
        others = [
            {"staff": one.staff, "doing": one.doing, "seen_at": rfc3339(one.seen_at)}
            for one in there
            if one.staff != by.name
        ]
        draft = await unit.desk.draft(work.case.id, by.name, work.now - DRAFT_MICROS)
        return {**work.answer(), "others": others, "draft": draft is not None}


async def keep_draft(house: CaseDesk, number: str, text: str, by: Staff) -> dict[str, Any]:
    """Keep what was begun, for a week; an empty text throws it away. Raises as `be_there`."""
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require(Verb.WORK)
        if not text:
            await unit.desk.drop_draft(work.case.id, by.name, work.now - DRAFT_MICROS)
            return work.answer()
        context = _context(work.case.id, by.name)
        sealed = house.vault.seal(text.encode(), context)
        await unit.desk.put_draft(Draft(work.case.id, by.name, sealed, work.case.version, work.now))
        return {**work.answer(), "saved_at": rfc3339(work.now)}


async def read_draft(house: CaseDesk, number: str, by: Staff) -> dict[str, Any]:
    """What one has begun, and whether the case has changed since. Raises as `be_there`."""
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require(Verb.WORK)
        draft = await unit.desk.draft(work.case.id, by.name, work.now - DRAFT_MICROS)
        if draft is None:
            return {**work.answer(), "text": None, "changed_since": False}
        text = house.vault.open(draft.sealed, _context(work.case.id, by.name)).decode()
        return {**work.answer(), "text": text, "changed_since": draft.version != work.case.version}


def _context(case: str, staff: str) -> str:
    return f"draft {case} {staff}"
