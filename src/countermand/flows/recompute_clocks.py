"""New calendars and new rules: every clock that runs is reckoned again, and those that move say so."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from countermand.cases.calendars import Calendar
from countermand.cases.clocks import due
from countermand.cases.moves import reckoned
from countermand.flows.clock_house import ClockHouse, fact_of, write
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.clocks import LIVE, Clock, Reckoned
from countermand.vocabulary.facts import CLOCK_RECOMPUTED, Fact

PAGE_CLOCKS = 20_000
MOVED_AT_ONCE_MAX = 1_000
RECKONED_AT_ONCE_MAX = 500


class Recomputed(NamedTuple):
    """What came of it; `unknown` are clocks whose rule is gone or whose calendar is too short: they stay."""

    looked_at: int
    moved: int
    unknown: int


async def use_calendar(house: ClockHouse, calendar: Calendar, actor: str) -> bool:
    """Use a version of a calendar from now on, without moving any clock; False where it is used already.

    Raises Unavailable.
    """
    async with house.works.open() as unit:
        return await house.use(unit, calendar, actor)


async def use_published(house: ClockHouse, calendars: Collection[str], actor: str) -> list[str]:
    """Use the shipped version of these calendars; an institution's own stay. Those that changed.

    Raises Unavailable.
    """
    changed = []
    for name in calendars:
        shipped = house.published(name)
        async with house.works.open() as unit:
            kept = await house.calendar(unit, name)
            ours = kept.terms.source.partition(" ")[0] == shipped.terms.source.partition(" ")[0]
            if ours and await house.use(unit, shipped, actor):
                changed.append(name)
    return changed


async def recompute_clocks(house: ClockHouse) -> Recomputed:
    """Reckon every live clock by the rules and calendars of now; only those that move are written.

    Clocks may start, stop and end meanwhile: one that seems to move is locked and reckoned again before it
    is written. Raises Unavailable.
    """
    looked_at = moved = unknown = 0
    calendars: dict[str, Calendar] = {}
    waiting: list[str] = []
    page = await _page(house, "", calendars)
    while page or waiting:
        # The database reads the next page and writes the last one's moves while this process reckons.
        ahead, (moving, lost), written = await asyncio.gather(
            _page(house, page[-1].id, calendars) if page else _nothing(),
            _moving(house, page, calendars),
            _move_all(house, waiting, calendars),
        )
        looked_at, moved, unknown = looked_at + len(page), moved + written, unknown + lost
        page, waiting = ahead, moving
    return Recomputed(looked_at, moved, unknown)


async def _page(house: ClockHouse, after: str, calendars: dict[str, Calendar]) -> list[Reckoned]:
    """The next clocks; their calendars are added to those that are known."""
    async with house.works.open() as unit:
        page = await unit.clocks.live(after, PAGE_CLOCKS)
        for name in {row.calendar for row in page} - calendars.keys():
            calendars[name] = await house.calendar(unit, name)
    return page


async def _nothing() -> list[Reckoned]:
    return []


async def _move_all(house: ClockHouse, clocks: list[str], calendars: dict[str, Calendar]) -> int:
    """Move these clocks, some at a time; how many did move."""
    moved = 0
    for begin in range(0, len(clocks), MOVED_AT_ONCE_MAX):
        moved += await _move(house, clocks[begin : begin + MOVED_AT_ONCE_MAX], calendars)
    return moved


async def _moving(
    house: ClockHouse, page: Sequence[Reckoned], calendars: dict[str, Calendar]
) -> tuple[list[str], int]:
    """The clocks that would have another due instant, warning or certainty; how many cannot be reckoned."""
    moving: list[str] = []
    unknown = 0
    for begin in range(0, len(page), RECKONED_AT_ONCE_MAX):
        unknown += _moving_of(house, page[begin : begin + RECKONED_AT_ONCE_MAX], calendars, moving)
        await asyncio.sleep(0)  # let the database be answered; a thread would fight for the interpreter
    return moving, unknown


def _moving_of(
    house: ClockHouse, rows: Sequence[Reckoned], calendars: dict[str, Calendar], moving: list[str]
) -> int:
    policies, unknown = house.rules.all(), 0
    for name, policy, calendar, started_at, more, due_at, warn_at, provisional, spans in rows:
        rule = policies.get(policy)
        if rule is None:
            unknown += 1
            continue
        try:
            found = due(started_at, spans, rule, calendars[calendar], more)
        except CountermandError:
            unknown += 1
            continue
        if found.at != due_at or found.warn_at != warn_at or found.provisional != provisional:
            moving.append(name)
    return unknown


async def _move(house: ClockHouse, clocks: Collection[str], calendars: dict[str, Calendar]) -> int:
    now = house.time.now()
    moved: list[Clock] = []
    facts: list[Fact] = []
    async with house.works.open() as unit:
        for clock in await unit.clocks.lock(clocks):
            if clock.state not in LIVE:
                continue
            versioned = replace(clock, policy_version=house.rules.version_of(clock.policy))
            rule, calendar = house.rules.find(clock.policy), calendars[clock.calendar]
            after = reckoned(versioned, rule, calendar, now)
            if (after.due_at, after.warn_at, after.provisional) == (
                clock.due_at,
                clock.warn_at,
                clock.provisional,
            ):
                continue
            moved.append(after)
            said = {
                "was": clock.due_at,
                "due_at": after.due_at,
                "provisional": after.provisional,
                "calendar_version": after.calendar_version,
                "policy_version": after.policy_version,
            }
            facts.append(fact_of(after, CLOCK_RECOMPUTED, now, **said))
        await write(unit, moved, facts)
    return len(moved)
