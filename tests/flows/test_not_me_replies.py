"""Goal: "not me" by SMS to a notice of a take-over stops the account, once, and only from where it was told.

Method: a house on a manual clock and a real database; notices are sent, answered, answered again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from countermand.flows.answer_replies import answer_reply
from countermand.flows.house import House
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.show_incidents import show_incident
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.incidents import AppealRequest
from countermand.vocabulary.notices import reply_number
from flows.notice_stage import OTHER, PHONE, NoticeStage, notice_stage
from flows.stage import SECOND, outcome_of, payment

STRANGER, NEW_PHONE = "+8613999999999", "+8613800000002"


@pytest.fixture
def stage(house: House, clock: ManualClock) -> NoticeStage:
    """A house whose customers are told."""
    return notice_stage(house, clock)


async def incidents(tables: Any) -> list[Any]:
    """What was contained, the oldest first."""
    found: list[Any] = await tables.fetch("SELECT * FROM incident ORDER BY placed_at, id")
    return found


async def pays(stage: NoticeStage) -> str:
    """What a payment of a-1 gets now."""
    return outcome_of(await stage.house.decider.decide(payment(at=stage.clock.now()), None))


async def test_not_me_to_a_sign_in_stops_everything(stage: NoticeStage, tables: Any) -> None:
    """One incident with what it answers; the reply says what stopped, what works and how to undo it."""
    await stage.reach("a-1", ("sms", PHONE), language="en")
    await stage.tell("n-1")
    await stage.settle()
    number = reply_number("n-1")
    assert f"Reply N {number}, and we stop everything" in stage.sms.sent[0].words.sms.en
    assert await pays(stage) == "allow"
    said, language = await answer_reply(stage, PHONE, f"N {number}")
    assert language == "en"
    assert said.en.startswith("Stopped now: money leaving, new loans, debits, changes of settings.")
    assert "call the number on your card, show that it is you" in said.en
    assert "已登录的全部退出" in said.zh
    assert "银行卡背面的客服电话" in said.zh
    assert await pays(stage) == "deny"
    (incident,) = await incidents(tables)
    assert (incident["reference"], incident["placed_by"], incident["code"]) == ("n-1", "sms reply", "not_me")
    shown = await show_incident(stage.house, incident["id"])
    assert (shown["reference"], shown["reason"]) == ("n-1", "not me, by SMS, to the notice new_place_login")
    keeps = {one["kind"] for one in shown["scope"]["keeps"]}
    assert {"balance", "repayment", "deposit"} <= keeps, "what the reply says still works"
    assert {"transfer", "loan_disburse", "mandate_run", "contact_change"} <= {
        one["kind"] for one in shown["scope"]["stops"]
    }
    fact = await tables.fetchval("SELECT body FROM journal WHERE kind = 'notice.answered'")
    assert '"stopped_everything"' in fact
    assert "a-1" not in fact


async def test_answering_again_does_nothing_twice(stage: NoticeStage, tables: Any) -> None:
    """Four at once, and one later: one incident; after the account was opened again, it stays open."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.tell("n-1")
    await stage.settle()
    text = f"不是我{reply_number('n-1')}"
    answers = await asyncio.gather(*(answer_reply(stage, PHONE, text) for _ in range(4)))
    later, _ = await answer_reply(stage, PHONE, text)
    assert {one.zh for one, _ in answers} == {later.zh}
    (incident,) = await incidents(tables)
    orders = await tables.fetchval("SELECT count(*) FROM standing_order")
    await uphold_appeal(stage.house, incident["id"], AppealRequest(reason="it was me"), "desk")
    again, _ = await answer_reply(stage, PHONE, text)
    assert again.zh.startswith("您此前已答复过这条通知")
    assert len(await incidents(tables)) == 1
    assert await tables.fetchval("SELECT count(*) FROM standing_order") == orders
    assert await pays(stage) == "allow"


async def test_only_the_number_that_was_told_can_say_it(stage: NoticeStage, tables: Any) -> None:
    """A stranger, a number nobody verified, another customer's: counted, and nothing else."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.reach("a-2", ("sms", NEW_PHONE))
    await stage.tell("n-1")
    await stage.settle()
    text = f"N {reply_number('n-1')}"
    for sender in (STRANGER, NEW_PHONE, "not a number"):
        said, _ = await answer_reply(stage, sender, text)
        assert said.zh.startswith("目前没有可撤销的操作"), sender
    counted = await tables.fetch(
        "SELECT body ->> 'answer' AS answer FROM journal WHERE kind = 'notice.answered'"
    )
    assert [row["answer"] for row in counted] == ["stranger", "nothing", "stranger"]
    assert await incidents(tables) == []
    assert await pays(stage) == "allow"


async def test_a_number_just_replaced_may_still_say_it(stage: NoticeStage, tables: Any) -> None:
    """Whoever takes an account over changes the number first: the old one hears it and can stop it."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.reach("a-1", ("sms", NEW_PHONE))
    await stage.settle()
    (message,) = [one for one in stage.sms.sent if one.to == PHONE]
    assert message.notice.kind == "contacts_changed"
    said, _ = await answer_reply(stage, PHONE, f"N {message.notice.number}")
    assert said.en.startswith("Stopped now")
    assert await pays(stage) == "deny"
    stage.clock.advance(8 * 86_400 * SECOND)
    await stage.tell("n-late")
    await stage.settle()
    late, _ = await answer_reply(stage, PHONE, f"N {reply_number('n-late')}")
    assert late.en.startswith("Nothing waits")
    assert len(await incidents(tables)) == 1


async def test_what_was_told_by_mail_or_long_ago_is_not_denied_by_sms(
    stage: NoticeStage, tables: Any
) -> None:
    """The notice must have gone to the number, within three days; a bare no, within the hour."""
    await stage.reach("a-1", ("email", OTHER))
    await stage.tell("n-mail")
    await stage.settle()
    await stage.reach("a-1", ("email", OTHER), ("sms", PHONE))
    text = f"N {reply_number('n-mail')}"
    assert (await answer_reply(stage, PHONE, text))[0].en.startswith("Nothing waits")
    await stage.later(4 * 86_400)
    await stage.tell("n-2")
    await stage.settle()
    await stage.later(2 * 3_600)
    assert (await answer_reply(stage, PHONE, "N"))[0].en.startswith("More than one waits")
    await stage.later(3 * 86_400)
    gone, _ = await answer_reply(stage, PHONE, f"N {reply_number('n-2')}")
    assert gone.en.startswith("Nothing waits")
    assert await incidents(tables) == []


async def test_an_odd_operation_stops_money_and_its_own_wait_is_taken_back(
    stage: NoticeStage, tables: Any
) -> None:
    """Signing in goes on; the operation the notice was about does not wait any more; a bare no is enough."""
    await stage.reach("a-1", ("sms", PHONE))
    for number in range(8):
        operation = payment(at=stage.clock.now() + number)
        if outcome_of(await stage.house.decider.decide(operation, None)) == "hold":
            break
    await stage.tell("n-1", "abnormal_operation", operation=operation.id)
    await stage.deliverer.settle()
    said, _ = await answer_reply(stage, PHONE, "N")
    assert said.zh.startswith("已停住：转出、提现、借款、自动扣款。还能用：登录")
    hold = await stage.house.holds.find(operation.id)
    assert hold is not None
    assert hold.state.value == "revoked"
    login = payment(at=stage.clock.now(), kind="login", amount=None, counterparty=None)
    assert outcome_of(await stage.house.decider.decide(login, None)) == "allow"
    assert len(await incidents(tables)) == 1
