"""Clocks of a case start, wait while others must act, are met, given more time, cancelled or waived.

Every story works in the unit of whoever tells it: a clock and what started or ended it are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from countermand.cases.calendars import Calendar
from countermand.cases.clock_pack import applies_on
from countermand.cases.clock_policies import ClockPolicy
from countermand.cases.extensions import grant
from countermand.cases.moves import begun, ended, extended, passed_on, reckoned
from countermand.flows.clock_house import ClockHouse, fact_of, is_late, note_breaches, set_timers, write
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import LIVE, Clock, ClockState
from countermand.vocabulary.facts import (
    CLOCK_CANCELLED,
    CLOCK_EXTENDED,
    CLOCK_MET,
    CLOCK_PAUSED,
    CLOCK_RESUMED,
    CLOCK_STARTED,
    CLOCK_WAIVED,
    Fact,
)
from countermand.work import Unit

_RUNS_ON = {ClockState.PAUSED: CLOCK_PAUSED, ClockState.RUNNING: CLOCK_RESUMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who gives a clock more time, in which role, why, and the notice by which the person was told."""

    by: str
    role: str
    reason: str
    notice: str = ""


async def start_clock(
    house: ClockHouse,
    unit: Unit,
    case: str,
    policy: str,
    started_at: int,
    owner: str,
    ball: Ball = Ball.DESK,
) -> Clock | None:
    """Start a clock of a case; None where the same one (case, policy, start) runs or ran already.

    `started_at` (microseconds UTC) is the event itself, such as the receipt of the first message, and may
    lie in the past: what should have happened since happens at once. Raises NotFound
    (`unknown_clock_policy`, `unknown_calendar`), Conflict (`clock_not_in_force`), BadRequest
    (`calendar_too_short`), Unavailable.
    """
    return next(iter(await start_clocks(house, unit, case, {policy: started_at}, owner, ball)), None)


async def start_clocks(
    house: ClockHouse,
    unit: Unit,
    case: str,
    starts: Mapping[str, int],
    owner: str,
    ball: Ball = Ball.DESK,
    *,
    only_ahead: bool = False,
    of_new: bool = False,
) -> list[Clock]:
    """Start clocks of a case, each policy from its instant; those that did not run.

    With `only_ahead`, clocks whose time is over, or whose rule was not in force then, are passed over.
    `of_new`: the case was opened in this unit, and so has none yet.
    Raises as `start_clock`.
    """
    now, calendars, wanted = house.time.now(), dict[str, Calendar](), list[Clock]()
    for policy, started_at in starts.items():
        rule = house.rules.find(policy)
        if rule.calendar not in calendars:
            calendars[rule.calendar] = await house.calendar(unit, rule.calendar)
        calendar = calendars[rule.calendar]
        if only_ahead and not applies_on(rule, date.fromordinal(calendar.day_of(started_at))):
            continue
        clock = _begun(house, calendar, rule, case, started_at, owner, ball, now)
        if not only_ahead or clock.due_at > now:
            wanted.append(clock)
    if of_new:
        await unit.clocks.add_new(wanted)
        started = wanted
    else:
        started = await unit.clocks.add(wanted)
    facts = [
        fact_of(
            clock,
            CLOCK_STARTED,
            now,
            started_at=clock.started_at,
            due_at=clock.due_at,
            demand=clock.kind.value,
            provisional=clock.provisional,
        )
        for clock in started
    ]
    await set_timers(unit, started)
    await unit.note(facts)
    return started


def _begun(
    house: ClockHouse,
    calendar: Calendar,
    rule: ClockPolicy,
    case: str,
    started_at: int,
    owner: str,
    ball: Ball,
    now: int,
) -> Clock:
    day = date.fromordinal(calendar.day_of(started_at))
    if not applies_on(rule, day):
        raise Conflict(
            "clock_not_in_force",
            f"The rule {rule.id} does not apply on {day}.",
            f"规则 {rule.id} 在 {day} 不适用。",
            policy=rule.id,
        )
    blank = Clock(
        id=house.ids.new("clk", now),
        case=case,
        policy=rule.id,
        policy_version=house.rules.version_of(rule.id),
        calendar=calendar.id,
        calendar_version=calendar.version,
        kind=rule.kind,
        owner=owner,
        started_at=started_at,
        state=ClockState.RUNNING,
        due_at=started_at + 1,
        warn_at=(),
    )
    return begun(blank, rule, calendar, ball)


async def pass_ball(
    house: ClockHouse, unit: Unit, case: str, ball: Ball, actor: str, reason: str
) -> list[Clock]:
    """Somebody else must act in a case: clocks whose rule says so stop or run again; those that moved.

    A clock whose time was over before is breached first. Raises Unavailable.
    """
    now = house.time.now()
    live = [clock for clock in await unit.clocks.of_case(case) if clock.state in LIVE]
    await note_breaches(unit, [clock for clock in live if is_late(clock, now)], now)
    moved: list[Clock] = []
    facts: list[Fact] = []
    for clock in live:
        passed = passed_on(clock, ball, now, reason)
        if is_late(clock, now) or passed is clock:
            continue
        after = await _reckoned(house, unit, passed, now)
        moved.append(after)
        if after.state is not clock.state:
            said = {"ball": ball.value, "due_at": after.due_at, "actor": actor}
            facts.append(fact_of(after, _RUNS_ON[after.state], now, **said))
    await write(unit, moved, facts)
    return moved


async def meet_clock(house: ClockHouse, unit: Unit, clock: str, actor: str) -> Clock:
    """What a clock demanded was done; a breach stays one, and is known to have been made good.

    Meeting it again changes nothing. Raises NotFound (`unknown_clock`), Conflict (`clock_ended`).
    """
    now, found = house.time.now(), await _lock(unit, clock)
    if is_late(found, now):
        (found,) = await note_breaches(unit, [found], now)
    if found.state is ClockState.BREACHED:
        if await unit.clocks.made_good(clock, now):
            await unit.note([fact_of(found, CLOCK_MET, now, actor=actor, late=True)])
        return found
    if found.state is ClockState.MET:
        return found
    return await _end(unit, found, ClockState.MET, now, (actor,), CLOCK_MET)


async def cancel_clock(house: ClockHouse, unit: Unit, clock: str, actor: str, why: str) -> Clock:
    """What a clock demanded is no longer to be done: the person withdrew, or the case was merged.

    Raises NotFound (`unknown_clock`), Conflict (`clock_ended`); also where its time was over already.
    """
    now, found = house.time.now(), await _lock(unit, clock)
    _require_time_left(found, now)
    return await _end(unit, found, ClockState.CANCELLED, now, (actor,), CLOCK_CANCELLED, why)


async def waive_clock(
    house: ClockHouse, unit: Unit, clock: str, asked_by: str, agreed_by: str, why: str
) -> Clock:
    """Two people say that a clock is not to be kept.

    Raises Forbidden (`second_person_needed`), and what `cancel_clock` does.
    """
    if asked_by == agreed_by or not agreed_by:
        raise Forbidden(
            "second_person_needed",
            "A clock is waived by two people: somebody else must agree.",
            "豁免期限须由两人决定：请由另一人同意。",
        )
    now, found = house.time.now(), await _lock(unit, clock)
    _require_time_left(found, now)
    return await _end(unit, found, ClockState.WAIVED, now, (asked_by, agreed_by), CLOCK_WAIVED, why)


async def extend_clock(
    house: ClockHouse, unit: Unit, clock: str, extension: str, asked_by: str, approval: Approval
) -> Clock:
    """Give a clock more time, as its rule allows; before it is due, approved, and told where the rule asks.

    Raises NotFound (`unknown_clock`, `unknown_extension`), Conflict (`clock_ended`, `extension_refused`,
    `notice_missing`), Forbidden (`approver_needed`, `second_person_needed`).
    """
    now, found = house.time.now(), await _lock(unit, clock)
    _require_time_left(found, now)
    rule = house.rules.find(found.policy)
    granted = grant(rule, extension, found.extensions, now, approval.by, approval.reason, approval.notice)
    asked = next(one for one in rule.extensions if one.id == extension)
    _require_approval(asked.approver, asked.notify, asked_by, approval)
    after = await _reckoned(house, unit, extended(found, granted), now)
    said = {"extension": extension, "was": found.due_at, "due_at": after.due_at, "notice": approval.notice}
    fact = fact_of(after, CLOCK_EXTENDED, now, actor=asked_by, approved_by=approval.by, **said)
    await write(unit, [after], [fact])
    return after


async def _reckoned(house: ClockHouse, unit: Unit, clock: Clock, now: int) -> Clock:
    """By the rule and the calendar of now; as it was where its rule is in no pack any more."""
    rule = house.rules.get(clock.policy)
    if rule is None:
        return clock
    calendar = await house.calendar(unit, clock.calendar)
    versioned = replace(clock, policy_version=house.rules.version_of(clock.policy))
    return reckoned(versioned, rule, calendar, now)


async def _lock(unit: Unit, clock: str) -> Clock:
    found = await unit.clocks.lock([clock])
    if not found:
        raise NotFound("unknown_clock", f"There is no clock {clock}.", f"没有期限 {clock}。", clock=clock)
    return found[0]


async def _end(
    unit: Unit,
    clock: Clock,
    state: ClockState,
    now: int,
    by: tuple[str, ...],
    kind: str,
    why: str | None = None,
) -> Clock:
    if clock.state not in LIVE:
        raise _over(clock)
    after = ended(clock, state, now, by, why)
    said = {} if why is None else {"why": why}
    await write(unit, [after], [fact_of(after, kind, now, actors=list(by), due_at=after.due_at, **said)])
    return after


def _require_time_left(clock: Clock, now: int) -> None:
    if clock.state not in LIVE or is_late(clock, now):
        raise _over(clock)


def _over(clock: Clock) -> Conflict:
    return Conflict(
        "clock_ended",
        f"The clock {clock.id} has ended: {clock.state.value}.",
        f"期限 {clock.id} 已结束：{clock.state.value}。",
        clock=clock.id,
        state=clock.state.value,
    )


def _require_approval(role: str, notify: bool, asked_by: str, approval: Approval) -> None:
    if role and approval.role != role:
        raise Forbidden(
            "approver_needed",
            f"This extension is approved by the role {role}.",
            f"该延长须由角色 {role} 批准。",
            role=role,
        )
    if role and approval.by == asked_by:
        raise Forbidden(
            "second_person_needed",
            "Whoever asks for more time does not approve it.",
            "申请延长的人不能自行批准。",
        )
    if notify and not approval.notice:
        raise Conflict(
            "notice_missing",
            "The person must be told of this extension: name the notice.",
            "延长须告知当事人：请注明通知编号。",
        )
