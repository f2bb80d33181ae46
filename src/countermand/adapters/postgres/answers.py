"""Versions of articles, answers of a machine, what became of them, and hand-offs, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.intake.confirmed_rate import Outcomes
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.answers import (
    CONTACT_AGAIN_MICROS,
    AutoReply,
    HandOff,
    Reason,
    ReplyEvent,
    ReplyEventKind,
    Tried,
)
from countermand.vocabulary.knowledge import Article

QUERIES = Queries("answers.sql")
WEEK = timedelta(microseconds=CONTACT_AGAIN_MICROS)


class PostgresAnswers:
    """What a machine answered, on a connection that is in a transaction. Nothing is ever changed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def record_versions(self, articles: Sequence[Article], now: int) -> list[Article]:
        """Keep these versions for good; those whose number has another text already come back."""
        await self._connection.executemany(
            QUERIES.add_version,
            [
                (
                    one.id,
                    one.version,
                    one.category,
                    one.audience,
                    one.valid_from,
                    one.valid_to,
                    canonical_bytes(one),
                    one.digest,
                    moment_of(now),
                )
                for one in articles
            ],
        )
        rows = await self._connection.fetch(QUERIES.version_digests)
        kept = {(row["article"], row["version"]): row["sha256"] for row in rows}
        return [one for one in articles if kept[one.id, one.version] != one.digest]

    async def alone(self, party: str) -> None:
        """Let nobody else answer this party until the transaction ends."""
        await self._connection.execute(QUERIES.party_alone, party)

    async def reply_to(self, message: str) -> AutoReply | None:
        """The answer that a message got."""
        row = await self._connection.fetchrow(QUERIES.reply_to_message, message)
        return None if row is None else _reply(row)

    async def hand_off_of(self, message: str) -> HandOff | None:
        """How a message went to a person."""
        row = await self._connection.fetchrow(QUERIES.hand_off_of_message, message)
        return None if row is None else _hand_off(row)

    async def version(self, article: str, version: int) -> Article | None:
        """An article as it was recorded."""
        body = await self._connection.fetchval(QUERIES.version_body, article, version)
        return None if body is None else msgspec.json.decode(body, type=Article)

    async def find(self, reply: str) -> AutoReply | None:
        """An answer by its id."""
        row = await self._connection.fetchrow(QUERIES.reply_found, reply)
        return None if row is None else _reply(row)

    async def recent(self, party: str, since: int) -> list[AutoReply]:
        """What a party was answered since an instant, the oldest first."""
        rows = await self._connection.fetch(QUERIES.recent_replies, party, moment_of(since))
        return [_reply(row) for row in rows]

    async def events(self, replies: Sequence[str]) -> Mapping[str, list[ReplyEvent]]:
        """What became of these answers, in order; only those that have events."""
        found: dict[str, list[ReplyEvent]] = {}
        for row in await self._connection.fetch(QUERIES.events_of_replies, list(replies)):
            event = ReplyEvent(
                row["reply"], ReplyEventKind(row["kind"]), micros_of(row["at"]), row["by"], row["message"]
            )
            found.setdefault(event.reply, []).append(event)
        return found

    async def add_reply(self, reply: AutoReply) -> None:
        """Keep an answer."""
        await self._connection.execute(
            QUERIES.add_reply,
            reply.id,
            reply.message,
            reply.case,
            reply.party,
            reply.channel,
            reply.category,
            reply.risk,
            reply.article,
            reply.version,
            reply.language,
            reply.text_sha256,
            reply.double_check,
            moment_of(reply.sent_at),
        )

    async def add_event(self, event: ReplyEvent) -> bool:
        """Keep what became of an answer; False where the same is kept already."""
        kept = await self._connection.fetchval(
            QUERIES.add_reply_event,
            event.reply,
            event.kind.value,
            event.message,
            moment_of(event.at),
            event.by,
        )
        return kept is not None

    async def add_hand_off(self, kept: HandOff) -> None:
        """Keep that a message went to a person."""
        await self._connection.execute(
            QUERIES.add_hand_off,
            kept.message,
            kept.case,
            kept.party,
            [one.value for one in kept.reasons],
            kept.category,
            kept.risk,
            kept.feeling,
            canonical_bytes(kept.tried),
            moment_of(kept.at),
        )

    async def outcomes(self, since: int, until: int, now: int) -> Outcomes:
        """Answers sent from `since` until before `until` by what became of them, counted as of `now`."""
        row = await self._connection.fetchrow(
            QUERIES.reply_outcomes, moment_of(since), moment_of(until), moment_of(now), WEEK
        )
        return Outcomes(**dict(row))

    async def to_check(self, count_max: int) -> list[AutoReply]:
        """Answers that a person is to read again and nobody has yet, the oldest first."""
        return [_reply(row) for row in await self._connection.fetch(QUERIES.replies_to_check, count_max)]


def _reply(row: Any) -> AutoReply:
    return AutoReply(
        id=row["id"],
        message=row["message"],
        case=row["case_id"],
        party=row["party"],
        channel=row["channel"],
        category=row["category"],
        risk=row["risk"],
        article=row["article"],
        version=row["version"],
        language=row["language"],
        text_sha256=row["text_sha256"],
        double_check=row["double_check"],
        sent_at=micros_of(row["sent_at"]),
    )


def _hand_off(row: Any) -> HandOff:
    return HandOff(
        message=row["message"],
        case=row["case_id"],
        party=row["party"],
        reasons=tuple(Reason(one) for one in row["reasons"]),
        category=row["category"],
        risk=row["risk"],
        feeling=row["feeling"],
        tried=msgspec.json.decode(row["tried"], type=tuple[Tried, ...]),
        at=micros_of(row["at"]),
    )
