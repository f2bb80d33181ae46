"""Every minute of some years as the clocks of a zone show it: which day it is in, and whether it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from countermand.cases.calendars import CalendarTerms

MICROS_A_MINUTE = 60_000_000
Array = Any


class Minutes(NamedTuple):
    """Minutes of UTC in order, the first of them beginning at `begins` (microseconds UTC).

    `day`: number of the local day; `worked`, `in_hours`: whether the day is worked, the minute in its opening
    hours; `day_ends`, `business_ends`: whether it is the last of its day, or of the day's business (on days
    without any: of the day).
    """

    begins: int
    day: Array
    worked: Array
    in_hours: Array
    day_ends: Array
    business_ends: Array

    def at(self, minute: int) -> int:
        """When a minute begins."""
        return self.begins + minute * MICROS_A_MINUTE


def minutes_of(terms: CalendarTerms, first: date, last: date) -> Minutes:
    """Look at the clock every minute from the first day's midnight in UTC to the last one's.

    Nothing of the engine is used: not its days, not its midnights, not its sums.
    """
    zone = ZoneInfo(terms.zone)
    begins = datetime(first.year, first.month, first.day, tzinfo=UTC)
    count = (last - first).days * 24 * 60
    minute = timedelta(minutes=1)
    day, shown = np.zeros(count, np.int64), np.zeros(count, np.int64)
    moment = begins
    for number in range(count):
        wall = moment.astimezone(zone)
        day[number] = wall.toordinal()
        shown[number] = wall.hour * 60 + wall.minute
        moment += minute
    changes = np.flatnonzero(np.diff(day))
    day_ends = np.zeros(count, np.bool_)
    day_ends[changes] = True
    worked, in_hours = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    business_ends = day_ends.copy()
    edges = [0, *(changes + 1).tolist(), count]
    for begin, end in pairwise(edges):
        if _worked(terms, date.fromordinal(int(day[begin]))):
            worked[begin:end] = True
            _open_hours(terms, shown[begin:end], in_hours[begin:end], business_ends[begin:end])
    epoch = int((begins - datetime(1970, 1, 1, tzinfo=UTC)) / minute) * MICROS_A_MINUTE
    return Minutes(epoch, day, worked, in_hours, day_ends, business_ends)


def _worked(terms: CalendarTerms, day: date) -> bool:
    if day in terms.worked:
        return True
    return day not in terms.closed and day.isoweekday() not in terms.rest_days


def _open_hours(terms: CalendarTerms, shown: Array, in_hours: Array, business_ends: Array) -> None:
    """Walk through one day: a window opens when its hour is first seen or passed, and closes likewise."""
    for window in terms.windows:
        opened = closed = False
        for number, minute in enumerate(shown.tolist()):
            opened = opened or minute >= window.opens
            closed = closed or minute >= window.closes
            in_hours[number] |= opened and not closed
    last = np.flatnonzero(in_hours)
    if len(last):
        business_ends[:] = False
        business_ends[last[-1]] = True
