"""Goal: a day's limit counts what leaves: what was held and took no effect comes back, exactly and at once.

Method: a policy that holds what is larger than 10 yuan under a limit of 100 a day; a model of six lines
beside the house on a random walk; the offline engine, a replay and a restart over the same record.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.app import open_comparison, open_record, open_shelf
from countermand.flows.house import House
from countermand.flows.keep_profiles import put_profile
from countermand.flows.parity import check_parity
from countermand.flows.replay_decision import replay_decision
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.settle_holds import hold_handler
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from countermand.vocabulary.holds import HOLD_TIMER
from countermand.vocabulary.parties import AccountProfile
from countermand.vocabulary.timers import Timer
from flows.stage import NOON, SECOND, answer_of, facts_of, house_on, outcome_of, payment

POLICY = """
policy: limited
version: "1"
title: {en: Limited, zh: 限额}
currency: CNY
timezone: Asia/Shanghai
limits:
  - id: daily
    kinds: [payment, transfer]
    per_day: cny(100)
    then: deny
    reason: {en: "Over the limit of the day", zh: "超过当日限额"}
rules:
  - id: wait
    on: [payment, withdrawal]
    when: amount > cny(10)
    then: hold
    hold_for: 1 hour
    reason: {en: "Wait", zh: "请稍候"}
  - id: stranger
    when: NOT account_known AND amount = cny(1)
    then: challenge
    reason: {en: "Nobody we know", zh: "没有资料的账户"}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The folder of the policy."""
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return folder


@pytest.fixture
async def bank(database_dsn: str, clock: ManualClock, policy: Path) -> AsyncIterator[House]:
    """A house that decides by it."""
    async with house_on(database_dsn, clock, policy=policy) as house:
        yield house


async def said(house: House, minor: int, **more: Any) -> tuple[str, str]:
    """The outcome of a payment, and its id."""
    asked = payment(**{"minor": minor, "at": house.clock.now(), **more})
    (answer,) = await house.decider.decide_many([asked], None)
    return outcome_of(answer), asked.id


async def lapse(house: House, operation: str) -> None:
    """The time of a hold without its proof is over."""
    async with house.works.open() as unit:
        await hold_handler(house.settlement)(unit, [Timer(HOLD_TIMER, operation, house.clock.now())])


async def test_who_takes_a_payment_back_can_pay_again_at_once(bank: House) -> None:
    """80 held of 100: another 80 is too much; taken back it passes, and says how much came back."""
    outcome, first = await said(bank, 8_000)
    assert outcome == "hold"
    assert (await said(bank, 8_000))[0] == "deny"
    await revoke_hold(bank, first, "mistake", "app")
    await revoke_hold(bank, first, "mistake", "app")  # again: nothing more comes back
    outcome, second = await said(bank, 8_000)
    assert outcome == "hold"
    facts = await facts_of(bank, second)
    assert (facts["limit.daily.used"], facts["limit.daily.given_back"]) == (8_000, 8_000)
    assert (await said(bank, 2_001))[0] == "deny"
    assert (await replay_decision(bank, second))["identical"]


async def test_what_lapses_is_given_back_and_what_passes_is_not(bank: House, clock: ManualClock) -> None:
    """A hold at its end was released: it counts. One that wanted a proof and got none does not."""
    _, released = await said(bank, 6_000)
    _, asked = await said(bank, 100)
    assert (await bank.holds.find(asked)).state == "open"  # type: ignore[union-attr]
    clock.advance(3600 * SECOND)
    for operation in (released, asked):
        await lapse(bank, operation)
    states = [(await bank.holds.find(one)).state.value for one in (released, asked)]  # type: ignore[union-attr]
    assert states == ["released", "lapsed"]
    _, third = await said(bank, 900)
    assert (await facts_of(bank, third))["limit.daily.given_back"] == 100


async def test_only_the_same_day_kinds_and_account_get_it_back(bank: House, clock: ManualClock) -> None:
    """A withdrawal counts for no limit here; yesterday's payment is yesterday's; another's is another's."""
    for kind, account in (("withdrawal", "a-1"), ("payment", "a-2")):
        _, held = await said(bank, 8_000, kind=kind, account=account)
        await revoke_hold(bank, held, "mistake", "app")
    _, after = await said(bank, 100)
    assert (await facts_of(bank, after))["limit.daily.given_back"] == 0
    _, today = await said(bank, 8_000)
    await revoke_hold(bank, today, "mistake", "app")
    clock.advance(86_400 * SECOND)
    _, tomorrow = await said(bank, 900)
    facts = await facts_of(bank, tomorrow)
    assert (facts["limit.daily.used"], facts["limit.daily.given_back"]) == (0, 0)


async def test_it_makes_no_stranger_known_and_another_zone_begins_anew(bank: House) -> None:
    """An account without a profile stays one; where its days begin elsewhere nothing is given back twice."""
    _, held = await said(bank, 8_000)
    await revoke_hold(bank, held, "mistake", "app")
    assert (await said(bank, 100))[0] == "challenge"
    await put_profile(bank, "a-1", AccountProfile(timezone="Asia/Tokyo"), "test")
    outcome, later = await said(bank, 100)
    assert outcome == "allow"
    assert (await facts_of(bank, later))["limit.daily.given_back"] == 0


async def test_a_random_walk_agrees_with_the_definition(
    database_dsn: str, clock: ManualClock, policy: Path, tmp_path: Path
) -> None:
    """Held, taken back, paid, denied, restarted half-way: at each step what was not taken back is the use."""
    draw, counted, open_holds = random.Random(11), 0, {}
    for _ in range(2):
        async with house_on(database_dsn, clock, policy=policy) as house:
            for _ in range(30):
                if open_holds and draw.random() < 0.4:
                    operation, minor = open_holds.popitem()
                    await revoke_hold(house, operation, "mistake", "app")
                    counted -= minor
                    continue
                minor = draw.choice([500, 1_500, 4_000, 6_000])
                outcome, operation = await said(house, minor)
                wanted = "deny" if counted + minor > 10_000 else "hold" if minor > 1_000 else "allow"
                assert outcome == wanted, (counted, minor)
                counted += 0 if wanted == "deny" else minor
                if wanted == "hold":
                    open_holds[operation] = minor
                clock.advance(draw.randrange(3) * SECOND)
    settings = Settings(database_url=database_dsn, data_dir=tmp_path)
    async with open_record(settings) as opened:
        (found,) = await check_parity(
            opened.record,
            opened.archive,
            await opened.policies.sources(),
            opened.identity,
            open_shelf(settings),
            open_comparison(settings),
            lambda _: None,
        )
    assert [part for part in found.compared if part.mismatches] == []


async def test_taking_back_and_paying_at_once_never_spends_it_twice(bank: House) -> None:
    """Twenty times 80 of 100 while the first 80 is taken back: one of them passes at most, none before."""
    _, first = await said(bank, 8_000)
    asked = [payment(minor=8_000) for _ in range(20)]
    answers, _ = await asyncio.gather(
        asyncio.gather(*(bank.decider.decide_many([one], None) for one in asked)),
        revoke_hold(bank, first, "mistake", "app"),
    )
    outcomes = [answer_of(answer)["outcome"] for (answer,) in answers]
    assert outcomes.count("hold") <= 1
    assert ("hold" in outcomes) or (await said(bank, 8_000))[0] == "hold"
    assert (await said(bank, 8_000, at=NOON))[0] == "deny"
