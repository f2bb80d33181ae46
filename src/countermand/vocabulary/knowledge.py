"""What the desk knows by heart: articles in two languages, each version with its time and its sources."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.text import Text

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
# How sure a citation is: the rule was read, its publication was, or nobody has looked it up.
Checked = Literal["text", "page", "unverified"]


class Citation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that an answer rests on; `law` is an id of the knowledge base's laws, `article` may be empty."""

    law: str
    article: str
    checked: Checked


class ArticleWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An article in one language: how people ask, the answer, and what to do next."""

    title: str
    questions: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
    answer: str
    next_step: str

    @property
    def said(self) -> str:
        """What is sent: the approved text, the same in every channel."""
        return f"{self.answer}\n{self.next_step}"


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of an article; its text never changes under its number. Days are the institution's own.

    `valid_to` is the last day on which it may be shown, None without end.
    """

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{2,63}$(?!\n)")]
    version: Annotated[int, msgspec.Meta(ge=1)]
    valid_from: date
    valid_to: date | None
    category: str
    audience: Literal["everyone", "staff"]
    laws: Annotated[tuple[Citation, ...], msgspec.Meta(min_length=1)]
    zh: ArticleWords
    en: ArticleWords

    def valid_on(self, day: date) -> bool:
        """Whether it may be shown on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def words(self, language: Language) -> ArticleWords:
        """What it says in one language."""
        return self.zh if language == "zh" else self.en

    @property
    def digest(self) -> bytes:
        """SHA-256 of all of it, 32 bytes."""
        return digest(canonical_bytes(self))

    def text_digest(self, language: Language) -> bytes:
        """SHA-256 of the approved text in one language: every channel shows a text with this digest."""
        return digest(self.words(language).said.encode())


class AnsweringTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a machine may answer alone, and what stands under every answer; percent of conversations."""

    categories: frozenset[str]
    hold_out_percent: Annotated[int, msgspec.Meta(ge=0, le=50)]
    double_check_percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    settled: Text
    person: Text
    thanks: Text


def language_of(text: str) -> Language:
    """The language to answer in: Chinese as soon as there is a Chinese character, and where nothing was said.

    >>> language_of("我的card呢"), language_of("my card"), language_of("")
    ('zh', 'en', 'zh')
    """
    chinese = any("一" <= letter <= "鿿" for letter in text)
    return "zh" if chinese or not text.strip() else "en"
