"""When we can call somebody back: soon, or in one of the next spans of the day, by our own clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from countermand.kernel.clock import MICROS_PER_HOUR, micros_of, moment_of
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time

SOON = "soon"
SOON_MICROS = 2 * MICROS_PER_HOUR
# Nobody is called at night unless they ask for it now.
HOURS = ((9, 12), (12, 15), (15, 18), (18, 21))
DAYS = 3


class CallTime(NamedTuple):
    """A span that can be chosen: its name in a form, and its instants (microseconds UTC)."""

    name: str
    from_at: int
    until_at: int


def call_times(now: int, timezone: str) -> tuple[CallTime, ...]:
    """What can be chosen at an instant: within two hours, then spans that have not begun.

    >>> [one.name for one in call_times(1_795_233_600_000_000, "Asia/Shanghai")][:3]
    ['soon', '2026-11-21T15', '2026-11-21T18']
    """
    zone = ZoneInfo(timezone)
    today = moment_of(now).astimezone(zone).date()
    found = [CallTime(SOON, now, now + SOON_MICROS)]
    for days in range(DAYS):
        day = today + timedelta(days=days)
        for begins, ends in HOURS:
            first, last = (
                micros_of(datetime.combine(day, time(hour), tzinfo=zone)) for hour in (begins, ends)
            )
            if first > now:
                found.append(CallTime(f"{day.isoformat()}T{begins:02}", first, last))
    return tuple(found)


def call_said(from_at: int, until_at: int, timezone: str) -> Text:
    """A span as people read it; within one day the day is said once.

    >>> call_said(1_795_244_400_000_000, 1_795_255_200_000_000, "Asia/Shanghai").zh
    '11月21日15:00至18:00之间'
    """
    begins, ends = local_time(from_at, timezone), local_time(until_at, timezone)
    same = begins.zh.partition("日")[0] == ends.zh.partition("日")[0]
    last = Text(en=ends.en.rpartition(" ")[2], zh=ends.zh.partition("日")[2]) if same else ends
    return Text(en=f"between {begins.en} and {last.en}", zh=f"{begins.zh}至{last.zh}之间")
