"""A message answered by a machine where that is safe, else handed to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from countermand.flows.keep_knowledge import EVERYBODY, Knowledge
from countermand.intake.answering import FLAG_REASONS, in_share, reasons_for_person, verdict_in
from countermand.intake.confirmed_rate import ConfirmedRate, confirmed_rate
from countermand.intake.hand_off import hand_off, packet_of
from countermand.intake.ports import AnswerBook
from countermand.intake.retrieval import Found, answering
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.answers import (
    CONTACT_AGAIN_MICROS,
    EVENT_OF,
    Answered,
    AutoReply,
    HandOff,
    HandOffPacket,
    InboundMessage,
    Reason,
    ReplyEvent,
    ReplyEventKind,
    Settled,
    Tried,
    Verdict,
)
from countermand.vocabulary.facts import (
    ANSWER_CHECKED,
    ANSWER_JUDGED,
    MESSAGE_ANSWERED,
    MESSAGE_HANDED_OFF,
    Fact,
)
from countermand.vocabulary.knowledge import Article, language_of
from countermand.work import Unit, Works

CHECKS_SHOWN_MAX = 100
CLOCK_OF_PARTY = "customer"


class AnswerDesk(Protocol):
    """What answering needs."""

    @property
    def works(self) -> Works: ...

    @property
    def knowledge(self) -> Knowledge: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def answer_message(
    house: AnswerDesk, message: InboundMessage, trace: str | None = None
) -> Answered | Settled | HandOffPacket:
    """Answer a message from the knowledge base, or hand it to a person; the same message gets the same again.

    Whoever writes again on the same topic within seven days was not helped by the earlier answer: that is
    recorded of it. A bare “yes”, “no” or “agent” is the verdict on the last answer of the case; a “yes” to it
    is `Settled`. Raises Unavailable.
    """
    async with house.works.open() as unit:
        return await answer_within(house, unit, message, trace)


async def answer_within(
    house: AnswerDesk, unit: Unit, message: InboundMessage, trace: str | None = None
) -> Answered | Settled | HandOffPacket:
    """`answer_message` inside of a unit of work that does more than this."""
    now, book = house.clock.now(), unit.answers
    await book.alone(message.party)
    await house.knowledge.follow(unit.proposals)
    if (earlier := await book.reply_to(message.id)) is not None:
        return await _sent_before(house.knowledge, book, earlier)
    if (gone := await book.hand_off_of(message.id)) is not None:
        return packet_of(gone, message.known, message.promised)

    replies = await book.recent(message.party, now - CONTACT_AGAIN_MICROS)
    said = await _judged_by(unit, replies, message, now, trace)
    if isinstance(said, AutoReply):
        return _settled(house.knowledge, said)
    found = house.knowledge.shelf(now).finder.search(message.text, audiences=EVERYBODY)
    fitting = answering(found)
    await _note_contact(book, replies, message, found, now)

    reasons = reasons_for_person(message, fitting, house.knowledge.library.terms)
    if said is Verdict.NO or (fitting is not None and _was_sent(replies, fitting)):
        # The same text a second time helps nobody.
        reasons = (*(one for one in reasons if one is not Reason.HOLD_OUT), Reason.NOT_SETTLED)
    if reasons or fitting is None:
        return await _hand_over(unit, message, reasons, replies, now, trace)
    return await _answer(house, unit, message, fitting, now, trace)


async def judge_answer(
    house: AnswerDesk, reply: str, verdict: Verdict, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Record what somebody says to “did this settle it?”; “no” and “person” hand the conversation over.

    The same verdict again changes nothing. Raises NotFound (`unknown_answer`), Unavailable.
    """
    async with house.works.open() as unit:
        return await judge_within(house, unit, reply, verdict, actor, trace)


async def judge_within(
    house: AnswerDesk, unit: Unit, reply: str, verdict: Verdict, actor: str, trace: str | None
) -> dict[str, Any]:
    """`judge_answer` inside of a unit of work that does more than this."""
    now, sent = house.clock.now(), await _known(unit.answers, reply)
    await unit.answers.alone(sent.party)
    kind = EVENT_OF[verdict]
    new = await unit.answers.add_event(ReplyEvent(reply, kind, now, actor))
    packet = None
    if verdict is not Verdict.YES:
        reason = Reason.ASKED_FOR_PERSON if verdict is Verdict.PERSON else Reason.NOT_SETTLED
        packet = await _hand_over_reply(unit, sent, reason, now, trace)
    if new:
        await unit.note([Fact(now, ANSWER_JUDGED, {"reply": reply, "said": kind.value}, trace=trace)])
    return {"reply": reply, "verdict": verdict.value, "at": rfc3339(now), "hand_off": packet}


async def check_answer(
    house: AnswerDesk, reply: str, *, right: bool, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Record what a second reader found of an answer. Raises NotFound (`unknown_answer`), Unavailable."""
    now = house.clock.now()
    kind = ReplyEventKind.CHECKED_RIGHT if right else ReplyEventKind.CHECKED_WRONG
    async with house.works.open() as unit:
        await _known(unit.answers, reply)
        if await unit.answers.add_event(ReplyEvent(reply, kind, now, actor)):
            await unit.note([Fact(now, ANSWER_CHECKED, {"reply": reply, "found": kind.value}, trace=trace)])
    return {"reply": reply, "right": right}


async def answers_to_check(house: AnswerDesk) -> list[dict[str, Any]]:
    """The answers that a person is to read again, the oldest first. Raises Unavailable."""
    async with house.works.open() as unit:
        waiting = await unit.answers.to_check(CHECKS_SHOWN_MAX)
    return [
        {"reply": one.id, "message": one.message, "case": one.case, "article": one.article,
         "version": one.version, "language": one.language, "sent_at": rfc3339(one.sent_at)}
        for one in waiting
    ]  # fmt: skip


async def rate_of_answers(house: AnswerDesk, since: int, until: int) -> ConfirmedRate:
    """How many answers of a time settled the matter, from what is recorded alone. Raises Unavailable."""
    async with house.works.open() as unit:
        return confirmed_rate(await unit.answers.outcomes(since, until, house.clock.now()))


async def _judged_by(
    unit: Unit, replies: Sequence[AutoReply], message: InboundMessage, now: int, trace: str | None
) -> AutoReply | Verdict | None:
    """The answer that a bare “yes” settles, else the verdict that a message is, else None."""
    verdict = verdict_in(message.text)
    own = [one for one in replies if one.case == message.case]
    if verdict is None or not own:
        return None
    event = ReplyEvent(own[-1].id, EVENT_OF[verdict], now, CLOCK_OF_PARTY, message.id)
    if await unit.answers.add_event(event):
        body = {"reply": own[-1].id, "said": event.kind.value}
        await unit.note([Fact(now, ANSWER_JUDGED, body, trace=trace)])
    # Somebody in distress may well say “yes”; a flag outweighs the verdict.
    settles = verdict is Verdict.YES and not message.reading.flags & FLAG_REASONS.keys()
    return own[-1] if settles else verdict


def _settled(knowledge: Knowledge, reply: AutoReply) -> Settled:
    thanks = getattr(knowledge.library.terms.thanks, reply.language)
    return Settled(reply=reply.id, case=reply.case, text=knowledge.filled(thanks, reply.language))


async def _note_contact(
    book: AnswerBook, replies: Sequence[AutoReply], message: InboundMessage, found: Sequence[Found], now: int
) -> None:
    """The same topic: the article answered then fits again, or nothing does and the category is the same."""
    topics = {one.article.id for one in found}
    for reply in replies:
        again = reply.article in topics if found else reply.category == message.reading.category
        if again:
            kind = ReplyEventKind.CONTACTED_AGAIN
            await book.add_event(ReplyEvent(reply.id, kind, now, CLOCK_OF_PARTY, message.id))


def _was_sent(replies: Sequence[AutoReply], article: Article) -> bool:
    return any(one.article == article.id and one.version == article.version for one in replies)


async def _answer(
    house: AnswerDesk, unit: Unit, message: InboundMessage, article: Article, now: int, trace: str | None
) -> Answered:
    language = message.language or language_of(message.text)
    reply = AutoReply(
        id=house.ids.new("rp", now),
        message=message.id,
        case=message.case,
        party=message.party,
        channel=message.channel,
        category=message.reading.category.value,
        risk=message.reading.risk.value,
        article=article.id,
        version=article.version,
        language=language,
        text_sha256=article.text_digest(language),
        double_check=in_share(
            message.case, "double-check", house.knowledge.library.terms.double_check_percent
        ),
        sent_at=now,
    )
    await unit.answers.add_reply(reply)
    body = {"reply": reply.id, "message": message.id, "case": message.case, "article": article.id,
            "version": article.version, "text_sha256": reply.text_sha256.hex()}  # fmt: skip
    await unit.note([Fact(now, MESSAGE_ANSWERED, body, trace=trace)])
    return _answered(house.knowledge, reply, article)


async def _sent_before(knowledge: Knowledge, book: AnswerBook, reply: AutoReply) -> Answered:
    """The same text again, from its own version, whatever is in force now."""
    article = await book.version(reply.article, reply.version)
    assert article is not None, "a version that was sent was recorded"
    return _answered(knowledge, reply, article)


def _answered(knowledge: Knowledge, reply: AutoReply, article: Article) -> Answered:
    language, library = reply.language, knowledge.library
    words, terms = article.words(language), library.terms
    assert article.text_digest(language) == reply.text_sha256, "an approved text never changes"
    return Answered(
        reply=reply.id,
        case=reply.case,
        language=language,
        title=words.title,
        text=knowledge.filled(words.said, language),
        text_sha256=reply.text_sha256.hex(),
        article=article.id,
        version=article.version,
        laws=tuple(getattr(law, language) for law in library.cited(article)),
        settled=knowledge.filled(getattr(terms.settled, language), language),
        person=knowledge.filled(getattr(terms.person, language), language),
    )


async def _hand_over(
    unit: Unit,
    message: InboundMessage,
    reasons: tuple[Reason, ...],
    replies: Sequence[AutoReply],
    now: int,
    trace: str | None,
) -> HandOffPacket:
    kept = hand_off(message, reasons, await _tried(unit.answers, message.case, replies), now)
    await _keep(unit, kept, trace)
    return packet_of(kept, message.known, message.promised)


async def _hand_over_reply(
    unit: Unit, sent: AutoReply, reason: Reason, now: int, trace: str | None
) -> HandOffPacket:
    """A conversation goes to a person because of what was said to an answer."""
    earlier = await unit.answers.hand_off_of(sent.message)
    if earlier is not None:
        return packet_of(earlier, {}, ())
    replies = await unit.answers.recent(sent.party, sent.sent_at - CONTACT_AGAIN_MICROS)
    kept = HandOff(
        message=sent.message,
        case=sent.case,
        party=sent.party,
        reasons=(reason,),
        category=sent.category,
        risk=sent.risk,
        feeling="calm",
        tried=tuple(await _tried(unit.answers, sent.case, replies)),
        at=now,
    )
    await _keep(unit, kept, trace)
    return packet_of(kept, {}, ())


async def _keep(unit: Unit, kept: HandOff, trace: str | None) -> None:
    await unit.answers.add_hand_off(kept)
    body = {"message": kept.message, "case": kept.case, "reasons": [one.value for one in kept.reasons]}
    await unit.note([Fact(kept.at, MESSAGE_HANDED_OFF, body, trace=trace)])


async def _tried(book: AnswerBook, case: str, replies: Sequence[AutoReply]) -> list[Tried]:
    own = [one for one in replies if one.case == case]
    events = await book.events([one.id for one in own])
    return [
        Tried(one.article, one.version, events[one.id][-1].kind.value if one.id in events else "")
        for one in own
    ]


async def _known(book: AnswerBook, reply: str) -> AutoReply:
    found = await book.find(reply)
    if found is None:
        raise NotFound("unknown_answer", "There is no answer with this id.", "没有该 id 的答复。")
    return found
