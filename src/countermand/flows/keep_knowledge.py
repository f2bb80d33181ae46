"""The knowledge base of a house: what is in force today, searched, and every version kept for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from countermand.intake.knowledge import Library, faults
from countermand.intake.proposals import ProposalBook
from countermand.intake.retrieval import RESULTS_MAX, Index, Lexicon
from countermand.kernel.clock import Clock, moment_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.knowledge import LANGUAGES, Article
from countermand.work import Works

log = structlog.get_logger(__name__)
EVERYBODY = ("everyone",)
STAFF = ("everyone", "staff")


class Shelf(NamedTuple):
    """What may be shown on a day."""

    day: date
    articles: tuple[Article, ...]
    finder: Index


@dataclass(slots=True)
class Knowledge:
    """A library, the names that its texts are filled with (`institution`, `helpline`), whose days count.

    `left_out` are versions whose text differs from what was recorded under their number: they are not shown.
    What the desk published stands beside the folder's; under the same number the published one counts.
    """

    library: Library
    names: Mapping[str, Text]
    timezone: str
    left_out: frozenset[tuple[str, int]] = frozenset()
    _shelf: Shelf | None = field(default=None, repr=False)
    _folder: Library | None = field(default=None, repr=False)
    _differing: frozenset[tuple[str, int]] = frozenset()
    _published_count: int = 0

    def shelf(self, now: int) -> Shelf:
        """What may be shown at an instant; a day on which other articles are in force makes a new index."""
        day = moment_of(now).astimezone(ZoneInfo(self.timezone)).date()
        if self._shelf is None or self._shelf.day != day:
            articles = tuple(
                one for one in self.library.in_force(day) if (one.id, one.version) not in self.left_out
            )
            earlier = self._shelf
            same = earlier is not None and earlier.articles == articles
            self._shelf = Shelf(day, articles, earlier.finder if earlier and same else self._made(articles))
        return self._shelf

    def _made(self, articles: tuple[Article, ...]) -> Index:
        """The index of some articles; it takes some 70 ms, so an unchanged shelf keeps its own."""
        return Index(articles, Lexicon(self.library.words))

    def filled(self, text: str, language: str) -> str:
        """A text with the institution's names put in."""
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", getattr(value, language))
        return text

    async def record(self, works: Works, now: int) -> None:
        """Keep every version for good. A text that was changed under its number is left out and told of.

        Raises Unavailable.
        """
        async with works.open() as unit:
            differing = await unit.answers.record_versions(self.library.articles, now)
            published = {(one.id, one.version) for one in await unit.proposals.published()}
        for one in differing:
            if (one.id, one.version) not in published:
                log.error("knowledge_version_changed", article=one.id, version=one.version)
        self._differing = frozenset((one.id, one.version) for one in differing)
        self.left_out, self._shelf = self._differing, None

    async def follow(self, book: ProposalBook) -> None:
        """Take in what the desk has published since; one short question where it has not.

        A version that breaks a rule of today (a law that the folder no longer has) is not shown, and told of.
        """
        if (count := await book.published_count()) == self._published_count:
            return
        folder = self._folder or self.library
        published = []
        for one in await book.published():
            if wrong := faults(one, folder.laws):
                log.error(
                    "knowledge_version_unusable", article=one.id, version=one.version, where=wrong[0][0]
                )
            else:
                published.append(one)
        numbers = {(one.id, one.version) for one in published}
        own = tuple(one for one in folder.articles if (one.id, one.version) not in numbers)
        self._folder, self._published_count = folder, count
        self.library = replace(folder, articles=(*own, *published))
        self.left_out, self._shelf = self._differing - numbers, None


def search_knowledge(
    knowledge: Knowledge, clock: Clock, question: str, language: str = "", *, staff: bool = True
) -> list[dict[str, Any]]:
    """The articles that fit a question, best first; without a question all that are in force, by id.

    `language`: `zh`, `en`, or empty for both. Raises BadRequest (`unknown_language`).
    """
    if language and language not in LANGUAGES:
        raise BadRequest(
            "unknown_language",
            "Articles are kept in zh and en.",
            "知识库仅有 zh 与 en 两种语言。",
            language=language,
        )
    shelf = knowledge.shelf(clock.now())
    audiences = STAFF if staff else EVERYBODY
    if not question.strip():
        return [shown(knowledge, one, language) for one in shelf.articles if one.audience in audiences]
    found = shelf.finder.search(question, RESULTS_MAX, audiences)
    return [{**shown(knowledge, one.article, language), "score": round(one.score, 2)} for one in found]


def shown(knowledge: Knowledge, article: Article, language: str = "") -> dict[str, Any]:
    """An article as people see it, with its sources and when it is valid; `language` empty for both."""
    cited = knowledge.library.cited(article)
    words = {
        one: {
            "title": article.words(one).title,
            "answer": knowledge.filled(article.words(one).answer, one),
            "next_step": knowledge.filled(article.words(one).next_step, one),
            "laws": [getattr(law, one) for law in cited],
            "text_sha256": article.text_digest(one).hex(),
        }
        for one in LANGUAGES
        if language in ("", one)
    }
    return {
        "article": article.id,
        "version": article.version,
        "category": article.category,
        "audience": article.audience,
        "valid_from": article.valid_from.isoformat(),
        "valid_to": None if article.valid_to is None else article.valid_to.isoformat(),
        "words": words,
    }
