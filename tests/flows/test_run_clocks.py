"""Goal: every demand on a case warns, is met or breached in time, and follows a new calendar.

Method: real PostgreSQL, the manual clock, the worker's own handler of timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app.clocks import clock_house, published_calendar
from countermand.cases.calendars import Calendar
from countermand.cases.clock_pack import ClockRules
from countermand.flows.clock_house import ClockHouse
from countermand.flows.recompute_clocks import recompute_clocks, use_calendar, use_published
from countermand.flows.run_clocks import (
    Approval,
    cancel_clock,
    extend_clock,
    meet_clock,
    pass_ball,
    start_clock,
    waive_clock,
)
from countermand.flows.show_clocks import show_clocks
from countermand.flows.wake_clocks import wake_clocks
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, ManualClock, micros_of
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.kernel.ids import CountedIds
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import CLOCK_TIMER, Clock, ClockState

STAGE, COMPLAINT, REPLY = "stage.human_contact", "cn.complaint.decide", "service.next_reply"


def at(wall: str) -> int:
    """The instant of a wall time in Shanghai."""
    return micros_of(datetime.fromisoformat(wall).replace(tzinfo=published_calendar("cn").zone))


MONDAY = at("2026-11-23 10:00")


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[ClockHouse]:
    """Clocks on a database, at ten on a Monday morning."""
    pool = await connect_pool(dsn, size_max=4)
    yield clock_house(PostgresWorks(pool), ManualClock(MONDAY), CountedIds())
    await close_pool(pool)


@pytest.fixture
async def house(database_dsn: str) -> AsyncIterator[ClockHouse]:
    """A house for clocks."""
    async with opened(database_dsn) as made:
        yield made


async def started(house: ClockHouse, policy: str, wall: str = "2026-11-23 10:00", case: str = "c-1") -> str:
    """The id of a new clock."""
    async with house.works.open() as unit:
        clock = await start_clock(house, unit, case, policy, at(wall), "li")
    assert clock is not None
    return clock.id


async def one(house: ClockHouse, clock: str) -> Clock:
    """A clock as it is recorded."""
    async with house.works.open() as unit:
        (found,) = await unit.clocks.lock([clock])
    return found


async def passed(house: ClockHouse, wall: str, ball: Ball) -> list[Clock]:
    """At an instant, somebody else gets the ball of the case."""
    house.time.at = at(wall)
    async with house.works.open() as unit:
        return await pass_ball(house, unit, "c-1", ball, "li", "papers")


async def woken(house: ClockHouse, wall: str) -> None:
    """What is due until an instant happens, as the worker does it."""
    house.time.at = at(wall)
    async with house.works.open() as unit:
        timers = await unit.timers.claim(CLOCK_TIMER, house.time.now(), 100)
        if timers:
            await wake_clocks(house, unit, timers)


async def story(tables: Any) -> list[str]:
    """The facts about clocks, in order, with the percent of a warning."""
    rows = await tables.fetch("SELECT kind, body FROM journal WHERE kind LIKE 'clock.%' ORDER BY seq")
    bodies = [(row["kind"], msgspec.json.decode(row["body"])) for row in rows]
    return [f"{kind.partition('.')[2]} {body.get('percent', '')}".strip() for kind, body in bodies]


async def timer_of(tables: Any, clock: str) -> int | None:
    """When a clock wakes next."""
    found = await tables.fetchval("SELECT due_at FROM timer WHERE kind = 'clock' AND ref = $1", clock)
    return None if found is None else micros_of(found)


async def test_a_clock_warns_three_times_and_is_breached(house, tables):
    """At 12, 19.2 and 22.8 hours of 24, and then with an owner, a cause, and later with a remedy."""
    clock = await started(house, STAGE)
    assert await timer_of(tables, clock) == MONDAY + 12 * MICROS_PER_HOUR
    for wall in ("2026-11-23 21:59", "2026-11-23 22:00", "2026-11-24 05:12", "2026-11-24 09:00"):
        await woken(house, wall)
    assert await story(tables) == ["started", "warned 50", "warned 80", "warned 95"]
    assert await timer_of(tables, clock) == MONDAY + 24 * MICROS_PER_HOUR
    await woken(house, "2026-11-24 10:00")
    assert (await one(house, clock)).state is ClockState.BREACHED
    assert await timer_of(tables, clock) is None
    breach = await tables.fetchrow("SELECT owner, cause, made_good_at FROM breach WHERE clock = $1", clock)
    assert tuple(breach) == ("li", "ball_with_desk", None)
    house.time.at = at("2026-11-24 11:00")
    for _ in range(2):
        async with house.works.open() as unit:
            assert (await meet_clock(house, unit, clock, "li")).state is ClockState.BREACHED
    assert await tables.fetchval("SELECT made_good_at FROM breach") is not None
    assert (await story(tables))[4:] == ["breached", "met"]


async def test_a_worker_that_slept_tells_everything_at_once(house, tables):
    """Warnings that were slept through are written with the breach, none is lost."""
    await started(house, STAGE, "2026-11-20 10:00")
    await woken(house, "2026-11-23 10:00")
    assert await story(tables) == ["started", "warned 50", "warned 80", "warned 95", "breached"]


async def test_a_clock_that_is_met_warns_no_more(house, tables):
    """Its timer is gone with it, and meeting it again changes nothing."""
    clock = await started(house, STAGE)
    for _ in range(2):
        async with house.works.open() as unit:
            assert (await meet_clock(house, unit, clock, "li")).state is ClockState.MET
    assert await timer_of(tables, clock) is None
    assert await story(tables) == ["started", "met"]
    house.time.at += MICROS_PER_DAY
    async with house.works.open() as unit:
        with pytest.raises(Conflict, match="clock_ended"):
            await cancel_clock(house, unit, clock, "li", "withdrawn")


async def test_only_service_clocks_wait_for_the_customer(house, tables):
    """Eight office hours stop at the second and go on a day later; the legal clock never notices."""
    legal, service = await started(house, COMPLAINT), await started(house, REPLY)
    before = await one(house, legal)
    await passed(house, "2026-11-23 12:00", Ball.CUSTOMER)
    waiting = await one(house, service)
    assert (waiting.state, waiting.due_at) == (ClockState.PAUSED, at("2026-11-24 11:00") - MICROS_PER_HOUR)
    assert await timer_of(tables, service) is None
    assert await passed(house, "2026-11-23 13:00", Ball.CUSTOMER) == []  # nothing has moved
    await passed(house, "2026-11-24 12:00", Ball.POLICE)
    (paused,) = [one for one in await show_clocks(house, "c-1") if one["clock"] == service]
    assert (paused["remaining"].zh, paused["ball_with"]) == ("已暂停，剩余工作时间 6 小时", "police")
    await passed(house, "2026-11-24 14:00", Ball.DESK)
    after = await one(house, service)
    # Two hours on Monday, three on Tuesday, three on Wednesday.
    assert (after.state, after.due_at) == (ClockState.RUNNING, at("2026-11-25 12:00"))
    assert [span.ball for span in after.spans] == [Ball.CUSTOMER, Ball.POLICE]
    same = await one(house, legal)
    assert (same.state, same.due_at) == (ClockState.RUNNING, before.due_at)
    assert await story(tables) == ["started", "started", "paused", "resumed"]


async def test_the_ball_does_not_save_a_clock_whose_time_was_over(house, tables):
    """The worker had not come by yet: passing the ball on breaches it first."""
    clock = await started(house, REPLY)
    await passed(house, "2026-11-24 12:00", Ball.CUSTOMER)
    assert (await one(house, clock)).state is ClockState.BREACHED
    assert await story(tables) == ["started", "breached"]


async def test_more_time_needs_an_approver_a_notice_and_an_order(house, tables):
    """Fifteen days, then thirty; each once, by the role that the rule names."""
    clock = await started(house, COMPLAINT)
    good = Approval(by="wang", role="lead", reason="many banks", notice="ntc-1")
    refused = [
        ("special", good, Conflict, "extension_refused"),
        ("none", good, NotFound, "unknown_extension"),
        ("complex", replace(good, role="agent"), Forbidden, "approver_needed"),
        ("complex", replace(good, by="li"), Forbidden, "second_person_needed"),
        ("complex", replace(good, notice=""), Conflict, "notice_missing"),
    ]
    for extension, approval, error, code in refused:
        async with house.works.open() as unit:
            with pytest.raises(error, match=code):
                await extend_clock(house, unit, clock, extension, "li", approval)
    async with house.works.open() as unit:
        after = await extend_clock(house, unit, clock, "complex", "li", good)
    assert after.due_at == at("2026-12-24 00:00")  # 30 days from 24 November: 23 December
    async with house.works.open() as unit:
        with pytest.raises(Conflict, match="extension_refused"):
            await extend_clock(house, unit, clock, "complex", "li", good)
    executive = replace(good, role="executive")
    async with house.works.open() as unit:
        last = await extend_clock(house, unit, clock, "special", "li", executive)
    assert (last.due_at, last.provisional) == (at("2027-01-23 00:00"), True)
    assert await one(house, clock) == last
    assert await timer_of(tables, clock) == last.warn_at[0]
    assert await story(tables) == ["started", "extended", "extended"]


async def test_two_people_waive_a_clock(house, tables):
    """One alone cannot; both stand in the record."""
    clock = await started(house, STAGE)
    async with house.works.open() as unit:
        with pytest.raises(Forbidden, match="second_person_needed"):
            await waive_clock(house, unit, clock, "li", "li", "called already")
    async with house.works.open() as unit:
        found = await waive_clock(house, unit, clock, "li", "wang", "called already")
    assert (found.state, found.ended_by) == (ClockState.WAIVED, ("li", "wang"))
    assert await one(house, clock) == found
    assert await timer_of(tables, clock) is None


async def test_the_same_clock_starts_once(house, tables):
    """By case, rule and start; another start is another clock, and a rule not in force starts none."""
    await started(house, STAGE)
    async with house.works.open() as unit:
        assert await start_clock(house, unit, "c-1", STAGE, MONDAY, "li") is None
        with pytest.raises(Conflict, match="clock_not_in_force"):
            await start_clock(house, unit, "c-1", "cn.aml.objection", at("2024-12-31 10:00"), "li")
        with pytest.raises(NotFound, match="unknown_clock_policy"):
            await start_clock(house, unit, "c-1", "cn.nothing", MONDAY, "li")
        with pytest.raises(NotFound, match="unknown_clock"):
            await meet_clock(house, unit, "clk-0", "li")
    await started(house, STAGE, "2026-11-23 11:00")
    shown = await show_clocks(house, "c-1")
    assert [one["remaining"].zh for one in shown] == [
        "剩余 1 天 (至 11月24日 10:00)",
        "剩余 1 天 1 小时 (至 11月24日 11:00)",
    ]
    assert shown[0]["remaining"].en == "1 day left (until 24 Nov 10:00)"


async def test_a_new_calendar_moves_the_clocks_that_it_concerns(house, tables):
    """The 30 November becomes a holiday: office hours move; days that end elsewhere and ended clocks stay."""
    reply = await started(house, REPLY, "2026-11-27 17:00")
    await started(house, COMPLAINT, "2026-11-23 10:00")
    rolls = await started(house, COMPLAINT, "2026-11-15 10:00")
    ended = await started(house, REPLY, "2026-11-27 17:00", case="c-2")
    async with house.works.open() as unit:
        await cancel_clock(house, unit, ended, "li", "merged")
    ours = published_calendar("cn").terms
    holiday = {date(2026, 11, 30): Text(en="Founding day", zh="行庆")}
    changed = Calendar(msgspec.structs.replace(ours, source="us", closed={**ours.closed, **holiday}))
    assert await use_calendar(house, changed, "li")
    assert not await use_calendar(house, changed, "li")
    found = await recompute_clocks(house)
    assert (found.looked_at, found.moved, found.unknown) == (3, 2, 0)
    assert (await one(house, reply)).due_at == at("2026-12-01 17:00")
    moved = await one(house, rolls)
    assert (moved.due_at, moved.calendar_version) == (at("2026-12-02 00:00"), changed.version)
    assert await timer_of(tables, reply) == (await one(house, reply)).warn_at[0]
    assert (await story(tables))[-2:] == ["recomputed", "recomputed"]
    assert (await recompute_clocks(house)).moved == 0
    assert await use_published(house, ["cn", "uk"], "li") == []  # ours is kept; uk is used for the first time
    assert (await tables.fetchval("SELECT count(*) FROM calendar WHERE is_current")) == 2


async def test_a_rule_that_left_its_pack_leaves_its_clocks_as_they_are(house, tables):
    """They warn and are breached as before, are shown, and the replay counts them."""
    clock = await started(house, STAGE)
    before = await one(house, clock)
    without = replace(house, rules=ClockRules([pack for pack in house.rules.packs if pack.id != "house"]))
    assert await recompute_clocks(without) == (1, 0, 1)
    await passed(without, "2026-11-23 21:00", Ball.POLICE)
    assert (await one(house, clock)).due_at == before.due_at
    (shown,) = await show_clocks(without, "c-1")
    assert shown["steps"][0].en.startswith("Reckoned by version")
    await woken(without, "2026-11-24 10:00")
    assert (await story(tables))[-1] == "breached"
    assert await tables.fetchval("SELECT cause FROM breach") == "ball_with_police"
    # Those that have ended are explained by the calendar that they ended under.
    (ended,) = await show_clocks(house, "c-1")
    assert ended["steps"][0].en.startswith("Starts 2026-11-23 10:00")


async def test_a_clock_in_other_hands_is_looked_at_again_soon(house, tables):
    """The worker waits for nobody, and loses no timer."""
    clock = await started(house, STAGE)
    async with house.works.open() as unit:
        await unit.clocks.lock([clock])
        async with asyncio.timeout(5):
            await woken(house, "2026-11-23 22:00")
    assert await story(tables) == ["started"]
    await woken(house, "2026-11-23 22:01")
    assert await story(tables) == ["started", "warned 50"]
