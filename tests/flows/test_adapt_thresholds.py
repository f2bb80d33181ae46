"""Goal: a threshold follows the traffic inside its band, on the record, and stops when a person says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.adapters.postgres import thresholds
from countermand.app import open_desk
from countermand.flows import keep_thresholds
from countermand.flows.adapt_thresholds import (
    adapt_thresholds,
    list_thresholds,
    pin_threshold,
    release_threshold,
    threshold_history,
)
from countermand.flows.freeze_account import freeze_account
from countermand.flows.house import House
from countermand.flows.keep_thresholds import adapting
from countermand.flows.publish_policy import start_canary, take_step
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, NotFound, Unavailable
from countermand.settings import Settings
from countermand.vocabulary.publishing import Guardrails, PolicyStep
from flows.stage import answer_of, house_on, outcome_of, payment
from flows.test_publish_policy import approved, canary_of, lives
from flows.threshold_stage import (
    DAY,
    HOUR,
    label_all,
    movable_files,
    movable_policy,
    one_day,
    payments,
    recorded_values,
    taken_over,
    verdicts,
)


@pytest.fixture
async def movable(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose policy has thresholds."""
    async with house_on(database_dsn, clock, policy=movable_policy(tmp_path)) as opened:
        yield opened


async def test_a_day_of_too_many_alerts_eases_by_one_step(
    movable: House, tables: Any, clock: ManualClock
) -> None:
    """The next group is decided under the new value; both values are recorded, shown, and in the journal."""
    await one_day(movable, clock, 300, 120)
    before = payment(at=clock.now(), minor=550)
    assert outcome_of(await movable.decider.decide(before, None)) == "hold"
    assert await verdicts(movable) == {"big": (600, "too_many"), "often": (30, "too_little_evidence")}
    await taken_over(movable, 600)
    after = payment(at=clock.now(), minor=650)
    reason = answer_of(await movable.decider.decide(after, None))["reasons"][0]
    assert reason["text"]["en"] == "6.50 yuan is over 6.00 yuan"
    assert outcome_of(await movable.decider.decide(payment(at=clock.now(), minor=550), None)) == "allow"
    assert await recorded_values(tables, movable) == [500] * 421 + [600] * 2
    (line,) = await threshold_history(movable, "big")
    assert (line["step"], line["before"], line["value"], line["actor"]) == ("move", 500, 600, "server")
    assert (line["evidence"]["operations"], line["evidence"]["hits"]) == (420, 120)
    body = await tables.fetchval("SELECT body FROM journal WHERE kind = 'threshold.stepped'")
    fact = json.loads(body)
    assert (fact["policy"], fact["threshold"], fact["value"]) == ("movable@1", "big", 600)
    shown = {one["threshold"]: one for one in await list_thresholds(movable)}["big"]
    assert (shown["written"], shown["declared"], shown["band"]) == ("cny(6.00)", 500, "cny(3.00) … cny(9.00)")


async def test_it_moves_once_a_period_and_never_beyond_its_band(movable: House, clock: ManualClock) -> None:
    """Six days of far too many alerts: one step a day, however often it is looked at, up to the ceiling."""
    found = []
    for _ in range(6):
        await movable.decider.decide_many(payments(clock, 200, 5000), None)
        for _ in range(3):
            assert (await verdicts(movable))["big"][1] in ("not_due", "at_the_end_of_the_band")
            clock.advance(DAY // 3)
        found.append((await verdicts(movable))["big"])
    assert found == [
        (600, "too_many"), (700, "too_many"), (800, "too_many"), (900, "too_many"),
        (900, "at_the_end_of_the_band"), (900, "at_the_end_of_the_band"),
    ]  # fmt: skip
    assert len(await threshold_history(movable, "big")) == 4


async def test_nothing_moves_without_evidence(movable: House, clock: ManualClock) -> None:
    """Neither before a period is over, nor on too few operations, nor near the aim, nor in doubt."""
    await movable.decider.decide_many(payments(clock, 300, 850), None)
    assert (await verdicts(movable))["big"] == (500, "not_due")
    clock.advance(2 * DAY)
    for small, large, cause in (
        (10, 30, "too_little_evidence"),
        (300, 42, "near_enough"),
        (300, 55, "not_sure"),
    ):
        await one_day(movable, clock, small, large)
        assert (await verdicts(movable))["big"] == (500, cause)
    assert await threshold_history(movable, None) == []


async def test_quiet_days_tighten_down_to_the_floor(movable: House, clock: ManualClock) -> None:
    """Where surely fewer fire than wanted the threshold goes down, and stays at the floor."""
    found = []
    for _ in range(4):
        await one_day(movable, clock, 200, 2)
        found.append((await verdicts(movable))["big"])
    assert found == [
        (400, "too_few"),
        (300, "too_few"),
        (300, "at_the_end_of_the_band"),
        (300, "at_the_end_of_the_band"),
    ]


async def test_false_alarms_count_what_was_labelled_genuine(movable: House, clock: ManualClock) -> None:
    """Labels are waited for; fraud that was caught is no false alarm; corrected labels count as they are."""
    busy = payments(clock, 60, 100, "busy")
    frauds = payments(clock, 40, 100, "thief")
    await movable.decider.decide_many([*busy, *frauds], None)
    await label_all(movable, frauds, fraud=True)
    clock.advance(12 * HOUR)
    assert (await verdicts(movable))["often"] == (30, "not_due")
    clock.advance(6 * HOUR)
    assert (await verdicts(movable))["often"] == (30, "too_little_evidence")
    await label_all(movable, busy[:30], fraud=False)
    assert (await verdicts(movable))["often"] == (30, "not_sure")
    await label_all(movable, busy[30:50], fraud=False)
    assert (await verdicts(movable))["often"] == (34, "too_many")
    (line,) = await threshold_history(movable, "often")
    assert (line["evidence"]["operations"], line["evidence"]["hits"]) == (50, 20)


async def test_a_rule_in_another_rules_words_is_not_counted(movable: House, clock: ManualClock) -> None:
    """Only what fired counts: not a rule's name inside an id, and not an operation that a freeze denied."""
    small = [
        payment(f'"large"-{number}', at=clock.now(), counterparty={"id": '{"rule":"large"'})
        for number in range(100)
    ]
    await freeze_account(movable, "frozen", "stolen", "desk")
    await movable.decider.decide_many([*small, payment("frozen", at=clock.now())], None)
    clock.advance(DAY)
    (found, _) = await adapt_thresholds(movable)
    assert (found["evidence"]["operations"], found["evidence"]["hits"]) == (101, 0)


async def test_a_decision_under_an_earlier_value_replays(movable: House, clock: ManualClock) -> None:
    """Byte for byte, with "allowed up to" asked under the value of then."""
    old = payment(at=clock.now(), minor=850)
    counterfactual = answer_of(await movable.decider.decide(old, None))["counterfactual"]
    assert counterfactual[0]["at_most"]["minor"] == 500
    await one_day(movable, clock, 300, 120)
    await verdicts(movable)
    await taken_over(movable, 600)
    new = payment(at=clock.now(), minor=850)
    assert answer_of(await movable.decider.decide(new, None))["counterfactual"][0]["at_most"]["minor"] == 600
    for operation, value in ((old, 500), (new, 600)):
        replayed = await replay_decision(movable, operation.id)
        assert replayed["identical"]
        assert replayed["facts"]["big"] == value


async def test_a_person_holds_it_still(movable: House, tables: Any, clock: ManualClock) -> None:
    """No move while it is pinned; released it goes on; who said so and why is kept."""
    await one_day(movable, clock, 300, 120)
    pinned = await pin_threshold(movable, "big", "campaign week", "ann")
    assert (pinned["pinned"], pinned["value"]) == (True, 500)
    assert (await verdicts(movable))["big"] == (500, "pinned")
    with pytest.raises(Conflict, match="threshold_pinned"):
        await pin_threshold(movable, "big", "twice", "bob")
    assert not (await release_threshold(movable, "big", "over", "bob"))["pinned"]
    with pytest.raises(Conflict, match="threshold_not_pinned"):
        await release_threshold(movable, "big", "twice", "bob")
    assert (await verdicts(movable))["big"] == (600, "too_many")
    await pin_threshold(movable, "big", "enough", "ann")
    lines = await threshold_history(movable, "big")
    assert [(one["step"], one["value"], one["actor"]) for one in lines] == [
        ("pin", 600, "ann"), ("move", 600, "server"), ("release", 500, "bob"), ("pin", 500, "ann"),
    ]  # fmt: skip
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'threshold.stepped'") == 4
    assert len(await threshold_history(movable, None, "movable@1")) == 4


async def test_what_cannot_be_asked(movable: House) -> None:
    """A threshold or a policy that is not there, and no words."""
    with pytest.raises(NotFound, match="unknown_threshold"):
        await pin_threshold(movable, "small", "why", "ann")
    with pytest.raises(NotFound, match="unknown_threshold"):
        await threshold_history(movable, "small")
    with pytest.raises(NotFound, match="unknown_policy_version"):
        await threshold_history(movable, "big", "movable@7")
    with pytest.raises(BadRequest, match="invalid_step"):
        await pin_threshold(movable, "big", " ", "ann")


async def test_a_pin_during_a_move_wins(
    movable: House, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pins after the evidence was counted is not overruled by it."""
    await one_day(movable, clock, 300, 120)
    book, count = movable.thresholds, movable.thresholds.evidence

    async def counted(asked: Any) -> Any:
        seen = await count(asked)
        if "large" in asked.rules:
            await pin_threshold(movable, "big", "stop", "ann")
        return seen

    monkeypatch.setattr(book, "evidence", counted)
    assert (await verdicts(movable))["big"] == (500, "overtaken")
    assert [one["step"] for one in await threshold_history(movable, "big")] == ["pin"]


async def test_two_processes_take_one_step(
    movable: House, database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """A server and three desks judge the same day at once, while somebody pins and releases."""
    await one_day(movable, clock, 300, 120)
    settings = Settings(database_url=database_dsn)
    async with open_desk(settings, clock) as one, open_desk(settings, clock) as two:
        found = await asyncio.gather(
            *(verdicts(house) for house in (movable, one, two, one, movable)),
            *(pin_threshold(house, "often", "hold", "ann") for house in (one, two)),
            return_exceptions=True,
        )
    causes = sorted(one["big"][1] for one in found[:5])
    assert causes.count("too_many") == 1
    assert set(causes) <= {"too_many", "overtaken", "not_due"}
    assert [isinstance(one, Conflict) for one in found[5:]].count(True) == 1
    rows = await tables.fetch("SELECT name, number, value FROM threshold_step ORDER BY name, number")
    assert [tuple(row) for row in rows] == [("big", 1, 600), ("often", 1, 30)]
    await taken_over(movable, 600)  # also where a desk took the step: the server heard of it


async def test_a_value_is_taken_over_between_two_groups(
    movable: House, database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """Under traffic that never pauses, no group is decided under two values and none is missing."""
    await one_day(movable, clock, 300, 120)
    done = asyncio.Event()

    async def traffic() -> None:
        while not done.is_set():
            await movable.decider.decide_many(payments(clock, 40, 100), None)

    running = asyncio.create_task(traffic())
    async with open_desk(Settings(database_url=database_dsn), clock) as desk:
        assert (await verdicts(desk, "cli"))["big"] == (600, "too_many")
    await taken_over(movable, 600)
    await movable.decider.decide_many(payments(clock, 5, 100), None)
    done.set()
    await running
    values = await recorded_values(tables, movable)
    assert values == sorted(values)
    assert set(values) == {500, 600}
    assert (await threshold_history(movable, "big"))[0]["actor"] == "cli"


async def test_a_restart_reads_the_value_in_force(
    database_dsn: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the move and taking it over: the next server decides under the moved value at once."""
    policy = movable_policy(tmp_path / "policy")

    async def nothing(*_: Any) -> None:
        return None

    async with house_on(database_dsn, clock, policy=policy) as house:
        monkeypatch.setattr(keep_thresholds.ThresholdKeeper, "take_over", nothing)
        await one_day(house, clock, 300, 120)
        assert (await verdicts(house))["big"] == (600, "too_many")
        assert house.program.thresholds["big"] == 500
    monkeypatch.undo()
    async with house_on(database_dsn, clock, policy=policy, policy_start="live") as house:
        assert house.program.thresholds == {"big": 600, "often": 30}
        assert outcome_of(await house.decider.decide(payment(at=clock.now(), minor=550), None)) == "allow"


async def test_a_lost_database_moves_nothing(
    movable: House, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step and its fact are one transaction; where it fails, the next look finds the same day again."""
    await one_day(movable, clock, 300, 120)

    async def lost(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(thresholds, "append_fact", lost)
        with pytest.raises(Unavailable):
            await adapt_thresholds(movable)
    assert await threshold_history(movable, None) == []
    assert (await verdicts(movable))["big"] == (600, "too_many")


async def test_the_server_moves_on_its_clock(
    movable: House, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it serves, nobody has to ask; a failure does not end it, and a judged period is counted once."""
    monkeypatch.setattr(keep_thresholds, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keep_thresholds, "RETRY_SECONDS", 0.01)
    counted: list[Any] = []
    count = movable.thresholds.evidence

    async def counting(asked: Any) -> Any:
        counted.append(asked)
        if len(counted) == 1:
            raise ArithmeticError
        return await count(asked)

    monkeypatch.setattr(movable.thresholds, "evidence", counting)
    async with adapting(movable):
        await one_day(movable, clock, 300, 120)
        await taken_over(movable, 600)
        await asyncio.sleep(0.1)
    assert len(counted) == 3, "the failed one, and each threshold once"


async def test_going_back_restores_the_thresholds_too(movable: House, clock: ManualClock) -> None:
    """A new version begins at its own declared values; the one before comes back as it last stood."""
    await one_day(movable, clock, 300, 120)
    await verdicts(movable)
    await taken_over(movable, 600)
    changed = {'version: "1"': 'version: "2"', "value: cny(5)": "value: cny(4)"}
    label = await approved(movable, movable_files(**changed))
    await take_step(movable, label, PolicyStep.SCHEDULE, "go", "ann")
    await lives(movable, label)
    assert movable.program.thresholds["big"] == 400
    with pytest.raises(NotFound, match="unknown_policy_version"):
        await threshold_history(movable, None, "movable@3")
    assert (await verdicts(movable))["big"] == (400, "not_due")
    await take_step(movable, "movable@1", PolicyStep.ROLLBACK, "back", "ann")
    await lives(movable, "movable@1")
    assert movable.program.thresholds["big"] == 600
    assert (await verdicts(movable))["big"] == (600, "not_due")


async def test_a_canary_has_its_own_declared_values(movable: House, clock: ManualClock) -> None:
    """It stays at them while the live policy's threshold of the same name moves."""
    await one_day(movable, clock, 300, 120)
    changed = {'version: "1"': 'version: "2"', "value: cny(5)": "value: cny(8)"}
    label = await approved(movable, movable_files(**changed))
    await start_canary(movable, label, 300, Guardrails(), "try it", "ann")
    canary = await canary_of(movable)
    await verdicts(movable)
    await taken_over(movable, 600)
    assert (await canary_of(movable)).arm.program.thresholds["big"] == 800
    for number in range(40):
        account = f"c-{number}"
        answer = await movable.decider.decide(payment(account, at=clock.now(), minor=700), None)
        assert (outcome_of(answer) == "allow") == canary.takes(account)
