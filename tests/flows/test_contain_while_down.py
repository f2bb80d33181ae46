"""Goal: a containment stands by itself: whatever is away, it commits and binds, and is told on the return.

Method: real sockets that nobody listens on for a while, a worker that is not there, a follower that is dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from countermand.flows.contain_now import contain_now
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.house import House
from countermand.flows.show_incidents import show_incident
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.incidents import ContainRequest, Preset
from flows.parts_stage import PartStage, part_stage
from flows.shadow_stage import add, catch_up, changed, following, shadowed
from flows.stage import SECOND, outcome_of, payment

DONE = Delivery(state=EffectState.DONE, answer={})


@pytest_asyncio.fixture
async def stage(
    database_dsn: str, clock: ManualClock, tmp_path: Path, tables: Any
) -> AsyncIterator[PartStage]:
    """A house with everything it leans on."""
    async with part_stage(database_dsn, clock, tmp_path, tables) as found:
        yield found


async def contained(house: House, key: str = "k-1", account: str = "a-1") -> dict[str, Any]:
    """The account is contained, and from then on its payments are refused."""
    request = ContainRequest(account=account, reason="not me", preset=Preset.EVERYTHING)
    shown = await contain_now(house, request, key, "desk")
    said = await house.decider.decide(payment(account, at=house.clock.now()), None)
    assert outcome_of(said) == "deny"
    return shown


@pytest.mark.parametrize("away", ["banking", "sessions", "notices.sms", "worker"])
async def test_what_is_away_holds_up_nothing_and_is_told_later(stage: PartStage, away: str) -> None:
    """Committed and binding at once; the others are told; what is owed is shown, and done on the return."""
    house, deliverer = stage.house, stage.house.worker.deliverer
    if away in stage.parts:
        await stage.parts[away].down()
    shown = await contained(house)
    if away != "worker":
        await deliverer.settle()
    states = await stage.states()
    if away == "worker":
        assert set().union(*states.values()) == {"pending"}
    else:
        assert states.pop(away) == {"pending"}
        assert set().union(*states.values()) == {"done"}, states
    incident = await show_incident(house, shown["incident"])
    owed = {one.split("/")[2] for one in incident["outstanding"]}
    assert owed == ({"banking", "sessions", "notices"} if away == "worker" else {away} - {"notices.sms"})
    if away in stage.parts:
        await stage.parts[away].up()
    for _ in range(3):
        stage.clock.advance(3 * SECOND)
        await deliverer.settle()
    assert set().union(*(await stage.states()).values()) == {"done"}
    assert (await show_incident(house, shown["incident"]))["outstanding"] == []


class Hung:
    """A port that takes what it is given and never answers, until it is let go."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.taken = 0

    async def deliver(self, effect: Effect) -> Delivery:
        self.taken += 1
        await self.free.wait()
        return DONE


class Willing:
    """A port that does everything at once."""

    async def deliver(self, effect: Effect) -> Delivery:
        return DONE


def deliverer_of(house: House, ports: dict[str, Any], followers: dict[str, Any] | None = None) -> Deliverer:
    """One over these ports, with few places each."""
    schedule = house.worker.deliverer.schedule
    return Deliverer(house.works, schedule, ports, followers or {}, house.clock, at_once_max=4)


async def reach(stage: PartStage, query: str, wanted: set[str]) -> None:
    """Look until the first column of a query is that, for some seconds at most."""
    found: set[str] = set()
    for _ in range(250):
        found = {row[0] for row in await stage.tables.fetch(query)}
        if found == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def test_a_bank_that_hangs_keeps_its_own_places_only(stage: PartStage) -> None:
    """Twenty accounts wait for a bank that never answers; sessions and notices of the next leave at once."""
    house, bank = stage.house, Hung()
    deliverer = deliverer_of(house, {"banking": bank, "sessions": Willing(), "notices": Willing()})
    for number in range(20):
        await contained(house, f"k-{number}", f"b-{number}")
    running = asyncio.create_task(deliverer.run())
    try:
        await reach(stage, "SELECT DISTINCT state FROM effect WHERE port <> 'banking'", {"done"})
        assert (await stage.states())["banking"] == {"pending"}
        assert bank.taken < 2 * 4, "as many as one claim more may add"
        bank.free.set()
        await reach(stage, "SELECT DISTINCT state FROM effect", {"done"})
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_one_poisoned_answer_stops_neither_the_others_nor_the_outbox(stage: PartStage) -> None:
    """What follows from one effect breaks: the others are written, and the next ones too."""
    house, broken = stage.house, 0

    async def follow(unit: Any, effects: Any, now: int) -> None:
        nonlocal broken
        if any(effect.lane == "b-1" for effect in effects):
            broken += 1
            raise BadRequest("poisoned", "poisoned", "坏")

    ports = {"banking": Willing(), "sessions": Willing(), "notices": Willing()}
    deliverer = deliverer_of(house, ports, {"banking": follow})
    for number in range(3):
        await contained(house, f"k-{number}", f"b-{number}")
    running = asyncio.create_task(deliverer.run())
    try:
        await reach(stage, "SELECT lane FROM effect WHERE state = 'pending'", {"b-1"})
        assert broken > 0
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_dead_shadow_follower_holds_up_nothing(
    house: House, database_dsn: str, clock: ManualClock, tmp_path: Path, tables: Any
) -> None:
    """Nobody follows; the account is contained all the same, and whoever comes later answers for it."""
    await add(house, changed(tmp_path / "two"), "two")
    await house.decider.decide(payment(), None)
    async with following(database_dsn, clock) as follower:
        assert await catch_up(follower) == 1
    clock.advance(SECOND)
    await contained(house)
    async with following(database_dsn, clock) as follower:
        assert await catch_up(follower) == 1
    assert len(await shadowed(tables, "two")) == 2
