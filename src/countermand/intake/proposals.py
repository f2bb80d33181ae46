"""Versions of articles that somebody proposed: what they are, who keeps them, figures without a source."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple, Protocol

from countermand.intake.knowledge import Fault
from countermand.vocabulary.knowledge import LANGUAGES, Article

# A share or a large count of people or money is somebody's statistics, whatever law is cited beside it.
_STATISTIC = re.compile(
    r"\d[\d.,]*\s*(?:[%％‰万亿]|per\s?cent|thousand|million|billion)"
    r"|百分之|\d+\s*(?:in|out of)\s*\d+|每\s*\d+\s*人",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d")
_DATED = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class ProposalState(StrEnum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Proposal(NamedTuple):
    """A proposed version; `source` says where its figures come from. Instants are microseconds UTC."""

    id: str
    article: Article
    source: str
    reason: str
    state: ProposalState
    proposer: str
    proposed_at: int
    judge: str | None = None
    judged_at: int | None = None
    words: str | None = None


class ProposalBook(Protocol):
    """Proposals, within one transaction."""

    async def alone(self, article: str) -> None:
        """Let nobody else propose or judge a version of this article until the transaction ends."""
        ...

    async def newest(self, article: str) -> int:
        """The highest number that an article ever had here; 0 for none."""
        ...

    async def add(self, proposal: Proposal) -> None:
        """Keep one that waits."""
        ...

    async def find(self, proposal: str) -> Proposal | None:
        """One by its id; nobody else can end it until the transaction ends."""
        ...

    async def of(self, article: str, count_max: int) -> list[Proposal]:
        """The last ones of an article, newest first."""
        ...

    async def waiting(self) -> list[Proposal]:
        """All that wait, the oldest first."""
        ...

    async def end(self, proposal: Proposal) -> None:
        """Write what became of one."""
        ...

    async def published_count(self) -> int:
        """How many were ever published: it only grows."""
        ...

    async def published(self) -> list[Article]:
        """What was published, every version."""
        ...


def unsourced(article: Article, source: str) -> list[Fault]:
    """Figures that nobody can look up: shares and large counts need a source with its year.

    Any other figure needs that, or a rule that somebody has read; the names of rules carry their year.
    """
    dated = bool(source.strip()) and bool(_DATED.search(source))
    read = any(one.checked != "unverified" for one in article.laws)
    found: list[Fault] = []
    for language in LANGUAGES:
        words = article.words(language)
        for where, text in (("title", words.title), ("answer", words.answer), ("next_step", words.next_step)):
            counted = _STATISTIC.search(text)
            if not dated and (counted or (not read and _FIGURE.search(text))):
                figure = counted[0] if counted else "0-9"
                found.append(
                    (
                        f"{language}.{where}",
                        f"a figure ({figure}) without a source and its year",
                        f"数字（{figure}）没有注明来源及年份",
                    )
                )
    return found
