"""Goal: what one arm decides every arm observes, exactly, and none beside the live one costs a decision."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.flows.arms import Arm, Arms
from countermand.flows.house import House
from countermand.flows.labelled_windows import LabelledWindows
from countermand.flows.rebuild_features import Rebuilder
from countermand.flows.recall import Recall
from countermand.kernel.errors import Unavailable
from countermand.policy.package import compile_policy
from flows.stage import (
    NOON,
    POLICY,
    SECOND,
    assert_windows_equal_the_record,
    break_store,
    house_on,
    outcome_of,
    payment,
    until,
)

LOST = Unavailable("database_away", "lost", "丢失")
CHANGED = {
    'version: "1"': 'version: "2"',
    "by: device, over: 20 seconds": "by: device, over: 8 hours",
}


def other_files(**more: str) -> dict[str, str]:
    """The torture policy under another version, with a longer window and other texts replaced."""
    text = (POLICY / "policy.yaml").read_text("utf-8")
    for old, new in {**CHANGED, **more}.items():
        assert old in text, old
        text = text.replace(old, new)
    return {"policy.yaml": text}


async def stand_beside(house: House) -> Arm:
    """An arm of another policy with other windows, empty, beside the live one of a house."""
    await house.arm_keeper.close()  # it would let go what nobody has published
    source = other_files()
    program = compile_policy(source)
    surroundings = replace(house.live.surroundings, program=program)
    features = MemoryFeatureStore(program.plan)
    labelled = LabelledWindows(Recall(program, 0, {0: source}), features)
    arm = Arm(program, 0, features, surroundings, source, labelled)
    house.decider.decider.arms = Arms(house.live, (arm,))
    return arm


async def rebuilt_like(house: House, arm: Arm) -> MemoryFeatureStore:
    """What a restart under the arm's policy would find in its windows."""
    fresh = MemoryFeatureStore(arm.program.plan)
    sources = await house.policy_shelf.sources(None)  # type: ignore[attr-defined]
    recall = Recall(arm.program, arm.policy_id, sources)
    await Rebuilder(recall, fresh, house.decider.store).catch_up(house.clock.now())
    return fresh


def some_payments(seed: int, count: int) -> list[Any]:
    """Payments of a few accounts and devices, late ones and equal instants among them."""
    draw = random.Random(seed)
    return [
        payment(
            f"a-{draw.randrange(5)}",
            at=NOON - draw.choice([0, 0, SECOND, 3600 * SECOND]),
            minor=draw.randrange(1, 900),
            device=draw.choice([None, {"id": f"d-{draw.randrange(3)}"}]),
        )
        for _ in range(count)
    ]


def same_windows(arm: Arm, one: Any, other: Any, operations: list[Any]) -> bool:
    """Whether two stores of an arm's plan answer every one of these operations alike."""
    asked = [
        arm.onlooker.observation(operation, NOON + later, {}, "allow")
        for operation in operations
        for later in (0, 5 * SECOND, 7200 * SECOND)
    ]
    assert len({tuple(one.read(own)) for own in asked}) > 5, "the windows say something"
    return [one.read(own) for own in asked] == [other.read(own) for own in asked]


@pytest.mark.parametrize("step", ["nothing", "look_up", "commit", "committed"])
async def test_every_arm_holds_the_record_and_nothing_else(house: House, tables: Any, step: str) -> None:
    """With overlapping groups, failures and lost commits: both stores equal a fresh rebuild."""
    arm = await stand_beside(house)
    break_store(house, {(step, 1): LOST, (step, 4): LOST, (step, 5): RuntimeError("a bug")})
    operations = some_payments(3, 120)
    for start in range(0, 120, 20):
        part = operations[start : start + 20]
        await asyncio.gather(*(house.decider.decide(one, None) for one in part), return_exceptions=True)
    results = await house.decider.decide_many(operations, None)
    assert all(isinstance(result, bytes) for result in results)
    assert await assert_windows_equal_the_record(house, tables) == 120
    assert same_windows(arm, arm.features, await rebuilt_like(house, arm), operations)


async def test_an_arm_that_cannot_observe_is_let_go(
    house: House, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live policy answers as if it had never been there."""
    arm = await stand_beside(house)

    def break_down(*_: Any) -> Any:
        raise ArithmeticError

    monkeypatch.setattr(arm.onlooker, "observation", break_down)
    answers = await house.decider.decide_many(some_payments(5, 9), None)
    assert {outcome_of(answer) for answer in answers} <= {"allow", "challenge", "hold"}
    assert house.decider.decider.arms.beside == ()
    assert await assert_windows_equal_the_record(house, tables) == 9


async def test_between_groups_nothing_is_on_its_way(database_dsn: str, tables: Any) -> None:
    """Held lanes finish what they have begun and begin nothing; what waited is decided afterwards."""
    async with house_on(database_dsn, group_size_max=4) as house:
        first = [asyncio.create_task(house.decider.decide(payment(), None)) for _ in range(30)]
        await asyncio.sleep(0)
        async with house.decider.between_groups(5):
            kept = await tables.fetchval("SELECT count(*) FROM operation")
            waiting = asyncio.create_task(house.decider.decide(payment(), None))
            await asyncio.sleep(0.05)
            assert await tables.fetchval("SELECT count(*) FROM operation") == kept
            assert await assert_windows_equal_the_record(house, tables) == kept
            assert not waiting.done()
        await asyncio.gather(*first, waiting)
        assert await tables.fetchval("SELECT count(*) FROM operation") == 31


async def test_a_hold_that_takes_too_long_lets_go(house: House, tables: Any) -> None:
    """A commit that hangs does not stop the queue for ever: the hold is refused, and deciding goes on."""
    gate = asyncio.Event()

    async def hang() -> None:
        await gate.wait()

    faults = break_store(house, {("commit", 1): hang})
    hanging = asyncio.create_task(house.decider.decide(payment(), None))
    await until(lambda: faults.calls.get("commit") == 1)
    with pytest.raises(TimeoutError):
        async with house.decider.between_groups(0.05):
            pytest.fail("a group is still on its way")
    gate.set()
    assert isinstance(await hanging, bytes)
    assert isinstance(await house.decider.decide(payment(), None), bytes)
