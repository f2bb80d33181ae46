"""The clocks of a case as people see them: what is left, until when, and how that was reckoned."""

from __future__ import annotations

from typing import Any

from countermand.cases.calendars import Calendar
from countermand.cases.clock_explanations import explain
from countermand.cases.clock_policies import ClockPolicy, ClockUnit
from countermand.cases.clock_words import end_said, minute_said, paused_said, remaining_said
from countermand.cases.clocks import due, share_used
from countermand.cases.moves import ball_of
from countermand.cases.timelines import ALWAYS, Timeline
from countermand.flows.clock_house import ClockHouse
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.clocks import LIVE, Clock, ClockState

STATES = {
    ClockState.RUNNING: Text(en="running", zh="计时中"),
    ClockState.PAUSED: Text(en="paused", zh="已暂停"),
    ClockState.MET: Text(en="met", zh="已完成"),
    ClockState.BREACHED: Text(en="breached", zh="已逾期"),
    ClockState.CANCELLED: Text(en="cancelled", zh="已取消"),
    ClockState.WAIVED: Text(en="waived", zh="已豁免"),
}


async def show_clocks(house: ClockHouse, case: str) -> list[dict[str, Any]]:
    """Every clock of a case, those that are due next first, then those that have ended.

    Each with `remaining` and `steps` in both languages; where the rule has changed since it was
    reckoned, the steps say only that. Raises Unavailable.
    """
    async with house.works.open() as unit:
        found = await unit.clocks.of_case(case)
        calendars = {
            clock.id: await house.calendar(unit, clock.calendar)
            if clock.state in LIVE
            else await house.calendar_as(unit, clock.calendar, clock.calendar_version)
            for clock in found
        }
    ordered = sorted(found, key=lambda clock: (clock.state not in LIVE, clock.due_at, clock.id))
    now = house.time.now()
    return [_shown(clock, house.rules.get(clock.policy), calendars[clock.id], now) for clock in ordered]


def _shown(clock: Clock, policy: ClockPolicy | None, calendar: Calendar, now: int) -> dict[str, Any]:
    used = None
    if policy is not None and clock.state in LIVE:
        used = share_used(now, clock.started_at, clock.spans, policy, calendar, clock.due_at)
    return {
        "clock": clock.id,
        "policy": clock.policy,
        "name": Text(en=clock.policy, zh=clock.policy) if policy is None else policy.name,
        "kind": clock.kind.value,
        "state": clock.state.value,
        "state_said": STATES[clock.state],
        "owner": clock.owner,
        "ball_with": ball_of(clock).value,
        "started_at": rfc3339(clock.started_at),
        "due_at": rfc3339(clock.due_at),
        "due_local": end_said(clock.due_at, calendar),
        "remaining": _remaining(clock, policy, calendar, now),
        "percent_used": used,
        "provisional": clock.provisional,
        "verified": policy is not None and policy.verified,
        "policy_version": clock.policy_version,
        "calendar": clock.calendar,
        "calendar_version": clock.calendar_version,
        "steps": _steps(clock, policy, calendar),
    }


def _steps(clock: Clock, policy: ClockPolicy | None, calendar: Calendar) -> tuple[Text, ...]:
    """How it was reckoned, if the rule of now still comes to the same instant; else by which version."""
    if policy is not None:
        found = due(clock.started_at, clock.spans, policy, calendar, clock.extended)
        if found.at == clock.due_at:
            return explain(clock.started_at, clock.spans, policy, calendar, clock.extensions)
    version = clock.policy_version
    return (
        Text(
            en=f"Reckoned by version {version} of its pack, which has changed since",
            zh=f"按规则包版本 {version} 计算，此后规则已变更",
        ),
    )


def _remaining(clock: Clock, policy: ClockPolicy | None, calendar: Calendar, now: int) -> Text:
    if clock.state is ClockState.PAUSED:
        unit = ClockUnit.HOUR if policy is None else policy.unit
        line: Timeline = calendar.hours if unit is ClockUnit.BUSINESS_HOUR else ALWAYS
        return paused_said(line.passed(clock.due_at) - line.passed(clock.spans[-1].begins), unit)
    if clock.state is ClockState.RUNNING:
        return remaining_said(now, clock.due_at, calendar)
    assert clock.ended_at is not None, "what does not live has ended"
    at, said = minute_said(clock.ended_at, calendar), STATES[clock.state]
    return Text(en=f"{said.en} {at}", zh=f"{at} {said.zh}")
