"""Goal: answered once, from approved text, never a loss; figures from events alone. Method: a real desk."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import asyncpg
import msgspec
import pytest

from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app import open_knowledge
from countermand.flows.answer_message import (
    answer_message,
    answers_to_check,
    check_answer,
    judge_answer,
    rate_of_answers,
)
from countermand.flows.keep_knowledge import Knowledge, search_knowledge
from countermand.intake.answering import in_share
from countermand.intake.confirmed_rate import outcome_of
from countermand.kernel.clock import MICROS_PER_DAY, ManualClock
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.ids import CountedIds
from countermand.settings import Settings
from countermand.vocabulary.answers import (
    Answered,
    AutoReply,
    HandOffPacket,
    InboundMessage,
    Reason,
    ReplyEvent,
    ReplyEventKind,
    Settled,
    Verdict,
)
from flows.stage import NOON
from intake.readings import reading_of

QUESTION = "怎么冻结自己的账户"
ARTICLE = "freeze-own-account"
_numbers = itertools.count(1)


def asked(
    text: str = QUESTION, *, case: str = "", party: str = "p-1", channel: str = "app", **reading: Any
) -> InboundMessage:
    """A message in a conversation of its own that is not held out, unless told otherwise."""
    return InboundMessage(
        id=f"m-{next(_numbers)}",
        case=case or _free(),
        party=party,
        channel=channel,
        text=text,
        reading=reading_of(**reading),
        known={"last four": "1234"},
        promised=("call back by 18:00",),
    )


def _free() -> str:
    names = (f"case-{number}" for number in _numbers)
    return next(
        one for one in names if not in_share(one, "hold-out", 2) and not in_share(one, "double-check", 5)
    )


def _drawn(what: str, percent: int) -> str:
    names = (f"{what}-{number}" for number in itertools.count())
    return next(one for one in names if in_share(one, what, percent))


@pytest.fixture
async def desk(database_dsn: str, clock: ManualClock) -> AsyncIterator[Any]:
    """What answering needs, on a database of the test's own."""
    pool = await connect_pool(database_dsn, size_max=2)
    knowledge = open_knowledge(Settings())
    made = SimpleNamespace(works=PostgresWorks(pool), knowledge=knowledge, clock=clock, ids=CountedIds())
    await knowledge.record(made.works, clock.now())
    yield made
    await close_pool(pool)


async def _facts(tables: Any, kind: str) -> list[dict[str, Any]]:
    rows = await tables.fetch("SELECT body FROM journal WHERE kind = $1 ORDER BY seq", kind)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_a_simple_question_is_answered_once_with_its_sources(desk: Any, tables: Any) -> None:
    """The approved text, its law, whether it settled it, the way to a person; again: the same."""
    message = asked()
    first = await answer_message(desk, message)
    assert isinstance(first, Answered)
    assert (first.article, first.version, first.language) == (ARTICLE, 1, "zh")
    assert "冻结账户" in first.text
    assert first.laws
    assert "人工" in first.person
    assert "{" not in first.whole
    assert await answer_message(desk, message) == first
    assert await tables.fetchval("SELECT count(*) FROM auto_reply") == 1
    (fact,) = await _facts(tables, "message.answered")
    assert fact == {"reply": first.reply, "message": message.id, "case": message.case, "article": ARTICLE,
                    "version": 1, "text_sha256": first.text_sha256}  # fmt: skip


async def test_the_same_text_goes_to_every_channel(desk: Any) -> None:
    """One voice: app, mail and SMS carry a text with one digest; and so does the other language's own."""
    channels = ("app", "email", "hotline", "wechat")
    ways = [await answer_message(desk, asked(channel=one, party=one)) for one in channels]
    assert len({one.text_sha256 for one in ways if isinstance(one, Answered)}) == 1
    english = await answer_message(desk, asked("How do I freeze my own account", party="p-en"))
    assert isinstance(english, Answered)
    assert english.language == "en"
    assert english.text_sha256 != ways[0].text_sha256


@pytest.mark.parametrize(
    ("text", "reading", "reason"),
    [
        ("怎么冻结自己的账户，转人工", {}, Reason.ASKED_FOR_PERSON),
        (QUESTION, {"flags": ["unauthorised"]}, Reason.UNAUTHORISED),
        (QUESTION, {"flags": ["distress"]}, Reason.DISTRESS),
        (QUESTION, {"risk": "P1"}, Reason.RISK),
        (QUESTION, {"category": "unauthorised_payment", "risk": "P1"}, Reason.RISK),
        ("今天晚上吃什么好", {}, Reason.NOTHING_FITS),
    ],
)
async def test_everything_else_reaches_a_person_in_one_hop(
    desk: Any, tables: Any, text: str, reading: Any, reason: Reason
) -> None:
    """With why, what is known and what was promised; and nothing that they wrote is kept beside."""
    message = asked(text, **reading)
    packet = await answer_message(desk, message)
    assert isinstance(packet, HandOffPacket)
    assert reason in packet.reasons
    assert (packet.known, packet.promised) == ({"last four": "1234"}, ("call back by 18:00",))
    assert await answer_message(desk, message) == packet
    assert await tables.fetchval("SELECT count(*) FROM auto_reply") == 0
    (row,) = await tables.fetch("SELECT * FROM hand_off")
    assert text not in str(dict(row))
    assert len(await _facts(tables, "message.handed_off")) == 1


async def test_hold_outs_reach_a_person_and_checks_are_listed(desk: Any) -> None:
    """Two percent would have been answered and are not; five percent wait for a second reader."""
    held = await answer_message(desk, asked(case=_drawn("hold-out", 2)))
    assert isinstance(held, HandOffPacket)
    assert held.reasons == (Reason.HOLD_OUT,)
    sent = await answer_message(desk, asked(case=_drawn("double-check", 5), party="p-2"))
    assert isinstance(sent, Answered)
    assert [one["reply"] for one in await answers_to_check(desk)] == [sent.reply]
    await check_answer(desk, sent.reply, right=False, actor="second")
    assert await answers_to_check(desk) == []
    rate = await rate_of_answers(desk, NOON, NOON + 1)
    assert (rate.outcomes.held_out, rate.outcomes.checked, rate.outcomes.wrong) == (1, 1, 1)


async def test_yes_settles_and_no_brings_a_person(desk: Any, tables: Any) -> None:
    """Said in the channel itself or relayed; a “no” comes with what was tried, and changes nothing twice."""
    first = asked()
    answer = await answer_message(desk, first)
    assert isinstance(answer, Answered)
    thanks = await answer_message(desk, asked("是的！", case=first.case))
    assert isinstance(thanks, Settled)
    assert thanks.reply == answer.reply
    no = await answer_message(desk, asked("没有", case=first.case))
    assert isinstance(no, HandOffPacket)
    assert no.reasons[-1] is Reason.NOT_SETTLED
    assert [(one.article, one.said) for one in no.tried] == [(ARTICLE, "said_no")]

    other = await answer_message(desk, asked(party="p-2"))
    assert isinstance(other, Answered)
    relayed = await judge_answer(desk, other.reply, Verdict.PERSON, "app")
    assert relayed["hand_off"].reasons == (Reason.ASKED_FOR_PERSON,)
    assert relayed["hand_off"].tried[0].article == ARTICLE
    again = await judge_answer(desk, other.reply, Verdict.PERSON, "app")
    assert again["hand_off"] == relayed["hand_off"]
    assert (await judge_answer(desk, other.reply, Verdict.YES, "app"))["hand_off"] is None
    kinds = [row["kind"] for row in await tables.fetch("SELECT kind FROM auto_reply_event ORDER BY seq")]
    assert kinds == ["said_yes", "said_no", "asked_person", "said_yes"]
    with pytest.raises(NotFound):
        await judge_answer(desk, "rp-none", Verdict.YES, "app")


async def test_a_yes_with_distress_in_it_settles_nothing(desk: Any) -> None:
    """A flag outweighs the verdict: they get a person."""
    first = asked()
    await answer_message(desk, first)
    packet = await answer_message(desk, asked("是", case=first.case, flags=["distress"]))
    assert isinstance(packet, HandOffPacket)
    assert Reason.DISTRESS in packet.reasons


async def test_whoever_asks_again_was_not_helped(desk: Any, clock: ManualClock) -> None:
    """The same topic within a week: a person, and the first answer counts as not settled; later it is new."""
    first = await answer_message(desk, asked())
    assert isinstance(first, Answered)
    await judge_answer(desk, first.reply, Verdict.YES, "app")
    clock.advance(6 * MICROS_PER_DAY)
    packet = await answer_message(desk, asked("怎么冻结我的账户"))
    assert isinstance(packet, HandOffPacket)
    assert packet.reasons == (Reason.NOT_SETTLED,)
    clock.advance(2 * MICROS_PER_DAY)
    assert isinstance(await answer_message(desk, asked()), Answered)
    rate = await rate_of_answers(desk, NOON, NOON + 1)
    assert (rate.outcomes.confirmed, rate.outcomes.denied) == (0, 1)


async def test_another_topic_is_no_contact_again(desk: Any, tables: Any, clock: ManualClock) -> None:
    """A question about fees a day later says nothing about the answer on freezing."""
    await answer_message(desk, asked())
    clock.advance(MICROS_PER_DAY)
    other = await answer_message(desk, asked("提前还清有罚金吗", category="fee_question"))
    assert isinstance(other, Answered)
    assert await tables.fetchval("SELECT count(*) FROM auto_reply_event") == 0


async def test_the_counts_equal_the_definition(desk: Any) -> None:
    """Sixty answers with random events: what the database counts is what `outcome_of` says of each."""
    chance = random.Random(5)
    now = NOON + 20 * MICROS_PER_DAY
    expected: dict[str, int] = {}
    async with desk.works.open() as unit:
        for number in range(60):
            sent_at = NOON + chance.randrange(20) * MICROS_PER_DAY
            await unit.answers.add_reply(_reply(number, sent_at))
            events = [
                (chance.choice(list(ReplyEventKind)), sent_at + chance.randrange(10) * MICROS_PER_DAY)
                for _ in range(chance.randrange(4))
            ]
            for place, (kind, at) in enumerate(events):
                await unit.answers.add_event(ReplyEvent(f"rp-{number}", kind, at, "test", f"e-{place}"))
            outcome = outcome_of(sent_at, events, now)
            expected[outcome] = expected.get(outcome, 0) + 1
    async with desk.works.open() as unit:
        counted = await unit.answers.outcomes(NOON, now, now)
    told = {name: getattr(counted, name) for name in ("waiting", "confirmed", "denied", "silent")}
    assert told == {name: expected.get(name, 0) for name in told}
    assert len(expected) == 4
    assert counted.checked >= counted.wrong > 0


def _reply(number: int, sent_at: int) -> AutoReply:
    return AutoReply(
        id=f"rp-{number}", message=f"x-{number}", case="c", party="p", channel="app",
        category="how_to_question", risk="P3", article=ARTICLE, version=1, language="zh",
        text_sha256=bytes(32), double_check=False, sent_at=sent_at,
    )  # fmt: skip


async def test_nothing_that_happened_can_be_set_by_hand(database_dsn: str, desk: Any) -> None:
    """The product's own role can add to what became of answers, and neither change nor delete any of it."""
    connection = await asyncpg.connect(database_dsn)
    await connection.execute("SET ROLE countermand_app")
    columns = {"auto_reply": "article", "auto_reply_event": "kind", "hand_off": "risk", "kb_version": "body"}
    for table, column in columns.items():
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = NULL"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    await connection.close()


async def test_a_text_that_was_changed_under_its_number_is_not_shown(desk: Any) -> None:
    """It is left out, and what was sent before is still told word for word; a new number brings it back."""
    message = asked()
    sent = await answer_message(desk, message)
    assert isinstance(sent, Answered)
    library = desk.knowledge.library
    old = next(one for one in library.articles if one.id == ARTICLE)
    rest = tuple(one for one in library.articles if one.id != ARTICLE)
    words = msgspec.structs.replace(old.zh, answer="换了一种说法。")
    for version, shown in ((1, False), (2, True)):
        new = msgspec.structs.replace(old, zh=words, version=version)
        changed = replace(library, articles=(*rest, new))
        knowledge = Knowledge(changed, desk.knowledge.names, desk.knowledge.timezone)
        await knowledge.record(desk.works, desk.clock.now())
        names = [one["article"] for one in search_knowledge(knowledge, desk.clock, "")]
        assert (ARTICLE in names) is shown
    assert await answer_message(desk, message) == sent


async def test_knowledge_is_searched_in_either_language(desk: Any) -> None:
    """Both without a language, one with; another one is refused."""
    found = search_knowledge(desk.knowledge, desk.clock, QUESTION)
    assert found[0]["article"] == ARTICLE
    assert set(found[0]["words"]) == {"zh", "en"}
    assert set(search_knowledge(desk.knowledge, desk.clock, QUESTION, "en")[0]["words"]) == {"en"}
    every = search_knowledge(desk.knowledge, desk.clock, " ")
    assert len(every) == len(desk.knowledge.shelf(NOON).articles)
    with pytest.raises(BadRequest):
        search_knowledge(desk.knowledge, desk.clock, QUESTION, "fr")


def test_a_new_day_brings_new_articles() -> None:
    """What is valid from tomorrow is not there today, in the institution's own time zone."""
    knowledge = open_knowledge(Settings())
    before = 1_793_000_000_000_000  # 2026-10-26: nothing that is shipped is valid yet
    assert knowledge.shelf(before).articles == ()
    assert knowledge.shelf(NOON).articles != ()
    today = knowledge.shelf(NOON)
    tomorrow = knowledge.shelf(NOON + MICROS_PER_DAY)
    assert tomorrow.day > today.day
    assert tomorrow.finder is today.finder  # nothing else is in force: no second index
