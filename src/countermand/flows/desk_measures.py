"""How the desk does, from events and clocks only: counts, first human contacts, times by stage, earliness."""

from __future__ import annotations

from typing import Any

from countermand.flows.find_cases import FindingHouse
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.kernel.errors import BadRequest

SPAN_DAYS_MAX = 400
SPAN_DAYS = 30


async def desk_measures(
    house: FindingHouse, since: int | None = None, until: int | None = None
) -> dict[str, Any]:
    """Of the cases first heard in a span (microseconds UTC; the last 30 days), and of what is open now.

    human_contact: of those that needed a person within 24 hours, `within_day` over `reached`, `missed` and
    `waiting`. stages: the median seconds spent in each stage that was left; imported cases are left out, for
    their stages passed elsewhere. earliness: from the first operation that a report names to the report.
    A share or a median of nothing is None. Raises BadRequest (`bad_span`), Unavailable.
    """
    now = house.clock.now()
    end = now if until is None else until
    begin = end - SPAN_DAYS * MICROS_PER_DAY if since is None else since
    if not 0 < end - begin <= SPAN_DAYS_MAX * MICROS_PER_DAY:
        raise BadRequest(
            "bad_span",
            f"A span begins before it ends, and has at most {SPAN_DAYS_MAX} days.",
            f"时间范围的起点应早于终点，且不超过{SPAN_DAYS_MAX}天。",
            field="from",
        )
    async with house.works.open() as unit:
        found = await unit.case_lists.measures(begin, end)
    contact = found["human_contact"]
    needed = contact["reached"] + contact["missed"]
    cases = found["cases"]
    return {
        "from": rfc3339(begin),
        "until": rfc3339(end),
        "heard": cases["heard"],
        "open": cases["open"],
        "overdue": cases["overdue"],
        "open_by_risk": {risk: cases[f"open_{risk.lower()}"] for risk in ("P0", "P1", "P2", "P3")},
        "human_contact": {**contact, "share_within_day": contact["within_day"] / needed if needed else None},
        "stages": found["stages"],
        "breaches": found["breaches"],
        "earliness": found["earliness"],
    }
