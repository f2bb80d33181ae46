"""Goal: money that had left is asked back once, by whoever may ask, and its holder reads what came of it.

Method: a house on a manual clock and a real database, and the simulated bank with a ledger of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermand.cases.recalls import recall_said
from countermand.flows.house import House
from countermand.flows.recall_money import RECALL_TIMER, Recalling, bank_follower, recall_handler
from countermand.flows.receive_report import receive_report
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.show_case import dossier_of, event_said
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.reports import Standing
from flows.holds_stage import Stage, stage_on
from flows.report_stage import reporting_house, said
from flows.stage import SECOND, outcome_of, payment

DAY = 24 * 3600 * SECOND


@pytest.fixture
async def stage(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house followed by a bank, whose worker asks money back."""
    async with (
        reporting_house(database_dsn, clock, tmp_path) as house,
        stage_on(house, clock, tmp_path) as opened,
    ):
        recalling = Recalling(house.reception, house.archive, house.holds, clock)
        opened.timers.handlers[RECALL_TIMER] = recall_handler(recalling)  # type: ignore[index]
        opened.deliverer.followers[BANKING] = bank_follower(recalling)  # type: ignore[index]
        yield opened


async def report(stage: Stage, *operations: str, **more: Any) -> str:
    """Somebody says that these were not them; the number of the case."""
    house: House = stage.house
    reception = replace(house.reception, effect_ports=frozenset({*house.reception.effect_ports, BANKING}))
    heard = said("这不是我本人操作", operations=operations, received_at=stage.clock.now(), **more)
    number: str = (await receive_report(reception, heard, "test")).answer["case"]
    return number


async def settle(stage: Stage, micros: int = 0) -> None:
    """Time passes, timers run, and effects leave."""
    await stage.later(micros)
    await stage.deliverer.settle()


async def recalls(stage: Stage, number: str) -> list[Any]:
    """The case's events about money asked back."""
    kinds = (EventKind.RECALL_ASKED, EventKind.RECALL_ANSWERED)
    return [one for one in (await dossier_of(stage.house.reception, number)).events if one.kind in kinds]


async def test_money_that_left_is_asked_back_and_its_holder_reads_how_much_came(
    stage: Stage, tables: Any
) -> None:
    """Asked for once, however often reported; the answer stands in the case and in a notice, to the fen."""
    hold = await stage.held()
    await settle(stage, DAY)
    assert await stage.state(hold) == "executed"
    number = await report(stage, hold.operation)
    assert await report(stage, hold.operation) == number
    await settle(stage)
    (asked,) = await recalls(stage, number)
    assert (asked.kind, asked.body) == (EventKind.RECALL_ASKED, {"operation": hold.operation})
    effect = await tables.fetchrow("SELECT state, answer FROM effect WHERE action = 'recall'")
    assert effect["state"] == "pending"
    await settle(stage, 120 * SECOND)
    _, answered = await recalls(stage, number)
    assert hold.amount_minor is not None
    back = hold.amount_minor * 2 // 3
    assert (answered.body["recall"], answered.body["returned_minor"]) == ("part", back)
    assert f"{back / 100:.2f}".lstrip("0") in event_said(answered).zh.replace(",", "")
    told = await tables.fetchval("SELECT count(*) FROM effect WHERE action = 'recall_answered'")
    assert told == 1
    await settle(stage, DAY)
    assert len(await recalls(stage, number)) == 2


async def test_what_never_left_is_not_asked_back(stage: Stage, tables: Any) -> None:
    """A hold that was taken back, another account's operation, an unknown one, and an unproven sender."""
    hold = await stage.held()
    await revoke_hold(stage, hold.operation, "customer", "test")
    other = await stage.held("a-2")
    await settle(stage, DAY)
    await report(stage, hold.operation, other.operation, "op-nowhere")
    await report(stage, other.operation, standing=Standing.CLAIMED, account="a-2")
    await settle(stage, 10 * SECOND)
    assert await tables.fetchval("SELECT count(*) FROM effect WHERE action = 'recall'") == 0
    for at in range(8):
        let = payment("a-3", minor=1, at=stage.clock.now() + at)
        if outcome_of(await stage.house.decider.decide(let, None)) == "allow":
            number = await report(stage, let.id, account="a-3")
            break
    await settle(stage, 10 * SECOND)
    _, answered = await recalls(stage, number)  # let through, and the bank has executed nothing
    assert answered.body["recall"] == "never_left"


@pytest.mark.parametrize(
    ("outcome", "said_en", "said_zh"),
    [
        ("returned", "All of it", "全部追回"),
        ("part", "2.00 yuan of 3.00 yuan", "3.00元中的2.00元"),
        ("nothing", "gives nothing back", "未能退回"),
        ("never_left", "had not left", "未转出"),
    ],
)
def test_every_answer_is_said_plainly(outcome: str, said_en: str, said_zh: str) -> None:
    """How much, and what becomes of the rest."""
    text = recall_said({"recall": outcome, "amount_minor": 300, "returned_minor": 200, "currency": "CNY"})
    assert said_en in text.en
    assert said_zh in text.zh
