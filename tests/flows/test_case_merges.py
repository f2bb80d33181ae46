"""Goal: cases become one and two again without loss; one message reaches all who share a fault.

Method: a house on a database of its own; dossiers compared before and after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import msgspec
import pytest

from countermand.flows.agree_act import agree
from countermand.flows.disclose import Unmask, break_glass, review_glass, unmask
from countermand.flows.house import House
from countermand.flows.link_cases import link, suggested
from countermand.flows.mass_incident import answer_all, gather, take_back
from countermand.flows.merge_cases import merge, split, unmerge
from countermand.flows.show_case import Dossier, dossier_of, for_customer
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.acts import Decide, Link, Note, Reply, Take, Unlink
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.staff import FieldClass, Purpose, Role
from flows.case_stage import NOT_ME, QUESTION, acted, case_at, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import NOON, payment

MINUTE = 60 * 10**6


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as made:
        yield made


async def standing(house: House, number: str) -> Any:
    """Everything of a case but how many events it took."""
    dossier = await dossier_of(house.reception, number)
    plain = msgspec.to_builtins(msgspec.structs.replace(dossier, events=()))
    plain["case"].update(version=0, updated_at=0)
    return plain


async def test_merged_and_taken_back_everything_is_exactly_as_it_was(
    house: House, clock: ManualClock
) -> None:
    """Messages of all are seen in one while merged; afterwards nothing of it is left."""
    li = await somebody(house, "li")
    numbers = [
        await opened(house, text, account=None, key=f"k{place}")
        for place, text in enumerate((QUESTION, NOT_ME, "卡丢了"))
    ]
    before = [await standing(house, number) for number in numbers]
    into, *others = numbers
    await merge(house.case_desk, into, others, li)
    whole = await dossier_of(house.reception, into)
    assert (len(whole.messages), whole.case.risk) == (
        3,
        "P0" if any(b["case"]["risk"] == "P0" for b in before) else "P1",
    )
    with pytest.raises(Conflict, match="case_closed"):
        await acted(house, others[0], li, Note(text="x"))
    with pytest.raises(Conflict, match="merge_refused"):
        await merge(house.case_desk, await opened(house, QUESTION, account=None), others, li)
    await unmerge(house.case_desk, into, li)
    assert [await standing(house, number) for number in numbers] == before
    with pytest.raises(Conflict, match="case_not_merged"):
        await unmerge(house.case_desk, into, li)


async def test_what_is_decided_for_the_whole_is_decided_for_its_parts(
    house: House, clock: ManualClock
) -> None:
    """The legal clock of a case that became part of another one is met with that one's outcome."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    into, part = (
        await opened(house, NOT_ME, account=None),
        await opened(house, "还是那笔，不是我", account=None),
    )
    await merge(house.case_desk, into, [part], li)

    async def running() -> set[str]:
        async with house.works.open() as unit:
            clocks = await unit.clocks.of_case((await case_at(house, part)).id)
        return {one.policy for one in clocks if one.state == "running"}

    before = await running()
    assert "cn.complaint.decide" in before
    await acted(house, into, li, Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why="设备不符"))
    assert "cn.complaint.decide" not in await running()
    clock.advance(MINUTE)
    await unmerge(house.case_desk, into, li)
    assert "stage.human_contact" in await running()


async def test_cases_of_different_people_are_never_merged(house: House) -> None:
    """Two accounts: linked they can be, merged they cannot."""
    li = await somebody(house, "li")
    one, other = await opened(house, QUESTION), await opened(house, QUESTION, account="a-2")
    with pytest.raises(Conflict, match="merge_refused"):
        await merge(house.case_desk, one, [other], li)
    await link(house.case_desk, one, Link(case=other, kind="same_ring"), li, version=None, trace=None)
    assert (await case_at(house, other)).links == (((await case_at(house, one)).id, "same_ring"),)
    await link(house.case_desk, one, Unlink(case=other, kind="same_ring"), li, version=None, trace=None)
    assert (await case_at(house, one)).links == (await case_at(house, other)).links == ()


async def test_a_case_is_split_and_merged_back(house: House) -> None:
    """The part has the message, its clock from the first report, and a number; it can go back."""
    li = await somebody(house, "li")
    number = await opened(house)
    await acted(house, number, li, Note(text="第二件事"))
    whole = await dossier_of(house.reception, number)
    chosen = next(one for one in whole.messages if one.direction == "in")
    new = (await split(house.case_desk, number, [chosen.id], li))["new"]
    part = await dossier_of(house.reception, new)
    assert part.case.first_at == whole.case.first_at
    assert [one.masked for one in part.messages] == [chosen.masked]
    await merge(house.case_desk, number, [new], li)
    await unmerge(house.case_desk, number, li, only=[new])
    assert (await case_at(house, new)).merged_into is None


async def test_duplicates_are_suggested_with_why(house: House) -> None:
    """The same words from somebody else, and the same payee and device of another account, are found."""
    li = await somebody(house, "li")
    for account in ("a-1", "a-2", "a-3"):
        who = "mule" if account != "a-3" else "shop"
        operation = payment(account, counterparty={"id": who}, device={"id": f"d-{who}"})
        await house.decider.decide(operation, None)
    text = "我在网上刷单被骗转了五千元给一个陌生人，现在联系不上对方了"
    one = await opened(house, text)
    other = await opened(house, "有人冒充客服让我把钱转走了", account="a-2")
    copied = await opened(house, text + "！", account="a-3")
    found = {row["case"]: row for row in (await suggested(house.case_desk, one, li))["suggested"]}
    shown = {number.replace(" ", ""): {why["code"] for why in row["why"]} for number, row in found.items()}
    assert shown[copied] == {"same_words"}
    if other in shown:
        assert shown[other] >= {"same_payee", "same_device"}
    assert all(row["why"][0]["text"]["zh"] for row in found.values())


async def test_the_cases_of_one_fault_get_one_answer_and_can_be_let_go(
    house: House, clock: ManualClock
) -> None:
    """Linked in one act, answered by one message that two people agreed on, taken back within minutes."""
    li, chen = await somebody(house, "li", Role.INVESTIGATOR), await somebody(house, "chen", Role.APPROVER)
    fault = await opened(house, "系统故障，登录不了", account=None)
    numbers = [await opened(house, "登录不了", account=f"b-{place}") for place in range(12)]
    begun = perf_counter()
    assert (await gather(house.case_desk, fault, numbers, li))["changed"] == 12
    told = Reply(phrases=("fault-known",), values={"fault": "登录服务中断", "by": "18:00"})
    waits = (await answer_all(house.case_desk, fault, told, li))["waits"]
    with pytest.raises(Forbidden, match="two_people_needed"):
        await agree(house.case_desk, waits["look"], li, agreed=True, reason="发")
    done = await agree(house.case_desk, waits["look"], chen, agreed=True, reason="措辞准确")
    assert done["sent"] == 13
    assert perf_counter() - begun < 10
    shown = for_customer(await dossier_of(house.reception, numbers[7]), NOON, "Asia/Shanghai")
    assert "登录服务中断" in shown["messages"][-1]["text"] or "登录服务中断" in str(shown["messages"])
    clock.advance(2 * MINUTE)
    assert (await take_back(house.case_desk, fault, done["answer"], li))["taken_back"] == 13
    shown = for_customer(await dossier_of(house.reception, numbers[7]), NOON, "Asia/Shanghai")
    assert "登录服务中断" not in str(shown["messages"])
    assert (await gather(house.case_desk, fault, numbers, li, on=False))["changed"] == 12
    assert (await case_at(house, fault)).links == ()


async def test_a_covered_text_is_seen_for_a_purpose_and_the_customer_sees_who_looked(
    house: House, database_dsn: str
) -> None:
    """Without purpose nothing; with it the text, a row, an event, a fact, and a line for the customer."""
    li = await somebody(house, "li")
    number = await opened(house)
    (message,) = (await dossier_of(house.reception, number)).messages
    assert "13812345678" not in message.masked
    idle = Unmask(field=FieldClass.CONTACT, purpose=Purpose.HANDLE, reason="看看")
    with pytest.raises(Forbidden, match="purpose_refused"):
        await unmask(house.case_desk, number, message.id, idle, li)
    asked = Unmask(field=FieldClass.CONTACT, purpose=Purpose.CALL_BACK, reason="回电客户")
    seen = await unmask(house.case_desk, number, message.id, asked, li)
    assert seen["text"] == NOT_ME
    shown = for_customer(await dossier_of(house.reception, number), NOON, "Asia/Shanghai")
    (look,) = shown["disclosures"]
    assert (look["by"], look["purpose"], look["reason"]) == ("li", "call_back", "回电客户")
    connection = await asyncpg.connect(database_dsn)
    facts = await connection.fetch("SELECT body FROM journal WHERE kind = 'case.data_disclosed'")
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("DELETE FROM disclosure")
    await connection.close()
    assert len(facts) == 1


async def test_a_strangers_data_takes_two_people(house: House) -> None:
    """Asked, agreed to by a custodian, then seen; and never by whoever asked alone."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    wu = await somebody(house, "wu", Role.CUSTODIAN)
    number = await opened(house)
    (message,) = (await dossier_of(house.reception, number)).messages
    asked = Unmask(field=FieldClass.THIRD_PARTY, purpose=Purpose.TRACE_FUNDS, reason="核对收款人")
    waits = await unmask(house.case_desk, number, message.id, asked, li)
    assert "text" not in waits
    await agree(house.case_desk, waits["waits"]["look"], wu, agreed=True, reason="追回所需")
    seen = await unmask(house.case_desk, number, message.id, asked, li)
    assert seen["text"] == NOT_ME
    (look,) = for_customer(await dossier_of(house.reception, number), NOON, "Asia/Shanghai")["disclosures"]
    assert look["agreed_by"] == "wu"


async def test_broken_glass_opens_for_a_quarter_of_an_hour_loudly(house: House, clock: ManualClock) -> None:
    """It opens what the role does not, raises a task, ends by itself, and somebody else reviews it."""
    li = await somebody(house, "li", Role.AGENT)
    mine = await somebody(house, "mine", Role.AGENT, own=frozenset({"a-1"}))
    boss = await somebody(house, "boss", Role.APPROVER)
    number = await opened(house)
    (message,) = (await dossier_of(house.reception, number)).messages
    asked = Unmask(field=FieldClass.FINANCIAL, purpose=Purpose.TRACE_FUNDS, reason="资金正在转出")
    with pytest.raises(Forbidden):
        await unmask(house.case_desk, number, message.id, asked, li)
    with pytest.raises(Forbidden, match="conflict_of_interest"):
        await break_glass(house.case_desk, number, "我自己的事", mine)
    glass = (await break_glass(house.case_desk, number, "资金正在转出，值班无人", li))["glass"]
    assert (await unmask(house.case_desk, number, message.id, asked, li))["text"] == NOT_ME
    tasks = await house.incidents.tasks(False, (0, ""), 10)
    assert [one.about for one in tasks if one.kind == "review_broken_glass"] == [glass]
    with pytest.raises(Forbidden):
        await review_glass(house.case_desk, glass, li, justified=True, finding="没问题")
    clock.advance(16 * MINUTE)
    with pytest.raises(Forbidden):
        await unmask(house.case_desk, number, message.id, asked, li)
    await review_glass(house.case_desk, glass, boss, justified=False, finding="应联系值班人员")
    with pytest.raises(Conflict, match="glass_reviewed"):
        await review_glass(house.case_desk, glass, boss, justified=True, finding="再看一次")


async def test_a_report_for_a_merged_number_goes_to_the_case_it_is_part_of(house: House) -> None:
    """Whoever writes under the old number is heard in the one that is worked on."""
    li = await somebody(house, "li")
    one, other = await opened(house, QUESTION, account=None), await opened(house, QUESTION, account=None)
    await merge(house.case_desk, one, [other], li)
    assert await opened(house, "还有一点补充", thread=other) == one
    assert isinstance(await dossier_of(house.reception, one), Dossier)
    assert (await acted(house, one, li, Take()))["version"] > 1
