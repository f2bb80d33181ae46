"""Goal: whoever must be told is told, once on each way, by another if one fails, at night only if it counts.

Method: a house on a manual clock and a real database, with notifiers that fail on cue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from countermand.flows.answer_replies import answer_reply
from countermand.flows.house import House
from countermand.flows.keep_contacts import show_contacts
from countermand.flows.note_receipts import note_receipt
from countermand.flows.show_notices import follow_notices, list_notices
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, NotFound, Unavailable
from countermand.vocabulary.notices import NoticeMessage, SendState, Taken, reply_number
from flows.notice_stage import MAIL, OTHER, PHONE, NoticeStage, notice_stage
from flows.stage import SECOND, outcome_of, payment

AWAY = Unavailable("sender_away", "away", "不可用")


@pytest.fixture
def stage(house: House, clock: ManualClock) -> NoticeStage:
    """A house whose customers are told."""
    return notice_stage(house, clock)


def raising(error: Exception) -> Callable[[NoticeMessage], None]:
    """What a notifier does that breaks."""

    def behave(message: NoticeMessage) -> None:
        raise error

    return behave


async def states(stage: NoticeStage, notice: str) -> list[tuple[str, str]]:
    """The sendings of a notice: channel and state."""
    async with stage.works.open() as unit:
        return [(one.channel.value, one.state.value) for one in await unit.notices.sendings(notice)]


async def held(stage: NoticeStage, account: str = "a-1") -> str:
    """An operation on hold, and the customer told of it."""
    for number in range(8):
        operation = payment(account, at=stage.clock.now() + number)
        if outcome_of(await stage.house.decider.decide(operation, None)) == "hold":
            await stage.settle()
            return operation.id
    raise AssertionError("none of them was held")


async def test_a_security_notice_takes_two_ways_at_once(stage: NoticeStage) -> None:
    """The webhook, and the first address of two channels; the third address waits in reserve."""
    await stage.reach("a-1", ("email", MAIL), ("email", OTHER), ("sms", PHONE))
    await stage.tell("n-1")
    await stage.settle()
    assert stage.count() == (1, 1, 1)
    assert stage.email.sent[0].to == MAIL
    assert await states(stage, "n-1") == [("webhook", "accepted"), ("email", "accepted"), ("sms", "accepted")]


async def test_a_notice_is_told_once(stage: NoticeStage, tables: Any) -> None:
    """The same effect again, and the same notice planned again, send nothing."""
    await stage.reach("a-1", ("email", MAIL))
    await stage.tell("n-1")
    await stage.settle()
    await tables.execute("UPDATE effect SET state = 'pending', ended_at = NULL")
    await stage.settle()
    assert stage.count() == (1, 0, 1)


async def test_without_an_address_the_feed_still_has_it(stage: NoticeStage) -> None:
    """Nothing is known about the customer: the product tells them."""
    await stage.tell("n-1")
    await stage.settle()
    (told,) = (await list_notices(stage, "a-1"))["notices"]
    assert told["title"].zh == "新地点登录提醒"
    assert stage.count() == (0, 0, 1)


async def test_an_address_nobody_verified_is_not_used(stage: NoticeStage) -> None:
    """It may be a stranger's."""
    await stage.reach("a-1", ("email", MAIL))
    async with stage.works.open() as unit:
        stored = await unit.contacts.of("a-1")
        assert stored is not None
        unverified = [point._replace(verified_at=None) for point in stored.points]
        await unit.contacts.put(stored._replace(points=unverified), stage.clock.now())
    await stage.tell("n-1")
    await stage.settle()
    assert stage.count() == (0, 0, 1)


async def test_a_dead_mail_server_falls_back_to_sms(stage: NoticeStage) -> None:
    """A service notice had one way; when that has had its time, the next one is taken."""
    await stage.reach("a-1", ("email", MAIL), ("sms", PHONE))
    stage.email.behave = raising(AWAY)
    await stage.tell("n-1", urgency="service")
    await stage.settle()
    assert stage.count() == (0, 0, 1)
    for _ in range(14):
        await stage.later(300)
    assert stage.count() == (0, 1, 1)
    assert await states(stage, "n-1") == [("webhook", "accepted"), ("email", "gave_up"), ("sms", "accepted")]


async def test_a_security_notice_waits_seconds_for_a_dead_channel(stage: NoticeStage) -> None:
    """Two are tried at once; the third is taken when one of them is gone for twenty seconds."""
    await stage.reach("a-1", ("email", MAIL), ("sms", PHONE), ("email", OTHER))
    stage.sms.behave = raising(AWAY)
    await stage.tell("n-1")
    await stage.settle()
    assert [one.to for one in stage.email.sent] == [MAIL]
    for _ in range(8):
        await stage.later(4)
    assert [one.to for one in stage.email.sent] == [MAIL, OTHER]


async def test_what_a_provider_refuses_goes_another_way(stage: NoticeStage) -> None:
    """At once; and where there is no other way, it ends there."""
    await stage.reach("a-1", ("sms", PHONE), ("email", MAIL))
    stage.sms.taken = Taken.REFUSED
    await stage.tell("n-1", urgency="service")
    await stage.settle()
    assert await states(stage, "n-1") == [("webhook", "accepted"), ("sms", "refused"), ("email", "accepted")]
    stage.email.taken = Taken.REFUSED
    await stage.tell("n-2", urgency="service")
    await stage.settle()
    assert await states(stage, "n-2") == [("webhook", "accepted"), ("sms", "refused"), ("email", "refused")]


async def test_quiet_hours_hold_service_and_not_security(stage: NoticeStage) -> None:
    """At noon somebody sleeps: the service notice comes when they wake, the security notice now."""
    await stage.reach("a-1", ("sms", PHONE), quiet=(time(11), time(14)))
    await stage.tell("n-1", urgency="service")
    await stage.settle()
    assert stage.count() == (0, 0, 1)
    await stage.tell("n-2")
    await stage.settle()
    assert stage.count() == (0, 1, 2)
    await stage.later(2 * 3600 - 1)
    assert stage.count() == (0, 1, 2)
    await stage.later(1)
    assert stage.count() == (0, 2, 2)


async def _killed_after_sending(stage: NoticeStage, notifier: Any) -> None:
    """The notice leaves, and the process dies before that is written; another goes on after the lease."""
    sent = asyncio.Event()
    taking = notifier.send

    async def send(message: NoticeMessage) -> Any:
        await taking(message)
        sent.set()
        await asyncio.Event().wait()

    notifier.send = send
    async with asyncio.timeout(5):
        while not sent.is_set():
            await stage.deliverer.turn()
            await asyncio.sleep(0.002)
    for task in stage.deliverer._running:
        task.cancel()
    await asyncio.gather(*stage.deliverer._running, return_exceptions=True)
    stage.deliverer._running.clear()
    notifier.send = taking
    await stage.later(61)


async def test_killed_between_sending_and_writing_the_webhook_hears_the_same_key(
    stage: NoticeStage,
) -> None:
    """It is called again with the same id: the receiver knows it by that."""
    await stage.tell("n-1")
    await _killed_after_sending(stage, stage.webhook)
    assert len({one.id for one in stage.webhook.sent}) == 1
    assert len(stage.webhook.sent) == 2
    assert await states(stage, "n-1") == [("webhook", "accepted")]


async def test_killed_between_sending_and_writing_no_sms_is_sent_twice_where_there_is_another_way(
    house: House, clock: ManualClock
) -> None:
    """The gateway has no key: what may have left is told another way instead."""
    stage = notice_stage(house, clock)
    await stage.reach("a-1", ("sms", PHONE), ("email", MAIL))
    await stage.tell("n-1", urgency="service")
    await _killed_after_sending(stage, stage.sms)
    assert (len(stage.sms.sent), len(stage.email.sent)) == (1, 1)
    assert ("sms", "uncertain") in await states(stage, "n-1")


async def test_killed_between_sending_and_writing_the_only_way_is_used_once_more(stage: NoticeStage) -> None:
    """A security notice to somebody who has nothing but a phone: rather twice than never, and not thrice."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.tell("n-1")
    await _killed_after_sending(stage, stage.sms)
    assert [one.to for one in stage.sms.sent] == [PHONE, PHONE]
    await stage.later(3600)
    assert len(stage.sms.sent) == 2


async def test_a_receipt_says_what_became_of_an_sms(stage: NoticeStage) -> None:
    """Arrived: confirmed. Lost: the next way. Forged: refused. Twice: nothing more."""
    await stage.reach("a-1", ("sms", PHONE), ("email", MAIL))
    await stage.tell("n-1", urgency="service")
    await stage.tell("n-2", urgency="service")
    await stage.settle()
    # Two messages to one number may overtake each other.
    sent = sorted(stage.sms.sent, key=lambda message: message.id)
    first, second = [one.receipt_url.partition("?")[0].rsplit("/", 2) for one in sent]
    with pytest.raises(NotFound, match="unknown_receipt"):
        await note_receipt(stage, int(first[1]), second[2], 1)
    await note_receipt(stage, int(first[1]), first[2], 8)
    assert ("sms", "accepted") in await states(stage, "n-1")
    await note_receipt(stage, int(first[1]), first[2], 1)
    await note_receipt(stage, int(first[1]), first[2], 1)
    await note_receipt(stage, int(first[1]), first[2], 2)
    assert ("sms", "confirmed") in await states(stage, "n-1")
    await note_receipt(stage, int(second[1]), second[2], 2)
    await stage.settle()
    assert await states(stage, "n-2") == [("webhook", "accepted"), ("sms", "refused"), ("email", "accepted")]
    await stage.later(3600)
    assert stage.count() == (1, 2, 2)


async def test_an_sms_without_a_receipt_in_time_goes_another_way(stage: NoticeStage) -> None:
    """The gateway took it, the phone never said so; a receipt that comes late still counts."""
    await stage.reach("a-1", ("sms", PHONE), ("email", MAIL))
    await stage.tell("n-1", urgency="service")
    await stage.settle()
    await stage.later(3599)
    assert stage.count() == (0, 1, 1)
    await stage.later(1)
    assert stage.count() == (1, 1, 1)
    seq, proof = stage.sms.sent[0].receipt_url.partition("?")[0].rsplit("/", 2)[1:]
    await note_receipt(stage, int(seq), proof, 1)
    assert ("sms", "confirmed") in await states(stage, "n-1")


async def test_a_hold_is_told_with_what_undoes_it(stage: NoticeStage) -> None:
    """Within one look at the record: what waits, until when, and the number to answer with."""
    await stage.reach("a-1", ("sms", PHONE), language="en")
    operation = await held(stage)
    (message,) = stage.sms.sent
    assert message.notice.kind == "hold_placed"
    assert f"Reply N {reply_number(operation)}" in message.words.sms.en
    assert "on hold, nothing has left" in message.words.sms.en
    await stage.settle()
    assert len(stage.sms.sent) == 1


async def test_decisions_are_looked_at_once_and_none_is_left_out(stage: NoticeStage, tables: Any) -> None:
    """Two followers at once, one that dies before it commits, and what is told is told once."""
    for number in range(30):
        await stage.house.decider.decide(payment(f"a-{number % 3}", at=stage.clock.now() + number), None)
    held_there = await tables.fetchval("SELECT count(*) FROM hold WHERE until > placed_at")
    assert held_there > 0
    async with stage.works.open() as unit:
        assert await unit.notices.decided(10)
        assert not await stage.decisions.turn()  # somebody else is at it
    await asyncio.gather(*(stage.decisions.turn() for _ in range(4)))
    await stage.settle()
    told = await tables.fetch("SELECT id FROM effect WHERE port = 'notices' AND action = 'hold_placed'")
    assert len(told) == held_there
    last = await tables.fetchval("SELECT max(seq) FROM operation")
    assert await tables.fetchval("SELECT seq FROM notice_position") == last


async def test_what_was_decided_long_ago_is_told_to_nobody(stage: NoticeStage, tables: Any) -> None:
    """A day later the position moves on in silence."""
    for number in range(8):
        await stage.house.decider.decide(payment(at=stage.clock.now() + number), None)
    stage.clock.advance(86_401 * SECOND)
    await stage.settle()
    assert await tables.fetchval("SELECT count(*) FROM notice") == 0


async def test_an_sms_takes_a_hold_back(stage: NoticeStage) -> None:
    """N and the number, from the customer's own phone; again it is over, and a stranger learns nothing."""
    await stage.reach("a-1", ("sms", PHONE))
    operation = await held(stage)
    number = reply_number(operation)
    stranger, _ = await answer_reply(stage, "+8613999999999", f"N {number}")
    assert stranger.zh.startswith("目前没有可撤销的操作")
    wrong, _ = await answer_reply(stage, PHONE, f"N {int(number) % 9999 + 1:04}")
    assert wrong.zh.startswith("有多笔等待中，或数字不符")
    unclear, _ = await answer_reply(stage, PHONE, "谢谢")
    assert unclear.zh.startswith("没有看懂")
    said, language = await answer_reply(stage, "13800000001", f"不是我{number}")
    assert (language, said.zh) == ("zh", "已撤销，资金没有转出。您无须再做什么。")
    found = await stage.house.holds.find(operation)
    assert found is not None
    assert (found.state.value, found.ended_by) == ("revoked", "sms reply")
    again, _ = await answer_reply(stage, PHONE, f"N{number}")
    assert again.zh.startswith("目前没有可撤销的操作")


async def test_a_bare_no_is_enough_where_one_thing_waits_and_too_little_where_two_do(
    stage: NoticeStage,
) -> None:
    """Ambiguous answers are answered with what to do."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.reach("a-2", ("sms", PHONE))
    await held(stage, "a-1")
    second = await held(stage, "a-2")
    said, _ = await answer_reply(stage, PHONE, "N")
    assert said.en.startswith("More than one waits")
    assert (await answer_reply(stage, PHONE, f"n {reply_number(second)}"))[0].en.startswith("Taken back")
    assert (await answer_reply(stage, PHONE, "撤销"))[0].en.startswith("Taken back")


async def test_a_replaced_address_hears_for_a_week(stage: NoticeStage, tables: Any) -> None:
    """Whoever takes an account over changes the address first; then it is forgotten."""
    await stage.reach("a-1", ("sms", PHONE))
    await stage.reach("a-1", ("email", OTHER))
    await stage.settle()
    assert [one.notice.kind for one in stage.sms.sent] == ["contacts_changed"]
    assert [one.notice.kind for one in stage.email.sent] == ["contacts_changed"]
    shown = await show_contacts(stage, "a-1")
    assert [one["address"] for one in shown["points"]] == ["b***@example.org", "+86*******0001"]
    await stage.later(7 * 86400)
    assert await tables.fetchval("SELECT count(*) FROM contact_point") == 1
    await stage.tell("n-1")
    await stage.settle()
    assert len(stage.sms.sent) == 1


async def test_addresses_are_sealed_and_nowhere_else(stage: NoticeStage, tables: Any) -> None:
    """No table and no fact holds an address in clear."""
    await stage.reach("a-1", ("email", MAIL), ("sms", PHONE))
    await stage.tell("n-1")
    await stage.settle()
    for table in ("effect", "journal", "notice", "notice_sending", "contact_point"):
        rows = await tables.fetch(f"SELECT {table}::text AS line FROM {table}")
        for row in rows:
            assert MAIL not in row["line"]
            assert PHONE[3:] not in row["line"]


async def test_what_is_no_address_is_refused_without_repeating_it(stage: NoticeStage) -> None:
    """Neither a word nor half a number."""
    for channel, address in (("email", "nobody"), ("sms", "12"), ("email", "a@b@c d.org"), ("sms", "x" * 20)):
        with pytest.raises(BadRequest, match="bad_address") as refused:
            await stage.reach("a-1", (channel, address))
        assert address not in refused.value.text.en
    with pytest.raises(BadRequest, match="bad_contacts"):
        await stage.reach("a-1", ("sms", PHONE), ("sms", "138 0000 0001"))
    with pytest.raises(BadRequest, match="bad_contacts"):
        await stage.reach("a-1", timezone="Nowhere/Land")


async def test_a_stream_goes_on_where_it_left_off(stage: NoticeStage) -> None:
    """What came meanwhile first, then each notice as it comes; it ends with the house."""
    for name in ("n-1", "n-2"):
        await stage.tell(name)
    await stage.settle()
    first = (await list_notices(stage, "a-1"))["notices"][-1]["seq"]
    stream = follow_notices(stage, "a-1", first)
    one = await anext(stream)
    assert one is not None
    assert one["id"] == "n-2"
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    await stage.tell("n-3")
    await stage.settle()
    stage.bell.ring()
    async with asyncio.timeout(5):
        three = await waiting
    assert three is not None
    assert (three["id"], stage.bell.streams) == ("n-3", 1)
    stage.bell.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert stage.bell.streams == 0


def test_every_end_is_a_state() -> None:
    """A sending that is neither planned nor started has ended, whichever way."""
    assert {one.value for one in SendState} == {
        "planned", "started", "accepted", "confirmed", "refused", "gave_up", "uncertain", "unconfirmed",
    }  # fmt: skip
