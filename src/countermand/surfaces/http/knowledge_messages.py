"""What the routes of knowledge and of answers take and give."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant


class ArticleText(msgspec.Struct, frozen=True):
    """An article in one language; `text_sha256` is that of answer and next step, alike in all channels."""

    title: str
    answer: str
    next_step: str
    laws: list[str]
    text_sha256: str


class ArticleShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """One article that is in force; `score` where a question was asked."""

    article: str
    version: int
    category: str
    audience: str
    valid_from: str
    valid_to: str | None
    words: dict[str, ArticleText]
    score: float | None = None


class KnowledgePage(msgspec.Struct, frozen=True):
    """Articles that fit a question, best first; without a question all that are in force."""

    articles: list[ArticleShown]


class VerdictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says to “did this settle it?”."""

    verdict: Literal["yes", "no", "person"]


class CheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person found who read an answer again."""

    right: bool


class TriedShown(msgspec.Struct, frozen=True):
    """An article that was sent before, and what was said to it."""

    article: str
    version: int
    said: str


class HandOffShown(msgspec.Struct, frozen=True):
    """What the person gets who takes over, so that nothing is asked twice."""

    message: str
    case: str
    reasons: list[str]
    category: str
    risk: str
    feeling: str
    summary: Text
    known: dict[str, str]
    promised: list[str]
    tried: list[TriedShown]


class VerdictShown(msgspec.Struct, frozen=True):
    """The verdict as it was recorded; `hand_off` unless it was “yes”."""

    reply: str
    verdict: str
    at: Instant
    hand_off: HandOffShown | None


class CheckShown(msgspec.Struct, frozen=True):
    """The check as it was recorded."""

    reply: str
    right: bool


class WaitingCheck(msgspec.Struct, frozen=True):
    """An answer that a person is to read again."""

    reply: str
    message: str
    case: str
    article: str
    version: int
    language: str
    sent_at: Instant


class ChecksPage(msgspec.Struct, frozen=True):
    """Up to 100 of them, the oldest first."""

    answers: list[WaitingCheck]


class IntervalShown(msgspec.Struct, frozen=True):
    """A share with its Wilson interval (95 %)."""

    value: float
    low: float
    high: float


class RateShown(msgspec.Struct, frozen=True):
    """How many answers settled the matter, counted from events; silence counts against `confirmed`."""

    since: Instant
    until: Instant
    counts: dict[str, int]
    confirmed: IntervalShown | None
    confirmed_of_heard: IntervalShown | None
    silent: IntervalShown | None
    wrong_of_checked: IntervalShown | None
    target: float
    reached: bool


def shown_rate(since: str, until: str, rate: Any) -> RateShown:
    """A rate as it is told."""
    intervals = {
        name: None if (one := getattr(rate, name)) is None else IntervalShown(*one)
        for name in ("confirmed", "confirmed_of_heard", "silent", "wrong_of_checked")
    }
    return RateShown(
        since=since,
        until=until,
        counts=rate.outcomes._asdict(),
        target=rate.target,
        reached=rate.reached,
        **intervals,
    )
