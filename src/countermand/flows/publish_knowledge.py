"""Articles written at the desk: proposed by one person, published by another, every step a fact."""

from __future__ import annotations

from typing import Protocol

import msgspec

from countermand.flows.keep_knowledge import Knowledge
from countermand.intake.knowledge import Fault, faults
from countermand.intake.proposals import Proposal, ProposalState, unsourced
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.facts import (
    KNOWLEDGE_PROPOSED,
    KNOWLEDGE_PUBLISHED,
    KNOWLEDGE_REJECTED,
    KNOWLEDGE_WITHDRAWN,
    Fact,
)
from countermand.vocabulary.knowledge import Article
from countermand.work import Works

WORDS_CHARACTERS_MAX = 2000
PROPOSALS_SHOWN_MAX = 50
_KINDS = {
    ProposalState.PUBLISHED: KNOWLEDGE_PUBLISHED,
    ProposalState.REJECTED: KNOWLEDGE_REJECTED,
    ProposalState.WITHDRAWN: KNOWLEDGE_WITHDRAWN,
}


class KnowledgeHouse(Protocol):
    """What these stories need of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def knowledge(self) -> Knowledge: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


def faults_of_proposal(knowledge: Knowledge, article: Article, source: str) -> list[Fault]:
    """All that keeps a version from being proposed: where, and what, in English and Chinese."""
    return [*faults(article, knowledge.library.laws), *unsourced(article, source)]


async def propose_article(
    house: KnowledgeHouse, article: Article, source: str, reason: str, actor: str, trace: str | None = None
) -> Proposal:
    """The next version of an article, or the first of a new one, waits for somebody else's word.

    Its `version` is the one after that which the writer began from. Raises BadRequest (`article_refused`,
    `invalid_words`), Conflict (`article_proposed`: another one waits; `article_overtaken`: another one was
    published meanwhile), Unavailable.
    """
    source, reason = _words(source, "source", empty=True), _words(reason, "why")
    if faults_of_proposal(house.knowledge, article, source):
        raise refused_article()
    at = house.clock.now()
    async with house.works.open() as unit:
        await unit.proposals.alone(article.id)
        last = await unit.proposals.of(article.id, 1)
        if last and last[0].state is ProposalState.PROPOSED:
            raise _proposed(last[0])
        newest = await unit.proposals.newest(article.id)
        if article.version != newest + 1:
            raise _overtaken(article, newest)
        made = Proposal(house.ids.new("art", at), article, source, reason, ProposalState.PROPOSED, actor, at)
        await unit.proposals.add(made)
        await unit.note([_fact(made, KNOWLEDGE_PROPOSED, actor, at, trace)])
    return made


async def judge_proposal(
    house: KnowledgeHouse,
    proposal: str,
    state: ProposalState,
    words: str,
    actor: str,
    trace: str | None = None,
) -> Proposal:
    """Publish or reject what somebody else proposed, or take back one's own; published, it counts at once.

    Raises NotFound (`unknown_proposal`), Conflict (`proposal_over`, `article_overtaken`), Forbidden
    (`four_eyes`), BadRequest (`article_refused`, `invalid_words`), Unavailable.
    """
    assert state in _KINDS, state
    words, at = _words(words, "why"), house.clock.now()
    async with house.works.open() as unit:
        found = await unit.proposals.find(proposal)
        if found is None:
            raise NotFound("unknown_proposal", "There is no such proposal.", "没有这项提案。")
        await unit.proposals.alone(found.article.id)
        _check_judge(found, state, actor)
        if state is ProposalState.PUBLISHED:
            if faults_of_proposal(house.knowledge, found.article, found.source):
                raise refused_article()
            newest = await unit.proposals.newest(found.article.id)
            if found.article.version != newest + 1:
                raise _overtaken(found.article, newest)
            await unit.answers.record_versions([found.article], at)
        ended = found._replace(state=state, judge=actor, judged_at=at, words=words)
        await unit.proposals.end(ended)
        await unit.note([_fact(ended, _KINDS[state], actor, at, trace)])
    async with house.works.open() as unit:
        await house.knowledge.follow(unit.proposals)
    return ended


async def proposals_of(house: KnowledgeHouse, article: str) -> list[Proposal]:
    """The last proposals of an article, newest first. Raises Unavailable."""
    async with house.works.open() as unit:
        return await unit.proposals.of(article, PROPOSALS_SHOWN_MAX)


async def waiting_proposals(house: KnowledgeHouse) -> list[Proposal]:
    """What waits for somebody's word, the oldest first. Raises Unavailable."""
    async with house.works.open() as unit:
        return await unit.proposals.waiting()


async def next_number(house: KnowledgeHouse, article: str) -> int:
    """The number of the next version. Raises Unavailable."""
    async with house.works.open() as unit:
        return await unit.proposals.newest(article) + 1


def _check_judge(found: Proposal, state: ProposalState, actor: str) -> None:
    if found.state is not ProposalState.PROPOSED:
        raise Conflict(
            "proposal_over",
            f"{found.judge} has answered this proposal already.",
            f"{found.judge} 已处理该提案。",
        )
    own = actor == found.proposer
    if own != (state is ProposalState.WITHDRAWN):
        raise Forbidden(
            "four_eyes",
            "Somebody else than its proposer publishes or rejects it; only its proposer takes it back.",
            "发布或驳回须由提案人以外的人员进行；仅提案人可撤回。",
        )


def _fact(proposal: Proposal, kind: str, actor: str, at: int, trace: str | None) -> Fact:
    article = proposal.article
    body = {
        "proposal": proposal.id,
        "article": article.id,
        "version": article.version,
        "sha256": article.digest.hex(),
        "actor": actor,
    }
    return Fact(at, kind, body, trace=trace)


def _words(text: str, field: str, *, empty: bool = False) -> str:
    text = text.strip()
    speakable = text.replace("\n", " ").replace("\t", " ").isprintable()
    if (text or empty) and len(text) <= WORDS_CHARACTERS_MAX and speakable:
        return text
    raise BadRequest(
        "invalid_words",
        f"The field {field}: 1 to {WORDS_CHARACTERS_MAX} printable characters that stay with it.",
        f"字段 {field}：请填写 1 至 {WORDS_CHARACTERS_MAX} 个可打印字符，将随之保存。",
        field=field,
    )


def refused_article() -> BadRequest:
    """The refusal of a version that breaks a rule of articles."""
    return BadRequest(
        "article_refused",
        "It is not proposed yet: put right what is marked. What you typed stands below.",
        "尚未提交：请先改正标出的内容。您输入的文字保留在下方。",
    )


def _proposed(other: Proposal) -> Conflict:
    return Conflict(
        "article_proposed",
        f"{other.proposer} has proposed a version of this article, and it waits. Yours is not proposed yet; "
        "both stand below.",
        f"{other.proposer} 已提交该文章的新版本，正在等待审批。您的版本尚未提交，两者均列在下方。",
        proposal=other.id,
    )


def _overtaken(article: Article, newest: int) -> Conflict:
    return Conflict(
        "article_overtaken",
        f"Version {newest} was published while version {article.version} was written; look at it, then "
        "propose again. What you typed stands below.",
        f"编写版本 {article.version} 期间，版本 {newest} 已发布；请查看后再次提交。您输入的文字保留在下方。",
        version=newest,
    )


def next_of(article: Article, number: int) -> Article:
    """The same words under another number."""
    return msgspec.structs.replace(article, version=number)
