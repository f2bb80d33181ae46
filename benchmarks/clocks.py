"""A million clocks run: how long until all are reckoned again by another calendar, and what limits it?"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from datetime import date
from pathlib import Path

import asyncpg
import msgspec

from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app import open_database
from countermand.app.clocks import clock_house, published_calendar
from countermand.cases.calendars import Calendar
from countermand.cases.moves import begun, passed_on, reckoned
from countermand.flows.recompute_clocks import recompute_clocks, use_calendar
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, ManualClock, moment_of
from countermand.kernel.ids import CountedIds
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import Clock, ClockState

POLICIES = (
    "cn.complaint.decide", "cn.credit.dispute", "cn.aml.objection", "stage.human_contact", "stage.forensics",
    "service.first_reply", "service.next_reply", "us.rege.provisional_credit", "us.rege.investigate",
    "uk.app.reimburse", "eu.psd2.complaint",
)  # fmt: skip
NOW = 1_795_233_600_000_000  # 2026-11-21 04:00 UTC
PAUSED_SHARE = 0.2
FILL_AT_ONCE = 50_000
COLUMNS = (
    "id case_id policy policy_version calendar calendar_version kind owner started_at state due_at warn_at "
    "warned provisional extensions ended_by"
).split()


def drawn(house, chance: random.Random, number: int) -> Clock:
    """A clock of the last three days; every fifth has been with the customer."""
    rule = house.rules.find(POLICIES[number % len(POLICIES)])
    calendar = published_calendar(rule.calendar)
    start = NOW - chance.randrange(3 * MICROS_PER_DAY)
    blank = Clock(
        id=f"clk-{number:09}", case=f"c-{number // 5}", policy=rule.id,
        policy_version=house.rules.version_of(rule.id), calendar=calendar.id,
        calendar_version=calendar.version, kind=rule.kind, owner="desk", started_at=start,
        state=ClockState.RUNNING, due_at=start + 1, warn_at=(),
    )  # fmt: skip
    clock = begun(blank, rule, calendar, Ball.DESK)
    if chance.random() < PAUSED_SHARE:
        away = passed_on(clock, Ball.CUSTOMER, start + MICROS_PER_HOUR, "papers")
        clock = reckoned(passed_on(away, Ball.DESK, start + 5 * MICROS_PER_HOUR, ""), rule, calendar, NOW)
    return clock


def row(clock: Clock) -> tuple:
    """The columns of a clock for COPY."""
    return (
        clock.id, clock.case, clock.policy, clock.policy_version, clock.calendar, clock.calendar_version,
        clock.kind.value, clock.owner, moment_of(clock.started_at), clock.state.value,
        moment_of(clock.due_at), [moment_of(at) for at in clock.warn_at], 0, clock.provisional, "[]", [],
    )  # fmt: skip


async def fill(house, connection, clocks: int, chance: random.Random) -> None:
    """So many clocks, their spans and their timers."""
    for begin in range(0, clocks, FILL_AT_ONCE):
        made = [drawn(house, chance, number) for number in range(begin, min(clocks, begin + FILL_AT_ONCE))]
        await connection.copy_records_to_table("clock", records=map(row, made), columns=COLUMNS)
        spans = [
            (one.id, place, span.ball.value, moment_of(span.begins), moment_of(span.ends), span.reason)
            for one in made
            for place, span in enumerate(one.spans)
        ]
        await connection.copy_records_to_table("clock_span", records=spans)
    await connection.execute("INSERT INTO timer SELECT 'clock', id, due_at FROM clock")
    await connection.execute("ANALYZE clock, clock_span, timer")


async def timed(house, said: str) -> None:
    """Reckon all of them again, and print how long that took."""
    began, used = time.perf_counter(), time.process_time()
    found = await recompute_clocks(house)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"{said}: {found.looked_at:,} clocks in {took:.1f} s ({found.looked_at / took:,.0f}/s), "
        f"{found.moved:,} moved; {cpu:.1f} s of it in this process"
    )


async def measure(clocks: int, seed: int, directory: Path) -> None:
    """Fill, replay with the same calendars, replay with another holiday."""
    async with open_database(Settings(data_dir=directory)) as dsn:
        await migrate(dsn)
        pool = await connect_pool(dsn, size_max=4)
        house = clock_house(PostgresWorks(pool), ManualClock(NOW), CountedIds())
        async with house.works.open() as unit:
            for name in {house.rules.find(policy).calendar for policy in POLICIES}:
                await house.calendar(unit, name)
        connection = await asyncpg.connect(dsn)
        began = time.perf_counter()
        await fill(house, connection, clocks, random.Random(seed))
        print(f"{clocks:,} clocks written in {time.perf_counter() - began:.1f} s")
        await timed(house, "same calendars")
        ours = published_calendar("cn").terms
        holiday = {date(2026, 12, 7): Text(en="another day off", zh="临时放假")}
        changed = Calendar(msgspec.structs.replace(ours, closed={**ours.closed, **holiday}))
        await use_calendar(house, changed, "benchmark")
        await timed(house, "7 December becomes a holiday in China")
        await timed(house, "once more")
        written = await connection.fetchval("SELECT count(*) FROM journal WHERE kind = 'clock.recomputed'")
        print(f"{written:,} facts clock.recomputed")
        await connection.close()
        await close_pool(pool)


def main() -> None:
    """Measure in a directory that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="countermand-bench-") as directory:
        asyncio.run(measure(given.clocks, given.seed, Path(directory)))


if __name__ == "__main__":
    main()
