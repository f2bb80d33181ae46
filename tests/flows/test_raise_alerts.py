"""Goal: tier three is a task at once, and what a rule suspects is stopped before anybody is asked; once.

Method: a policy whose rules ask for a review and for a containment, by the amount.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.house import House
from countermand.flows.raise_alerts import alerting, raise_alerts
from countermand.flows.show_incidents import list_tasks
from countermand.kernel.clock import ManualClock
from flows.stage import house_on, outcome_of, payment

POLICY = """
policy: alarming
version: "1"
title: {en: "Alarming", zh: "告警"}
currency: CNY
timezone: Asia/Shanghai
history: 1 day
lateness: 1 day
features:
  seen_1m: {count: operations, by: account, over: 1 minute}
rules:
  - id: look
    when: amount > cny(100) AND seen_1m < 1000
    then: challenge
    oblige: [review]
    if_unknown: skip
    reason: {en: "Much", zh: "金额较大"}
  - id: stop
    when: amount > cny(1000)
    then: hold
    oblige: [contain]
    if_unknown: skip
    reason: {en: "Very much", zh: "金额很大"}
"""


@pytest.fixture
async def alarmed(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house by that policy, its alerts begun."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    async with house_on(database_dsn, clock, policy=tmp_path) as house:
        await raise_alerts(house)
        yield house


async def _tasks(house: House) -> list[dict[str, Any]]:
    return (await list_tasks(house, done=False, after=""))["tasks"]


async def test_a_decision_of_tier_three_is_a_task_once(alarmed: House) -> None:
    """A challenge with a review becomes one task however often it is looked at; an allowed one none."""
    big, small = payment(minor=20_000), payment("a-2")
    await alarmed.decider.decide_many([big, small], None)
    assert await raise_alerts(alarmed) == 2
    assert await raise_alerts(alarmed) == 0
    assert [(task["about"], task["kind"], task["tier"]) for task in await _tasks(alarmed)] == [
        (big.id, "review_operation", 3)
    ]


async def test_what_a_rule_suspects_is_stopped_and_somebody_calls(alarmed: House, tables: Any) -> None:
    """The account is limited, the held operation is taken back, a task asks to reach the customer."""
    suspect = payment(minor=200_000)
    assert outcome_of(await alarmed.decider.decide(suspect, None)) == "hold"
    await raise_alerts(alarmed)
    assert outcome_of(await alarmed.decider.decide(payment(), None)) == "deny"
    assert outcome_of(await alarmed.decider.decide(payment("a-2"), None)) == "allow"
    hold = await tables.fetchrow("SELECT state, cause FROM hold WHERE operation = $1", suspect.id)
    assert tuple(hold) == ("revoked", "suspected")
    assert [task["kind"] for task in await _tasks(alarmed)] == ["verify_customer"]
    await tables.execute("UPDATE alert_place SET seq = 0")  # as after a crash before the place was written
    await raise_alerts(alarmed)
    assert await tables.fetchval("SELECT count(*) FROM incident") == 1


async def test_alerts_are_raised_within_a_second_beside_the_decisions(alarmed: House) -> None:
    """As the server runs them; the first look was before."""
    async with alerting(alarmed):
        await alarmed.decider.decide(payment(minor=20_000), None)
        async with asyncio.timeout(1):
            while not await _tasks(alarmed):  # noqa: ASYNC110 - a row, not an event
                await asyncio.sleep(0.02)
