"""Cases that have to do with each other: linked on both sides, and suggested with why."""

from __future__ import annotations

from typing import Any

from countermand.cases.likeness import REASON_WORDS, alike
from countermand.cases.numbers import spoken
from countermand.flows.case_desk import CaseDesk, at_case, at_cases
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.acts import Link, Unlink
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Staff, Verb

LIKE_DAYS, LIKE_MAX, SHOWN_MAX = 30, 200, 10


async def link(
    house: CaseDesk, number: str, act: Link | Unlink, by: Staff, *, version: int | None, trace: str | None
) -> dict[str, Any]:
    """Link two cases, or undo it; both know. Raises as `at_case`; BadRequest `same_case`."""
    on = isinstance(act, Link)
    async with house.works.open() as unit:
        if number.replace(" ", "") == act.case.replace(" ", ""):
            raise same_case()
        one, other = await at_cases(house, unit, [number, act.case], by, trace=trace)
        if version is not None and one.case.version != version:
            await at_case(house, unit, number, by, version=version)
        for work in (one, other):
            work.require(Verb.LINK)
        kind = EventKind.LINKED if on else EventKind.UNLINKED
        for work, there in ((one, other), (other, one)):
            known = (there.case.id, act.kind) in work.case.links
            if known != on:
                work.happen(kind, case=there.case.id, kind=act.kind)
        for work in (one, other):
            await work.end()
        return one.answer()


async def suggested(house: CaseDesk, number: str, by: Staff) -> dict[str, Any]:
    """Open cases that may be the same, surest first, each with why. Raises as `at_case`."""
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require_of_staff(Verb.READ_MESSAGES)
        since = work.now - LIKE_DAYS * MICROS_PER_DAY
        mine, *others = await unit.desk.traits(work.case, since, LIKE_MAX)
        found = alike(mine, others)[:SHOWN_MAX]
        numbers = await unit.desk.numbers_of([one.case for one in found])
        return {
            "case": spoken(work.case.number),
            "suggested": [
                {
                    "case": spoken(numbers[one.case]),
                    "score": one.score,
                    "why": [
                        {
                            "code": reason,
                            "text": {"en": REASON_WORDS[reason].en, "zh": REASON_WORDS[reason].zh},
                        }
                        for reason in one.reasons
                    ],
                }
                for one in found
            ],
        }


def same_case() -> BadRequest:
    """400 for a case and itself."""
    return BadRequest(
        "same_case", "A case is not linked or merged with itself.", "案件不能与自身关联或合并。", field="case"
    )
