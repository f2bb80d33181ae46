"""A case for somebody at the desk: nothing of their own, no words for some, and by a grant on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from countermand.flows.case_desk import CaseDesk, at_case
from countermand.flows.grant_access import covered, note_look
from countermand.vocabulary.staff import Relation, Staff, Verb


async def cover_for(
    house: CaseDesk, number: str, by: Staff, trace: str | None = None
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What leaves of a shown case what they may see; a look by a grant is on record before it is answered.

    Raises NotFound `unknown_case`, Forbidden (`role_lacks_verb`, `conflict_of_interest`).
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by, trace=trace)
        work.require(Verb.READ_CASE)
        if work.relation is Relation.GRANTED:
            await note_look(work)
            await work.end()
        return lambda shown: covered(work, shown)
