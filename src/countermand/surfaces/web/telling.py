"""Instants as pages tell them: absolute, by the institution's clock, with what is left of them."""

from __future__ import annotations

from datetime import datetime

from countermand.kernel.clock import micros_of
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time, time_left


def instant_of(written: str) -> int:
    """An RFC 3339 text as microseconds UTC."""
    return micros_of(datetime.fromisoformat(written))


def until(due_at: int, now: int, timezone: str) -> Text:
    """A deadline with its countdown; one that is over says so.

    >>> until(1_795_233_600_000_000, 1_795_230_000_000_000, "Asia/Shanghai").zh
    '剩余 1小时（至 11月21日12:00）'
    """
    by, left = local_time(due_at, timezone), time_left(due_at - now)
    if due_at <= now:
        return Text(en=f"was due by {by.en}", zh=f"应于 {by.zh} 前完成")
    return Text(en=f"{left.en} left (until {by.en})", zh=f"剩余 {left.zh}（至 {by.zh}）")
