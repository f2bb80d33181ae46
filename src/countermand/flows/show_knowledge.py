"""The knowledge base for those who keep it: how versions stand, what they change, a version as a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from countermand.flows.keep_knowledge import Knowledge, shown
from countermand.kernel.clock import Clock, moment_of
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.knowledge import LANGUAGES, Article, ArticleWords

DRAFT_CHARACTERS_MAX = 20_000
ENDING_SOON_DAYS = 30


def list_versions(knowledge: Knowledge, clock: Clock, article: str) -> list[dict[str, Any]]:
    """Every version of an article, newest first: its words, and how it stands today.

    `standing` is in_force, coming, over, replaced (a newer one is in force), or left_out: its text was
    changed under its number. `changes`: what it says otherwise than the version before.
    Raises NotFound (`unknown_article`).
    """
    day = _day(knowledge, clock)
    found = sorted(
        (one for one in knowledge.library.articles if one.id == article), key=lambda one: -one.version
    )
    if not found:
        raise NotFound("unknown_article", "There is no such article.", "没有这篇文章。", article=article)
    return [
        {
            **shown(knowledge, one),
            "standing": standing(knowledge, one, day),
            "changes": changed_parts(earlier, one) if (earlier := earlier_of(knowledge, one)) else [],
        }
        for one in found
    ]


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


class Changed(NamedTuple):
    """A part that reads otherwise than in the version before: `before` is empty where there was none."""

    language: str
    part: str
    before: str
    after: str


def changed_parts(before: Article | None, after: Article) -> list[Changed]:
    """What a version says otherwise than another, part by part, in both languages; then its frame."""
    found: list[Changed] = []
    for language in LANGUAGES:
        then = None if before is None else _parts(before.words(language))
        for part, text in _parts(after.words(language)).items():
            old = "" if then is None else then[part]
            if old != text:
                found.append(Changed(language, part, old, text))
    old_frame = {} if before is None else _frame(before)
    return found + [
        Changed("both", part, old_frame.get(part, ""), text)
        for part, text in _frame(after).items()
        if old_frame.get(part, "") != text
    ]


def earlier_of(knowledge: Knowledge, article: Article) -> Article | None:
    """The version before this one."""
    before = [one for one in knowledge.library.articles if one.id == article.id]
    before = [one for one in before if one.version < article.version]
    return max(before, key=lambda one: one.version, default=None)


def newest_of(knowledge: Knowledge, article: str) -> Article | None:
    """The version of an article with the highest number that is shown here."""
    known = [one for one in knowledge.library.articles if one.id == article]
    return max(known, key=lambda one: one.version, default=None)


def _parts(words: ArticleWords) -> dict[str, str]:
    questions = "\n".join(words.questions)
    return {
        "title": words.title, "questions": questions, "answer": words.answer, "next_step": words.next_step
    }  # fmt: skip


def _frame(article: Article) -> dict[str, str]:
    return {
        "valid_from": article.valid_from.isoformat(),
        "valid_to": "" if article.valid_to is None else article.valid_to.isoformat(),
        "category": article.category,
        "audience": article.audience,
        "laws": "\n".join(f"{one.law} {one.article or '-'} {one.checked}" for one in article.laws),
    }


def fields_of(article: Article) -> dict[str, str]:
    """A version as the fields of a form: lists a line each, days as they are written, no end empty."""
    fields = _frame(article)
    for language in LANGUAGES:
        for part, text in _parts(article.words(language)).items():
            fields[f"{language}.{part}"] = text
    return fields


def article_of(name: str, version: int, fields: Mapping[str, str]) -> Article:
    """A version from the fields of a form. Raises BadRequest (`draft_unreadable`), naming the field."""
    if sum(map(len, fields.values())) > DRAFT_CHARACTERS_MAX:
        raise _unreadable(f"it is longer than {DRAFT_CHARACTERS_MAX} characters")
    laws = [_citation(line) for line in _lines(fields.get("laws", ""))]
    plain: dict[str, Any] = {
        "id": name,
        "version": version,
        "valid_from": fields.get("valid_from", ""),
        "valid_to": fields.get("valid_to") or None,
        "category": fields.get("category", ""),
        "audience": fields.get("audience", ""),
        "laws": laws,
    }
    for language in LANGUAGES:
        words = {part: fields.get(f"{language}.{part}", "") for part in ("title", "answer", "next_step")}
        plain[language] = {**words, "questions": _lines(fields.get(f"{language}.questions", ""))}
    try:
        return msgspec.convert(plain, Article)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)) from None


def _citation(line: str) -> dict[str, str]:
    """`pipl 15,47 text`: the rule, its articles (- for none), and how it was checked."""
    parts = line.split()
    if len(parts) != 3:
        raise _unreadable(f"“{line}” is no rule, article (or -) and how it was checked")
    return {"law": parts[0], "article": "" if parts[1] == "-" else parts[1], "checked": parts[2]}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _day(knowledge: Knowledge, clock: Clock) -> date:
    return moment_of(clock.now()).astimezone(ZoneInfo(knowledge.timezone)).date()


def _unreadable(why: str) -> BadRequest:
    return BadRequest(
        "draft_unreadable",
        f"This is no article: {why}.",
        f"这不是有效的文章：{why}。",
        field="draft",
    )
