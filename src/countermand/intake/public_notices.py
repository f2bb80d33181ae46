"""Notices for everybody, security warnings and privacy terms: versioned, plain, never changed in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Annotated, Literal, NamedTuple

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.vocabulary.knowledge import LANGUAGES, Language

_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")
_Paragraph = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]


class NoticeText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice in one language: its title and its paragraphs."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    body: Annotated[tuple[_Paragraph, ...], msgspec.Meta(min_length=1, max_length=60)]


class PublicNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a notice; `published` is the institution's own day."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{2,63}$(?!\n)")]
    version: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    kind: Literal["security", "privacy"]
    published: date
    zh: NoticeText
    en: NoticeText

    def text(self, language: Language) -> NoticeText:
        """What it says in one language."""
        return self.zh if language == "zh" else self.en


class Change(NamedTuple):
    """A sentence of a comparison: `same`, `added` or `removed`."""

    kind: Literal["same", "added", "removed"]
    text: str


def read_public_notices(files: Mapping[str, str]) -> tuple[PublicNotice, ...]:
    """Every version of every notice, newest first: a file each, `id.version.yaml`.

    Raises SetupError (`public_notices_refused`): not readable, misnamed, a version left out, or a text that
    people would stumble over.
    """
    found = []
    for name, text in sorted(files.items()):
        try:
            one = msgspec.yaml.decode(text, type=PublicNotice)
        except (msgspec.MsgspecError, ValueError) as error:
            raise _refused(name, str(error), str(error)) from error
        if name != f"{one.id}.{one.version}.yaml":
            raise _refused(name, "its name is not id.version.yaml", "文件名须为 编号.版本.yaml")
        _check_plain(name, one)
        found.append(one)
    numbers: dict[str, list[int]] = {}
    for one in found:
        numbers.setdefault(one.id, []).append(one.version)
    for notice, versions in numbers.items():
        if sorted(versions) != list(range(1, len(versions) + 1)):
            raise _refused(notice, "a version is missing", "缺少某个版本")
    return tuple(sorted(found, key=lambda one: (one.published, one.version), reverse=True))


def changes_between(old: NoticeText, new: NoticeText) -> tuple[tuple[Change, ...], ...]:
    """What differs, sentence by sentence, in the paragraphs of the new text; what went is where it stood.

    >>> before, after = NoticeText("t", ("One. Two.",)), NoticeText("t", ("One. Three.",))
    >>> [(one.kind, one.text) for one in changes_between(before, after)[0]]
    [('same', 'One.'), ('removed', 'Two.'), ('added', 'Three.')]
    """
    first, last = _sentences(old), _sentences(new)
    found: list[list[Change]] = [[]]
    for kind, low, high, begin, end in SequenceMatcher(None, first, last, autojunk=False).get_opcodes():
        if kind != "equal":
            _put(found, "removed", [one for one in first[low:high] if one])
        _put(found, "same" if kind == "equal" else "added", last[begin:end])
    return tuple(tuple(one) for one in found if one)


def _put(found: list[list[Change]], kind: Literal["same", "added", "removed"], texts: Sequence[str]) -> None:
    for text in texts:
        if text:
            found[-1].append(Change(kind, text))
        else:
            found.append([])


def _sentences(text: NoticeText) -> list[str]:
    """Its sentences; an empty one ends a paragraph."""
    return [part for paragraph in text.body for part in (*filter(str.strip, _SENTENCE.split(paragraph)), "")]


def _check_plain(name: str, one: PublicNotice) -> None:
    for language in LANGUAGES:
        text = one.text(language)
        for part in (text.title, *text.body):
            for found in obscurities(part, language):
                raise _refused(name, f"{found.excerpt}: {found.why.en}", f"{found.excerpt}：{found.why.zh}")


def _refused(where: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "public_notices_refused",
        f"The public notices cannot be used, {where}: {en}.",
        f"公告无法使用，{where}：{zh}。",
        where=where,
    )
