"""Goal: a question that an answer settled promises no human contact; said not to be settled, it does again.

Method: a house on a database of its own, its clocks and what the holder of the receipt reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from countermand.flows.house import House
from countermand.flows.receive_report import receive_report
from countermand.flows.settle_case import judge_and_settle
from countermand.flows.show_case import dossier_of, for_customer
from countermand.kernel.clock import MICROS_PER_HOUR, ManualClock
from countermand.vocabulary.acts import SetRisk
from countermand.vocabulary.answers import Verdict
from countermand.vocabulary.triage import Category, Risk
from flows.case_stage import acted, case_at, somebody
from flows.report_stage import reporting_house, said
from flows.stage import NOON

QUESTION = "请问怎么关闭自动扣款？"


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as made:
        yield made


async def asked(house: House) -> tuple[str, str, str]:
    """The case, the answer and the account of a question that the machine answers: a few are held out."""
    for number in range(50):
        received = await receive_report(house.reception, said(QUESTION, account=f"q-{number}"), "app")
        if received.answer["reply"] is not None:
            return str(received.answer["case"]), str(received.answer["reply"]["id"]), f"q-{number}"
    raise AssertionError("nobody is answered")


async def contact(house: House, number: str) -> list[tuple[str, str | None, int]]:
    """The contact clocks of a case, the first first: state, why, when due."""
    async with house.works.open() as unit:
        clocks = await unit.clocks.of_case((await case_at(house, number)).id)
    found = [one for one in clocks if one.policy == "stage.human_contact"]
    return [(one.state.value, one.why, one.due_at) for one in sorted(found, key=lambda one: one.started_at)]


async def promised(house: House, number: str) -> list[str]:
    """What the holder of the receipt is promised."""
    seen = for_customer(await dossier_of(house.reception, number), house.clock.now(), "Asia/Shanghai")
    return [one["due_at"] for one in seen["promises"]]


async def test_a_yes_cancels_the_contact_and_says_why(house: House) -> None:
    """By the button, once: the clock is cancelled as settled, nothing is promised, the question is closed."""
    number, reply, _ = await asked(house)
    assert len(await promised(house, number)) == 1
    for _ in range(2):
        await judge_and_settle(house, reply, Verdict.YES, "app")
    assert [one[:2] for one in await contact(house, number)] == [("cancelled", "settled")]
    assert await promised(house, number) == []
    case = await case_at(house, number)
    assert (case.stage.value, case.outcome) == ("closed", "answered")
    events = (await dossier_of(house.reception, number)).events
    assert [one.body for one in events if one.kind == "settled"] == [{"answer": reply}]


async def test_a_yes_that_is_written_does_the_same(house: House) -> None:
    """And its receipt does not say that a person will call."""
    number, _, account = await asked(house)
    answer = (
        await receive_report(house.reception, said("解决了", account=account, thread=number), "app")
    ).answer
    assert answer["reply"]["settled"]
    assert "工作人员将在" not in answer["text"]["zh"]
    assert "A person contacts you" not in answer["text"]["en"]
    assert [one[:2] for one in await contact(house, number)] == [("cancelled", "settled")]
    assert await promised(house, number) == []


@pytest.mark.parametrize("verdict", [Verdict.NO, Verdict.PERSON])
async def test_whoever_says_that_it_did_not_settle_is_promised_a_person_again(
    house: House, clock: ManualClock, verdict: Verdict
) -> None:
    """The clock runs anew from then, and there is one promise, by its end."""
    number, reply, _ = await asked(house)
    await judge_and_settle(house, reply, Verdict.YES, "app")
    clock.advance(30 * MICROS_PER_HOUR)
    for _ in range(2):
        told = await judge_and_settle(house, reply, verdict, "app")
    assert told["hand_off"] is not None
    (first, second) = await contact(house, number)
    assert (first[:2], second[:2]) == (("cancelled", "settled"), ("running", None))
    assert second[2] > clock.now()
    assert len(await promised(house, number)) == 1
    assert (await case_at(house, number)).stage.value == "investigate"


async def test_writing_again_brings_the_promise_back(house: House, clock: ManualClock) -> None:
    """In their own words too."""
    number, reply, account = await asked(house)
    await judge_and_settle(house, reply, Verdict.YES, "app")
    clock.advance(MICROS_PER_HOUR)
    await receive_report(
        house.reception,
        said("还是扣款了，没有解决", account=account, thread=number, received_at=clock.now()),
        "app",
    )
    assert [one[0] for one in await contact(house, number)] == ["cancelled", "running"]
    assert len(await promised(house, number)) == 1


async def test_a_yes_never_ends_what_is_more_than_a_question(house: House) -> None:
    """What a person has made a dispute keeps its clock and its promise, whatever is said to the machine."""
    number, reply, _ = await asked(house)
    li = await somebody(house, "li")
    await acted(house, number, li, SetRisk(risk=Risk.P2, why="有争议", category=Category.REPAYMENT_DISPUTE))
    await judge_and_settle(house, reply, Verdict.YES, "app")
    assert [one[0] for one in await contact(house, number)] == ["running"]
    assert len(await promised(house, number)) == 1
    assert (await case_at(house, number)).stage.value != "closed"
