"""Instants as people read them: on the wall clock of a place, in both languages."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from countermand.kernel.clock import MICROS_PER_SECOND, moment_of
from countermand.kernel.text import Text

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def wall_time(at: int, timezone: str) -> datetime:
    """What clocks of a place (an IANA zone) show at an instant."""
    return moment_of(at).astimezone(ZoneInfo(timezone))


def local_time(at: int, timezone: str) -> Text:
    """An instant on the customer's clock, to the minute.

    >>> local_time(1_795_233_600_000_000, "Asia/Shanghai")
    Text(en='21 Nov 12:00', zh='11月21日12:00')
    """
    local = wall_time(at, timezone)
    clock = f"{local:%H:%M}"
    return Text(
        en=f"{local.day} {MONTHS[local.month - 1]} {clock}", zh=f"{local.month}月{local.day}日{clock}"
    )


def written_time(at: int, timezone: str) -> Text:
    """An instant as papers say it: with its year, and how far that clock is from Greenwich.

    >>> written_time(1_795_233_600_000_000, "Asia/Shanghai").en
    '21 Nov 2026, 12:00 (UTC+08:00)'
    """
    local = wall_time(at, timezone)
    zone = f"UTC{local.isoformat()[-6:]}"
    return Text(
        en=f"{local.day} {MONTHS[local.month - 1]} {local.year}, {local:%H:%M} ({zone})",
        zh=f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{zone}）",
    )


def exact_time(at: int, timezone: str) -> str:
    """An instant to the second, for tables and lists: one spelling for every reader.

    >>> exact_time(1_795_233_607_250_000, "Asia/Shanghai")
    '2026-11-21 12:00:07 +08:00'
    """
    local = wall_time(at, timezone)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.isoformat()[-6:]}"


def time_left(micros: int) -> Text:
    """A countdown in its two largest units, rounded down; nothing left is said as that.

    >>> time_left((3 * 86400 + 4 * 3600) * 10**6)
    Text(en='3 days 4 hours', zh='3天4小时')
    """
    seconds = max(0, micros // MICROS_PER_SECOND)
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    parts = [(days, "day", "天"), (hours, "hour", "小时"), (minutes, "minute", "分钟")]
    while len(parts) > 1 and not parts[0][0]:
        parts = parts[1:]
    shown = [part for part in parts[:2] if part[0]] or parts[:1]
    return Text(
        en=" ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word, _ in shown),
        zh="".join(f"{count}{word}" for count, _, word in shown),
    )
