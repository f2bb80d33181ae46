"""What answering asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from countermand.intake.confirmed_rate import Outcomes
from countermand.vocabulary.answers import AutoReply, HandOff, ReplyEvent
from countermand.vocabulary.knowledge import Article


class AnswerBook(Protocol):
    """What a machine answered, what became of it, and what went to a person. Nothing is ever changed."""

    async def record_versions(self, articles: Sequence[Article], now: int) -> list[Article]:
        """Keep these versions for good; those whose number has another text already come back."""
        ...

    async def alone(self, party: str) -> None:
        """Let nobody else answer this party until the transaction ends."""
        ...

    async def reply_to(self, message: str) -> AutoReply | None:
        """The answer that a message got."""
        ...

    async def hand_off_of(self, message: str) -> HandOff | None:
        """How a message went to a person."""
        ...

    async def version(self, article: str, version: int) -> Article | None:
        """An article as it was recorded, whatever the folder says now."""
        ...

    async def find(self, reply: str) -> AutoReply | None:
        """An answer by its id."""
        ...

    async def recent(self, party: str, since: int) -> list[AutoReply]:
        """What a party was answered since an instant, the oldest first."""
        ...

    async def events(self, replies: Sequence[str]) -> Mapping[str, list[ReplyEvent]]:
        """What became of these answers, in order; only those that have events."""
        ...

    async def add_reply(self, reply: AutoReply) -> None:
        """Keep an answer."""
        ...

    async def add_event(self, event: ReplyEvent) -> bool:
        """Keep what became of an answer; False where the same is kept already."""
        ...

    async def add_hand_off(self, kept: HandOff) -> None:
        """Keep that a message went to a person; a later verdict on the same message adds nothing."""
        ...

    async def outcomes(self, since: int, until: int, now: int) -> Outcomes:
        """Answers sent from `since` until before `until` by what became of them, counted as of `now`."""
        ...

    async def to_check(self, count_max: int) -> list[AutoReply]:
        """Answers that a person is to read again and nobody has yet, the oldest first."""
        ...
