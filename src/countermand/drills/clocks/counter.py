"""The oracle: when a clock is due and when it warns, found by counting minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from countermand.cases.clock_policies import ClockPolicy, ClockUnit, EndRule, RollRule, StartRule
from countermand.drills.clocks import walks
from countermand.drills.clocks.minutes import MICROS_A_MINUTE, Minutes
from countermand.drills.clocks.timelines import Timeline

Walks = Mapping[str, Callable[..., int]]


class Counted(NamedTuple):
    """What counting found, microseconds UTC."""

    at: int
    warn_at: tuple[int, ...]


def plain_walks() -> Walks:
    """The walks as they are written."""
    return {name: getattr(walks, name) for name in ("walk_time", "walk_count", "walk_days")}


def fast_walks() -> Walks:
    """The same, compiled where numba is there."""
    if find_spec("numba") is None:
        return plain_walks()
    from numba import njit

    return {name: njit(nogil=True)(function) for name, function in plain_walks().items()}


def count(timeline: Timeline, minutes: Minutes, walk: Walks) -> Counted | None:
    """Walk through the clock; None where the minutes end before it does."""
    policy = timeline.policy
    begins, ends = (np.array([pause[side] for pause in timeline.pauses], np.int64) for side in (0, 1))
    line = _line(policy, minutes)
    if policy.hourly:
        target = (policy.count + timeline.extended) * 60 * MICROS_A_MINUTE
        took = walk["walk_time"](line, timeline.start, begins, ends, target)
        until = timeline.start + took // MICROS_A_MINUTE
    else:
        until = took = _until_day_ends(timeline, minutes, begins, ends, walk)
    if took < 0:
        return None
    whole = walk["walk_count"](line, timeline.start, begins, ends, until) * MICROS_A_MINUTE
    start = minutes.at(timeline.start)
    warn_at = tuple(
        start + walk["walk_time"](line, timeline.start, begins, ends, whole * percent // 100)
        for percent in policy.warn_percents
    )
    return Counted(minutes.at(until), warn_at)


def _line(policy: ClockPolicy, minutes: Minutes) -> Any:
    if policy.unit is ClockUnit.BUSINESS_HOUR:
        return minutes.in_hours
    return minutes.worked if policy.unit is ClockUnit.BUSINESS_DAY else np.ones_like(minutes.worked)


def _until_day_ends(timeline: Timeline, minutes: Minutes, begins: Any, ends: Any, walk: Walks) -> int:
    policy = timeline.policy
    begun = int(minutes.day[timeline.start])
    first = begun + 1 if policy.start_rule is StartRule.NEXT_DAY else begun
    target = policy.count + timeline.extended
    if policy.unit is ClockUnit.MONTH:
        target = _days_of_months(begun, target)
    return walk["walk_days"](
        minutes.day,
        minutes.worked,
        minutes.business_ends if policy.end_rule is EndRule.CLOSE else minutes.day_ends,
        timeline.start,
        first,
        begins,
        ends,
        target,
        policy.unit is ClockUnit.BUSINESS_DAY,
        policy.roll_rule is RollRule.NEXT_OPEN_DAY,
    )


def _days_of_months(begun: int, months: int) -> int:
    """How many days after a day its number comes again for the n-th time, the end of a short month for it."""
    day = start = date.fromordinal(begun)
    left = months
    while left:
        day += timedelta(days=1)
        tomorrow = day + timedelta(days=1)
        turned = day.day == start.day or (tomorrow.month != day.month and day.day < start.day)
        left -= turned
    return (day - start).days
