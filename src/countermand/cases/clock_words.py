"""Instants, counts and time left, said in both languages by the wall clock of a calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from countermand.cases.calendars import Calendar
from countermand.cases.clock_policies import ClockUnit
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, moment_of
from countermand.kernel.text import Text
from countermand.kernel.wall_times import MONTHS
from countermand.vocabulary.cases import Ball

MICROS_PER_MINUTE: Final = 60 * MICROS_PER_SECOND
WEEKDAYS = Text(en="Mon Tue Wed Thu Fri Sat Sun", zh="周一 周二 周三 周四 周五 周六 周日")

_UNITS = {
    ClockUnit.HOUR: ("hour", "小时"),
    ClockUnit.BUSINESS_HOUR: ("business hour", "个工作小时"),
    ClockUnit.DAY: ("day", "日"),
    ClockUnit.BUSINESS_DAY: ("business day", "个工作日"),
    ClockUnit.MONTH: ("month", "个月"),
}
BALLS = {
    Ball.DESK: Text(en="the desk", zh="客服台"),
    Ball.FORENSICS: Text(en="forensics", zh="取证组"),
    Ball.CUSTOMER: Text(en="the customer", zh="客户"),
    Ball.PEER_BANK: Text(en="another bank", zh="对手行"),
    Ball.MERCHANT: Text(en="the merchant", zh="商户"),
    Ball.POLICE: Text(en="the police", zh="公安机关"),
    Ball.INSURER: Text(en="the insurer", zh="保险公司"),
    Ball.REGULATOR: Text(en="the regulator", zh="监管机构"),
    Ball.SYSTEM: Text(en="the system", zh="系统"),
}


def amount_said(count: int, unit: ClockUnit) -> Text:
    """A number of units.

    >>> amount_said(10, ClockUnit.BUSINESS_DAY).en, amount_said(1, ClockUnit.MONTH).zh
    ('10 business days', '1个月')
    """
    en, zh = _UNITS[unit]
    return Text(en=f"{count} {en}{'' if count == 1 else 's'}", zh=f"{count}{zh}")


def day_said(day: int) -> Text:
    """A day with its weekday, by its number.

    >>> day_said(date(2026, 2, 14).toordinal()).en
    '2026-02-14 (Sat)'
    """
    when = date.fromordinal(day)
    en, zh = (names.split()[when.weekday()] for names in (WEEKDAYS.en, WEEKDAYS.zh))
    return Text(en=f"{when.isoformat()} ({en})", zh=f"{when.isoformat()}（{zh}）")


def days_said(first: int, last: int) -> Text:
    """A stretch of days."""
    if first == last:
        return day_said(first)
    one, other = day_said(first), day_said(last)
    return Text(en=f"{one.en} to {other.en}", zh=f"{one.zh}至{other.zh}")


def wall_of(at: int, calendar: Calendar) -> datetime:
    """What clocks of the calendar's zone show at an instant."""
    return moment_of(at).astimezone(calendar.zone)


def minute_said(at: int, calendar: Calendar) -> str:
    """An instant to the minute, with the offset where the zone keeps summer time.

    A minute that has begun counts as the one that it is in.
    """
    wall = wall_of(at, calendar)
    shown = f"{wall:%Y-%m-%d %H:%M}"
    winter, summer = (wall.replace(month=month, day=1).utcoffset() for month in (1, 7))
    return shown if winter == summer else f"{shown} {wall:%Z}"


def end_said(at: int, calendar: Calendar) -> str:
    """The end of a period: midnight belongs to the day that it ends, as its 24:00."""
    day = calendar.day_of(at)
    if calendar.begins(day) != at:
        return minute_said(at, calendar)
    return f"{date.fromordinal(day - 1).isoformat()} 24:00"


def left_said(left: int) -> Text:
    """A length of time by its two largest units, rounded down so that nobody trusts time that is not there.

    >>> left_said(3 * MICROS_PER_DAY + 4 * MICROS_PER_HOUR + 59).en
    '3 days 4 hours'
    """
    days, rest = divmod(max(0, left), MICROS_PER_DAY)
    hours, rest = divmod(rest, MICROS_PER_HOUR)
    minutes = rest // MICROS_PER_MINUTE
    parts = [(days, "day", "天"), (hours, "hour", "小时"), (minutes, "minute", "分钟")]
    begun = next((place for place, part in enumerate(parts) if part[0]), len(parts) - 1)
    shown = [part for place, part in enumerate(parts[begun : begun + 2]) if part[0] or place == 0]
    return Text(
        en=" ".join(f"{number} {en}{'' if number == 1 else 's'}" for number, en, _ in shown),
        zh=" ".join(f"{number} {zh}" for number, _, zh in shown),
    )


def paused_said(left: int, unit: ClockUnit) -> Text:
    """What a screen shows of a clock that stands still: what it will have left when it runs again.

    >>> paused_said(6 * MICROS_PER_HOUR, ClockUnit.BUSINESS_HOUR).en
    'Paused with 6 hours of office time left'
    """
    said, office = left_said(left), unit is ClockUnit.BUSINESS_HOUR
    return Text(
        en=f"Paused with {said.en}{' of office time' if office else ''} left",
        zh=f"已暂停，剩余{'工作时间' if office else ''} {said.zh}",
    )


def remaining_said(now: int, due_at: int, calendar: Calendar) -> Text:
    """What a screen shows of a clock that runs: the time left and until when, or how late it is."""
    wall = wall_of(due_at, calendar)
    month, hour = MONTHS[wall.month - 1], f"{wall:%H:%M}"
    until = Text(en=f"{wall.day} {month} {hour}", zh=f"{wall.month}月{wall.day}日 {hour}")
    if wall.hour == wall.minute == wall.second == 0:
        day = date.fromordinal(calendar.day_of(due_at) - 1)
        until = Text(en=f"{day.day} {MONTHS[day.month - 1]} 24:00", zh=f"{day.month}月{day.day}日 24:00")
    left = left_said(abs(due_at - now))
    if now >= due_at:
        return Text(en=f"{left.en} late (was due {until.en})", zh=f"已逾期 {left.zh} (应于 {until.zh} 前)")
    return Text(en=f"{left.en} left (until {until.en})", zh=f"剩余 {left.zh} (至 {until.zh})")
