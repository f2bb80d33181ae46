"""Goal: what is due happens, one bad timer stops nobody, and a clock that jumps releases nothing.

Method: handlers that fail on cue, clocks set by hand, the real tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.adapters.permit_keys import permit_keys
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.house import House
from countermand.flows.run_timers import TimerRunner
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError, Unavailable
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.timers import Timer
from flows.stage import NOON, SECOND


@dataclass
class Clocks:
    """A machine's wall clock, its steady clock, and the database's, each set by hand."""

    wall: ManualClock
    steady: float = 1000.0
    database: int = NOON

    async def now(self) -> int:
        return self.database

    async def timers_due(self, kinds: Any) -> dict[str, int]:
        return {}

    async def effect_due(self, ports: Any, after: int) -> None:
        return None

    def go_on(self, seconds: float) -> None:
        """Time passes for all."""
        self.wall.advance(round(seconds * SECOND))
        self.database += round(seconds * SECOND)
        self.steady += seconds


def guard_of(house: House, clocks: Clocks) -> ClockGuard:
    """A guard with two seconds of tolerance."""
    return ClockGuard(house.works, clocks, clocks.wall, 2, steady=lambda: clocks.steady)


async def test_a_clock_that_jumps_is_distrusted_until_it_is_back(house: House, tables: Any) -> None:
    """Also where the database's clock jumps with it: they are often the same."""
    clocks = Clocks(ManualClock(NOON))
    guard = guard_of(house, clocks)
    assert await guard.trusted()
    clocks.go_on(60)
    assert await guard.trusted()
    clocks.wall.advance(86400 * SECOND)
    clocks.database += 86400 * SECOND
    assert not await guard.trusted()
    clocks.go_on(600)
    assert (await guard.trusted(), guard.reason) == (False, "jumped")
    clocks.wall.advance(-86400 * SECOND)
    clocks.database -= 86400 * SECOND
    assert await guard.trusted()
    rows = await tables.fetch("SELECT kind, body FROM journal WHERE kind LIKE 'clock.%' ORDER BY seq")
    assert [row["kind"] for row in rows] == ["clock.distrusted", "clock.trusted"]
    assert '"milliseconds":86400000' in rows[0]["body"]


async def test_a_clock_that_differs_from_the_databases_is_distrusted(house: House) -> None:
    """Either way; slow correction is followed."""
    clocks = Clocks(ManualClock(NOON))
    guard = guard_of(house, clocks)
    for off in (3 * SECOND, -3 * SECOND):
        clocks.database += off
        clocks.go_on(6)
        assert (await guard.trusted(), guard.reason) == (False, "database")
        clocks.database -= off
        clocks.go_on(6)
        assert await guard.trusted()
    for _ in range(100):  # ten seconds in all, a tenth in every hundred seconds
        clocks.go_on(100)
        clocks.wall.advance(SECOND // 10)
        clocks.database += SECOND // 10
        assert await guard.trusted()


async def test_a_distrusted_clock_runs_no_timer(house: House) -> None:
    """They wait, and run when it is back."""
    clocks, ran = Clocks(ManualClock(NOON)), []

    async def handler(unit: Any, timers: list[Timer]) -> None:
        ran.extend(timers)

    runner = TimerRunner(
        house.works, house.worker.timers.schedule, {"x": handler}, clocks.wall, guard_of(house, clocks)
    )
    await runner.turn()
    async with house.works.open() as unit:
        await unit.timers.set([Timer("x", "1", NOON + 3600 * SECOND)])
    clocks.wall.advance(7200 * SECOND)
    await runner.turn()
    assert ran == []
    clocks.wall.advance(-7200 * SECOND)
    clocks.go_on(3600)
    await runner.turn()
    assert [timer.ref for timer in ran] == ["1"]


async def test_one_bad_timer_stops_nobody(house: House, clock: ManualClock, tables: Any) -> None:
    """The batch is tried one by one; the bad one is put off and told, the others are done once."""
    done: list[str] = []

    async def handler(unit: Any, timers: list[Timer]) -> None:
        if any(timer.ref == "bad" for timer in timers):
            raise ValueError("bad")
        done.extend(timer.ref for timer in timers)

    clocks = Clocks(clock)
    runner = TimerRunner(
        house.works, house.worker.timers.schedule, {"x": handler}, clock, guard_of(house, clocks), batch_max=4
    )
    async with house.works.open() as unit:
        refs = ["a", "bad", "b", "c", "d", "e"]
        await unit.timers.set([Timer("x", ref, NOON - 10 + at) for at, ref in enumerate(refs)])
    while await runner.turn() == 0.0:
        pass
    assert sorted(done) == ["a", "b", "c", "d", "e"]
    left = await tables.fetch("SELECT ref, due_at FROM timer")
    assert [(row["ref"], int(row["due_at"].timestamp())) for row in left] == [("bad", NOON // SECOND + 60)]
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'timer.stuck'") == 1


class Moody:
    """A port that does what its list says, then succeeds."""

    def __init__(self, *moods: Any) -> None:
        self.moods, self.seen = list(moods), []

    async def deliver(self, effect: Effect) -> Delivery:
        self.seen.append(effect.id)
        mood = self.moods.pop(0) if self.moods else EffectState.DONE
        if isinstance(mood, Exception):
            raise mood
        return Delivery(state=mood, answer={})


def effect(name: str, lane: str | None = "a-1", alarm_at: int | None = None) -> Effect:
    """Something for the port."""
    return Effect(
        id=name, port="x", action="do", lane=lane, body={}, placed_at=NOON, due_at=NOON, alarm_at=alarm_at
    )


async def test_effects_of_a_lane_are_done_in_order_whatever_fails(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """The next waits while one is tried again, with growing pauses; other lanes and ports do not."""
    port = Moody(Unavailable("away", "away", "away"), ValueError("bug"), EffectState.PENDING)
    deliverer = Deliverer(house.works, house.worker.timers.schedule, {"x": port}, {}, clock)
    async with house.works.open() as unit:
        await unit.effects.put([effect("1"), effect("2"), effect("1")])
        await unit.effects.put([msgspec.structs.replace(effect("0"), port="nobody")])
    for _ in range(5):
        await deliverer.settle()
        clock.advance(10 * SECOND)
    assert port.seen == ["1", "1", "1", "1", "2"]
    states = await tables.fetch("SELECT id, state, attempts FROM effect ORDER BY seq")
    assert [tuple(row) for row in states] == [("1", "done", 4), ("2", "done", 1), ("0", "pending", 0)]


async def test_a_late_effect_is_an_alarm_once_and_a_refused_one_a_fact(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """Both stand in the journal."""
    port = Moody(EffectState.PENDING, EffectState.FAILED)
    deliverer = Deliverer(house.works, house.worker.timers.schedule, {"x": port}, {}, clock)
    async with house.works.open() as unit:
        await unit.effects.put([effect("1", alarm_at=NOON + SECOND)])
    await deliverer.settle()
    for _ in range(3):
        clock.advance(5 * SECOND)
        deliverer._late_at = float("-inf")
        await deliverer.settle()
    rows = await tables.fetch("SELECT kind FROM journal WHERE kind LIKE 'effect.%' ORDER BY seq")
    assert sorted(row["kind"] for row in rows) == ["effect.failed", "effect.late"]
    assert (deliverer.failed, deliverer.late) == (1, 1)


def test_the_permit_keys_are_made_once_and_read_by_their_owner_only(tmp_path: Path) -> None:
    """The same keys at the next start; a file that others may read is refused."""
    path = tmp_path / "keys.pem"
    (first,) = permit_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert permit_keys(path)[0].id == first.id
    path.chmod(0o644)
    with pytest.raises(SetupError, match="permit_key_unusable"):
        permit_keys(path)
    path.write_text("nothing")
    path.chmod(0o600)
    with pytest.raises(SetupError, match="permit_key_unusable"):
        permit_keys(path)
