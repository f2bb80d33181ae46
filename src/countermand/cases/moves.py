"""What a clock becomes when something happens to it; each returns another clock, reckoned again."""

from __future__ import annotations

from msgspec.structs import replace

from countermand.cases.calendars import Calendar
from countermand.cases.clock_policies import ClockPolicy
from countermand.cases.clocks import due
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import LIVE, Clock, ClockState, Extended, Span


def begun(clock: Clock, policy: ClockPolicy, calendar: Calendar, ball: Ball) -> Clock:
    """A new clock, with the ball where it is from the start on. Raises BadRequest `calendar_too_short`."""
    spans = () if ball is Ball.DESK else (Span(ball, clock.started_at, None),)
    return reckoned(replace(clock, spans=spans), policy, calendar, clock.started_at)


def reckoned(clock: Clock, policy: ClockPolicy, calendar: Calendar, now: int) -> Clock:
    """A live clock with what follows from its spans and extensions by this policy and calendar.

    A warning that comes later now than it was given is given again. Raises BadRequest `calendar_too_short`.
    """
    assert clock.state in LIVE, "what has ended is not reckoned again"
    found = due(clock.started_at, clock.spans, policy, calendar, clock.extended)
    passed = sum(at <= now for at in found.warn_at)
    return replace(
        clock,
        calendar_version=calendar.version,
        state=ClockState.PAUSED if found.paused else ClockState.RUNNING,
        due_at=found.at,
        warn_at=found.warn_at,
        warned=min(clock.warned, passed),
        provisional=found.provisional,
    )


def passed_on(clock: Clock, ball: Ball, now: int, reason: str) -> Clock:
    """The clock with the ball elsewhere; `reckoned` must follow. The same where it is there already."""
    if ball is ball_of(clock):
        return clock
    spans = clock.spans
    if spans and spans[-1].ends is None:
        spans = (*spans[:-1], spans[-1]._replace(ends=max(now, spans[-1].begins)))
    if ball is not Ball.DESK:
        spans = (*spans, Span(ball, max(now, clock.started_at), None, reason))
    return replace(clock, spans=spans)


def ball_of(clock: Clock) -> Ball:
    """Who has the ball as far as this clock knows."""
    if clock.spans and clock.spans[-1].ends is None:
        return clock.spans[-1].ball
    return Ball.DESK


def extended(clock: Clock, granted: Extended) -> Clock:
    """The clock with more time; `reckoned` must follow."""
    return replace(clock, extensions=(*clock.extensions, granted))


def ended(clock: Clock, state: ClockState, now: int, by: tuple[str, ...], why: str | None = None) -> Clock:
    """The clock at its end; its span stays open, for nobody says that the ball has moved."""
    assert clock.state in LIVE, "a clock ends once"
    assert state not in LIVE, "an end is an end"
    return replace(clock, state=state, ended_at=now, ended_by=by, why=why)


def wakes_at(clock: Clock) -> int | None:
    """When the next thing happens to a clock by itself: a warning or its end; None while it stands still."""
    if clock.state is not ClockState.RUNNING:
        return None
    return clock.warn_at[clock.warned] if clock.warned < len(clock.warn_at) else clock.due_at
