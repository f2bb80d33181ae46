"""What waits for a second person at the desk, over all cases: the first to end first, never one's own."""

from __future__ import annotations

from typing import Any

from countermand.cases.numbers import spoken
from countermand.flows.case_desk import CaseDesk
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.staff import Staff

LOOKS_SHOWN_MAX = 100


async def waiting_looks(house: CaseDesk, by: Staff) -> list[dict[str, Any]]:
    """Up to 100 acts that this person may look at as the second; what is asked is seen in the case itself.

    Whether they may agree to one of them, the case says when they do. Raises Unavailable.
    """
    async with house.works.open() as unit:
        found = await unit.desk.waiting_looks(house.clock.now(), by.name, LOOKS_SHOWN_MAX)
        numbers = await unit.desk.numbers_of([one.case for one in found])
    return [
        {
            "look": one.id,
            "case": spoken(numbers[one.case]),
            "verb": one.verb,
            "asked_by": one.asked_by,
            "asked_at": rfc3339(one.asked_at),
            "until": rfc3339(one.ends_at),
        }
        for one in found
    ]
