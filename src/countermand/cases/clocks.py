"""When a clock is due: one pure function of its start, its spans, its policy and a calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from countermand.cases.calendars import Calendar
from countermand.cases.clock_policies import ClockPolicy, ClockUnit, EndRule, RollRule, StartRule
from countermand.cases.timelines import ALWAYS, Stretch, Timeline, TimelineEnds, advance, counted
from countermand.kernel.clock import MICROS_PER_HOUR
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import LIVE, ClockState, Span

PERCENT = 100


class Due(NamedTuple):
    """When a clock is due and when it warns, microseconds UTC.

    `last_day` is the number of the day it ends with, `counted_to` what that was before it rolled on; both
    None for hours. `paused`: it stands still now, and `at` is when it would be due if it ran again at once.
    """

    at: int
    warn_at: tuple[int, ...]
    first_day: int | None
    counted_to: int | None
    last_day: int | None
    provisional: bool
    paused: bool


def due(start: int, spans: Sequence[Span], policy: ClockPolicy, calendar: Calendar, extended: int = 0) -> Due:
    """When a clock of this policy is due that started at an instant and had these spans; total and pure.

    `spans` in order, each beginning where the one before ended; `extended` units were granted on top. A day
    counts if the clock runs when it ends, so no clock is ever due while it is paused. Raises BadRequest
    `calendar_too_short`.
    """
    pauses, standing = pauses_of(spans, policy.pauses, start)
    count = policy.count + extended
    try:
        if policy.hourly:
            at = advance(line_of(policy, calendar), start, count * MICROS_PER_HOUR, pauses)
            first = counted_to = last = None
            touched = calendar.day_of(at) if policy.asks_calendar else None
        else:
            skipped = skipped_days(pauses, policy, calendar)
            first, counted_to = _days(start, count, policy, calendar, skipped)
            touched = last = _settled(counted_to, policy, calendar, skipped)
            at = end_of(last, policy, calendar)
        warn_at = _warn_points(start, at, policy, calendar, pauses)
    except TimelineEnds:
        raise calendar.too_short() from None
    assert start < at, "a clock is due after it started"
    provisional = policy.asks_calendar and touched is not None and calendar.is_provisional(touched)
    return Due(at, warn_at, first, counted_to, last, provisional, standing)


def pauses_of(spans: Iterable[Span], pausing: Collection[Ball], start: int) -> tuple[list[Stretch], bool]:
    """The stretches in which those had the ball who stop the clock, joined; whether it stands still now.

    A pause that goes on has taken nothing yet: it is told apart and not among the stretches.
    """
    found: list[Stretch] = []
    standing = False
    for span in spans:
        if span.ball not in pausing:
            continue
        if span.ends is None:
            standing = True
        elif span.ends > max(span.begins, start):
            begins = max(span.begins, start)
            if found and found[-1][1] >= begins:
                found[-1] = (found[-1][0], max(found[-1][1], span.ends))
            else:
                found.append((begins, span.ends))
    return found, standing


def skipped_days(pauses: Iterable[Stretch], policy: ClockPolicy, calendar: Calendar) -> list[tuple[int, int]]:
    """First and last of the days in each pause whose end came while the clock stood still."""
    found = []
    for begins, ends in pauses:
        first, last = calendar.day_of(begins), calendar.day_of(ends)
        first += begins >= end_of(first, policy, calendar)
        last -= ends < end_of(last, policy, calendar)
        if first <= last:
            found.append((first, last))
    return found


def line_of(policy: ClockPolicy, calendar: Calendar) -> Timeline:
    """The time that a clock of this policy measures."""
    if policy.unit is ClockUnit.BUSINESS_HOUR:
        return calendar.hours
    return calendar.days if policy.unit is ClockUnit.BUSINESS_DAY else ALWAYS


def share_used(
    now: int, start: int, spans: Sequence[Span], policy: ClockPolicy, calendar: Calendar, at: int
) -> int:
    """How many percent of its time a clock due at `at` has used, rounded down; over 100 once it is late."""
    pauses, standing = pauses_of(spans, policy.pauses, start)
    until = min(now, spans[-1].begins) if standing else now
    line = line_of(policy, calendar)
    whole = counted(line, start, at, pauses)
    return counted(line, start, until, pauses) * PERCENT // whole if whole else PERCENT


def state_at(state: ClockState, due_at: int, now: int) -> ClockState:
    """A clock that still runs when it is due has been breached; nothing else changes by itself.

    >>> state_at(ClockState.RUNNING, 10, 10).value, state_at(ClockState.PAUSED, 10, 11).value
    ('breached', 'paused')
    """
    return ClockState.BREACHED if state is ClockState.RUNNING and now >= due_at else state


def may_become(state: ClockState, other: ClockState) -> bool:
    """Whether a clock in one state may be put into another; what has been breached stays known as such."""
    if state in LIVE:
        return other is not state
    return False


def _days(
    start: int, count: int, policy: ClockPolicy, calendar: Calendar, skipped: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """The first day that is looked at, and the one with which the count is full."""
    begun = calendar.day_of(start)
    first = begun + (policy.start_rule is StartRule.NEXT_DAY)
    if policy.unit is ClockUnit.BUSINESS_DAY:
        number = calendar.opened(first) + count - 1
        for pause_first, pause_last in skipped:
            if pause_last >= first and max(pause_first, first) <= calendar.open_day(number):
                number += calendar.opened(pause_last + 1) - calendar.opened(max(pause_first, first))
        return first, calendar.open_day(number)
    if policy.unit is ClockUnit.MONTH:
        last = months_later(begun, count) - (policy.start_rule is StartRule.SAME_DAY)
    else:
        last = first + count - 1
    for pause_first, pause_last in skipped:
        if pause_last >= first and max(pause_first, first) <= last:
            last += pause_last - max(pause_first, first) + 1
    return first, last


def months_later(day: int, months: int) -> int:
    """The day with the same number so many months later, or the last of that month (民法典 202).

    >>> date.fromordinal(months_later(date(2026, 8, 31).toordinal(), 6)).isoformat()
    '2027-02-28'
    """
    when = date.fromordinal(day)
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    next_year, next_month = divmod(when.year * 12 + when.month + months, 12)
    month_ends = date(next_year, next_month + 1, 1).toordinal() - 1
    return min(date(year, month + 1, 1).toordinal() + when.day - 1, month_ends)


def _settled(day: int, policy: ClockPolicy, calendar: Calendar, skipped: Sequence[tuple[int, int]]) -> int:
    """The day itself, or the next one that may be a last day: worked where that is asked, and not skipped."""
    rolls = policy.roll_rule is RollRule.NEXT_OPEN_DAY
    for pause_first, pause_last in skipped:
        day = calendar.open_from(day) if rolls else day
        if pause_first <= day <= pause_last:
            day = pause_last + 1
    return calendar.open_from(day) if rolls else day


def end_of(day: int, policy: ClockPolicy, calendar: Calendar) -> int:
    """The instant at which a day ends for a policy: at its 24:00, or when its business closes."""
    midnight = calendar.begins(day + 1)
    if policy.end_rule is EndRule.CLOSE and calendar.is_open(day):
        closes = calendar.hours.end_before(midnight)
        if closes is not None and calendar.begins(day) < closes <= midnight:
            return closes
    return midnight


def _warn_points(
    start: int, at: int, policy: ClockPolicy, calendar: Calendar, pauses: Sequence[Stretch]
) -> tuple[int, ...]:
    line = line_of(policy, calendar)
    if not pauses:
        before = line.passed(start)
        whole = line.passed(at) - before
        if whole >= PERCENT:  # no share of it is nothing
            return tuple(
                [line.reach(before + whole * percent // PERCENT) for percent in policy.warn_percents]
            )
    whole = counted(line, start, at, pauses)
    return tuple(advance(line, start, whole * percent // PERCENT, pauses) for percent in policy.warn_percents)
