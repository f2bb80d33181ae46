"""The view of the platform: how fast it stops and answers, on what evidence, where it is late and why."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.flows.answer_message import rate_of_answers
from countermand.flows.desk_measures import desk_measures
from countermand.flows.reception import Reception
from countermand.kernel.clock import MICROS_PER_DAY

SPANS_DAYS = (7, 30, 90)
BREACHES_SHOWN_MAX = 50


class MeasuredHouse(Protocol):
    """What this story needs of the house."""

    @property
    def reception(self) -> Reception: ...


async def platform_measures(house: MeasuredHouse, days: int) -> dict[str, Any]:
    """Of the last `days` (microseconds UTC inside): desk, stops, replies, evidence, breaches, answers.

    `stop` and `reply` have `count`, `median_seconds` and `p95_seconds`; a time of nothing is None. `missed`
    are the newest breaches with who answers for each and why. Raises Unavailable.
    """
    reception = house.reception
    now = reception.clock.now()
    begin = now - days * MICROS_PER_DAY
    async with reception.works.open() as unit:
        found = await unit.case_lists.platform(begin, now, reception.timezone, BREACHES_SHOWN_MAX)
    rate = await rate_of_answers(reception, begin, now + 1)
    return {
        **found,
        "days_back": days,
        "desk": await desk_measures(reception, begin, now),
        "answers": {"rate": rate, "counts": rate.outcomes._asdict()},
    }
