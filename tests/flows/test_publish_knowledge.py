"""Goal: an article changes by two people and stays in the record; what answers follows. Real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import pytest

from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app import open_knowledge
from countermand.flows.keep_knowledge import Knowledge, search_knowledge
from countermand.flows.publish_knowledge import (
    judge_proposal,
    next_number,
    proposals_of,
    propose_article,
    waiting_proposals,
)
from countermand.flows.show_knowledge import article_of, changed_parts, fields_of, newest_of
from countermand.intake.proposals import ProposalState, unsourced
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden, NotFound
from countermand.kernel.ids import CountedIds
from countermand.settings import Settings
from countermand.vocabulary.knowledge import Article
from flows.stage import NOON

PUBLISHED, REJECTED, WITHDRAWN = (
    ProposalState.PUBLISHED, ProposalState.REJECTED, ProposalState.WITHDRAWN,
)  # fmt: skip
NAME = "close-account"


@dataclass
class Room:
    """What the stories need of a house."""

    works: Any
    knowledge: Knowledge
    clock: ManualClock
    ids: CountedIds
    tables: Any


@pytest.fixture
async def room(database_dsn: str) -> AsyncIterator[Room]:
    """A knowledge base as shipped, every version of it recorded."""
    pool = await connect_pool(database_dsn, size_max=4)
    works, clock = PostgresWorks(pool), ManualClock(NOON)
    knowledge = open_knowledge(Settings())
    await knowledge.record(works, clock.now())
    tables = await asyncpg.connect(database_dsn)
    yield Room(works, knowledge, clock, CountedIds(), tables)
    await tables.close()
    await close_pool(pool)


def later(room: Room, en: str = "It costs nothing.", version: int = 2, **more: Any) -> Article:
    """The next version of an article, with another end of its English answer."""
    found = newest_of(room.knowledge, NAME)
    assert found is not None
    words = msgspec.structs.replace(found.en, answer=found.en.answer.replace("It is free.", en))
    return msgspec.structs.replace(found, version=version, en=words, **more)


def answered(knowledge: Knowledge, room: Room) -> tuple[int, str]:
    """The version that customers are answered from, and its answer."""
    found = search_knowledge(knowledge, room.clock, "close my account", "en", staff=False)[0]
    return found["version"], found["words"]["en"]["answer"]


async def test_what_two_people_published_answers_from_then_on(room: Room) -> None:
    """Here at once, in another process when it looks, after a start too; facts hold no words."""
    other = open_knowledge(Settings())
    made = await propose_article(room, later(room), "", "plainer words", "ed", "trace-1")
    assert answered(room.knowledge, room)[0] == 1
    assert [one.id for one in await waiting_proposals(room)] == [made.id]
    ended = await judge_proposal(room, made.id, PUBLISHED, "reads well", "fay")
    assert (ended.judge, await waiting_proposals(room)) == ("fay", [])
    assert answered(room.knowledge, room)[0] == 2
    assert "It costs nothing." in answered(room.knowledge, room)[1]
    async with room.works.open() as unit:
        await other.follow(unit.proposals)
    assert answered(other, room) == answered(room.knowledge, room)
    again = open_knowledge(Settings())
    await again.record(room.works, room.clock.now())
    async with room.works.open() as unit:
        await again.follow(unit.proposals)
    assert answered(again, room) == answered(room.knowledge, room)
    assert again.left_out == frozenset()
    facts = await room.tables.fetch(
        "SELECT kind, body FROM journal WHERE kind LIKE 'knowledge.%' ORDER BY seq"
    )
    assert [row["kind"] for row in facts] == ["knowledge.proposed", "knowledge.published"]
    assert not any(said in str(facts) for said in ("plainer", "reads well", "costs"))


async def test_nobody_publishes_their_own(room: Room) -> None:
    """Nor rejects it; only they take it back; and whatever was answered is over."""
    made = await propose_article(room, later(room), "", "why", "ed")
    for state, actor in ((PUBLISHED, "ed"), (REJECTED, "ed"), (WITHDRAWN, "fay")):
        with pytest.raises(Forbidden, match="four_eyes"):
            await judge_proposal(room, made.id, state, "so", actor)
    with pytest.raises(asyncpg.CheckViolationError):
        await room.tables.execute(
            "UPDATE kb_proposal SET state = 'published', judge = 'ed', judged_at = now(), words = 'x'"
        )
    await judge_proposal(room, made.id, WITHDRAWN, "not yet", "ed")
    for state, actor in ((PUBLISHED, "fay"), (WITHDRAWN, "ed")):
        with pytest.raises(Conflict, match="proposal_over"):
            await judge_proposal(room, made.id, state, "so", actor)
    with pytest.raises(NotFound, match="unknown_proposal"):
        await judge_proposal(room, "art_none", PUBLISHED, "so", "fay")
    assert answered(room.knowledge, room)[0] == 1


async def test_of_two_who_write_at_once_one_waits(room: Room) -> None:
    """One is kept; the other is told whose, then that another version counts, and may go on from there."""
    told = await asyncio.gather(
        propose_article(room, later(room, "One."), "", "why", "ed"),
        propose_article(room, later(room, "Two."), "", "why", "fay"),
        return_exceptions=True,
    )
    refused = [one for one in told if isinstance(one, CountermandError)]
    assert [one.code for one in refused] == ["article_proposed"]
    first = (await waiting_proposals(room))[0]
    judge = "fay" if first.proposer == "ed" else "ed"
    answers = await asyncio.gather(
        judge_proposal(room, first.id, PUBLISHED, "good", judge),
        judge_proposal(room, first.id, REJECTED, "bad", "gus"),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in answers) == 1
    with pytest.raises(Conflict, match="article_overtaken"):
        await propose_article(room, later(room, "Three.", version=7), "", "why", "ed")
    number = await next_number(room, NAME)
    await propose_article(room, later(room, "Three.", version=number), "", "why", "ed")
    assert len(await proposals_of(room, NAME)) == 2


REFUSED = (
    ("Send us your password.", "", "why", "article_refused"),
    ("38.83% did.", "", "why", "article_refused"),
    ("38.83% did.", "our own count", "why", "article_refused"),
    ("See https://example.com now.", "", "why", "article_refused"),
    ("It costs nothing.", "", "  ", "invalid_words"),
    ("It costs nothing.", "", "bell \x07", "invalid_words"),
    ("It costs nothing.", "x" * 2001, "why", "invalid_words"),
)


async def test_what_breaks_a_rule_is_not_proposed(room: Room) -> None:
    """A secret asked for, a share without a source or its year, a link, no reason: nothing is kept."""
    for en, source, reason, code in REFUSED:
        with pytest.raises(BadRequest, match=code):
            await propose_article(room, later(room, en), source, reason, "ed")
    assert await waiting_proposals(room) == []


@pytest.mark.parametrize(
    ("en", "checked", "source", "wrong"),
    [
        ("It is free.", "unverified", "", False),
        ("It takes 3 days.", "text", "", False),
        ("It takes 3 days.", "unverified", "", True),
        ("It takes 3 days.", "unverified", "our terms, 2026", False),
        ("4 in 10 do.", "text", "", True),
        ("Some 20 thousand did.", "text", "", True),
        ("12 % do.", "text", "People's Bank, 2025", False),
    ],
)
def test_a_figure_has_a_source(en: str, checked: str, source: str, wrong: bool) -> None:
    """Statistics need their own, with its year; any other figure a rule that was read, or that."""
    article = newest_of(open_knowledge(Settings()), NAME)
    assert article is not None
    words = msgspec.structs.replace(article.en, answer=en)
    laws = tuple(msgspec.structs.replace(one, checked=checked) for one in article.laws)
    found = unsourced(msgspec.structs.replace(article, en=words, laws=laws), source)
    assert [where for where, _, _ in found] == (["en.answer"] if wrong else [])


def test_a_form_holds_a_whole_version() -> None:
    """Every shipped version comes back from its fields as it was; what changed is said part by part."""
    for one in open_knowledge(Settings()).library.articles:
        assert article_of(one.id, one.version, fields_of(one)) == one
        assert changed_parts(one, one) == []
    fields = {**fields_of(one), "en.title": "Another", "valid_to": "2030-01-01"}
    told = changed_parts(one, article_of(one.id, one.version, fields))
    assert [(row.language, row.part) for row in told] == [("en", "title"), ("both", "valid_to")]
    for wrong in ({"valid_from": "soon"}, {"laws": "pipl"}, {"audience": "some"}, {"en.questions": "one"}):
        with pytest.raises(BadRequest, match="draft_unreadable"):
            article_of(one.id, 2, {**fields, **wrong})
