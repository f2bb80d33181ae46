"""Goal: whoever is to receive what waits is told “pending”, and nothing of who sends it or why.

Method: a house on a manual clock and a real database, followed by the simulated bank.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.flows.contain_now import contain_now
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.house import House
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.show_incoming import show_incoming
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.incidents import ContainRequest, Preset
from flows.holds_stage import Stage, stage_on
from flows.stage import SECOND

DAY = 24 * 3600 * SECOND
ELSEWHERE = {"id": "payee-9", "institution": "other-bank"}


@pytest.fixture
async def stage(house: House, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house followed by a bank."""
    async with stage_on(house, clock, tmp_path) as opened:
        yield opened


async def told(stage: Stage, tables: Any) -> list[tuple[str, str]]:
    """What the bank was told about payees elsewhere: action and operation, all of it done."""
    follower = DecisionFollower(stage.works, stage.house.post.pack, stage.clock, banking=True)
    while await follower.turn():
        pass
    await stage.deliverer.settle()
    rows = await tables.fetch(
        "SELECT action, state, body FROM effect WHERE action LIKE 'payee%' ORDER BY seq"
    )
    assert {row["state"] for row in rows} <= {"done"}
    return [(row["action"], msgspec.json.decode(row["body"])["terms"]["operation"]) for row in rows]


async def test_a_customer_of_ours_reads_that_it_is_pending(stage: Stage) -> None:
    """The amount and by when; not the payer, not the reason; gone once it was taken back or has come."""
    hold = await stage.held(counterparty={"id": "a-9"})
    shown = await show_incoming(stage.house.holds, "a-9")
    (one,) = shown["incoming"]
    assert one["amount"] == {"minor": hold.amount_minor, "currency": "CNY"}
    assert one["state"] == "pending"
    assert hold.account not in str(shown)
    assert hold.operation not in str(shown)
    for nobody in ("a-1", "payee"):
        assert (await show_incoming(stage.house.holds, nobody))["incoming"] == []
    later = await stage.held(counterparty={"id": "a-9"})
    await revoke_hold(stage, hold.operation, "customer", "test")
    assert len((await show_incoming(stage.house.holds, "a-9"))["incoming"]) == 1
    await stage.later(DAY)
    await stage.deliverer.settle()
    assert await stage.state(later) == "executed"
    assert (await show_incoming(stage.house.holds, "a-9"))["incoming"] == []


async def test_a_payee_elsewhere_is_told_through_the_bank(stage: Stage, tables: Any) -> None:
    """Pending, then dropped where it does not come, each once and in order; nothing more where it does."""
    taken, done, stopped = [await stage.held(counterparty=ELSEWHERE) for _ in range(3)]
    pending = [("payee_pending", one.operation) for one in (taken, done, stopped)]
    assert await told(stage, tables) == pending
    await revoke_hold(stage, taken.operation, "customer", "test")
    assert await told(stage, tables) == [*pending, ("payee_dropped", taken.operation)]
    await stage.later(DAY)
    assert len(await told(stage, tables)) == 4
    assert await stage.state(done) == "executed"
    last = await stage.held(counterparty=ELSEWHERE)
    await told(stage, tables)
    ports = frozenset({*stage.house.effect_ports, BANKING})
    request = ContainRequest(account="a-1", preset=Preset.EVERYTHING, reason="not the customer")
    await contain_now(replace(stage.house, effect_ports=ports), request, "key-1", "test")
    assert (await told(stage, tables))[-2:] == [
        ("payee_pending", last.operation),
        ("payee_dropped", last.operation),
    ]
