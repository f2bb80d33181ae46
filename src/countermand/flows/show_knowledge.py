"""The knowledge base for those who keep it: how every version stands, and what is wrong with a draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from countermand.flows.keep_knowledge import Knowledge, shown
from countermand.intake.knowledge import Fault, faults
from countermand.kernel.clock import Clock, moment_of
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.knowledge import Article

DRAFT_CHARACTERS_MAX = 20_000
ENDING_SOON_DAYS = 30


def list_versions(knowledge: Knowledge, clock: Clock, article: str) -> list[dict[str, Any]]:
    """Every version of an article, newest first: its words, and how it stands today.

    `standing` is in_force, coming, over, replaced (a newer one is in force), or left_out: its text was
    changed under its number. Raises NotFound (`unknown_article`).
    """
    day = _day(knowledge, clock)
    found = sorted(
        (one for one in knowledge.library.articles if one.id == article), key=lambda one: -one.version
    )
    if not found:
        raise NotFound("unknown_article", "There is no such article.", "没有这篇文章。", article=article)
    return [{**shown(knowledge, one), "standing": standing(knowledge, one, day)} for one in found]


def standing(knowledge: Knowledge, article: Article, day: date) -> str:
    """How a version stands on a day."""
    if (article.id, article.version) in knowledge.left_out:
        return "left_out"
    if day < article.valid_from:
        return "coming"
    if not article.valid_on(day):
        return "over"
    newer = any(
        one.id == article.id and one.version > article.version and one.valid_on(day)
        for one in knowledge.library.articles
    )
    return "replaced" if newer else "in_force"


def ending_soon(knowledge: Knowledge, clock: Clock) -> list[str]:
    """Articles in force whose last day is near, by id: somebody must look at them again."""
    day = _day(knowledge, clock)
    return [
        one.id
        for one in knowledge.library.in_force(day)
        if one.valid_to is not None and (one.valid_to - day).days <= ENDING_SOON_DAYS
    ]


def judge_draft(knowledge: Knowledge, text: str) -> tuple[Article, Sequence[Fault]]:
    """A version as YAML, and what is wrong with it: empty where it may be kept.

    Readability, manners, secrets, links, marks, laws, dates, its number. Raises BadRequest
    (`draft_unreadable`): it is no article.
    """
    if len(text) > DRAFT_CHARACTERS_MAX:
        raise _unreadable(f"it is longer than {DRAFT_CHARACTERS_MAX} characters")
    try:
        article = msgspec.yaml.decode(text.encode(), type=Article)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _unreadable(str(error)) from None
    found = faults(article, knowledge.library.laws)
    newest = max((one.version for one in knowledge.library.articles if one.id == article.id), default=0)
    if article.version != newest + 1:
        wanted = newest + 1
        found.append(("version", f"the next version is {wanted}", f"下一版本号应为 {wanted}"))
    return article, found


def draft_of(article: Article) -> str:
    """The next version of an article as YAML, to be edited."""
    later = msgspec.structs.replace(article, version=article.version + 1)
    return msgspec.yaml.encode(later).decode()


def _day(knowledge: Knowledge, clock: Clock) -> date:
    return moment_of(clock.now()).astimezone(ZoneInfo(knowledge.timezone)).date()


def _unreadable(why: str) -> BadRequest:
    return BadRequest(
        "draft_unreadable",
        f"This is no article: {why}.",
        f"这不是有效的文章：{why}。",
        field="draft",
    )
