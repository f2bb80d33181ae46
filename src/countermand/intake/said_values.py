"""Personal values told by the words around them: codes, passwords, papers, messengers, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from countermand.intake import said_words as words
from countermand.intake.found import Certainty, Found, Kind
from countermand.intake.number_words import follows_order
from countermand.intake.people_names import name_after

_LETTER = re.compile(r"[a-wyz0-9]")  # what is written xxxx or **** is hidden already
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that may lead to a value: where it stands in the view, and in the view without known values."""

    view: str
    taken: str
    start: int
    end: int


def said(view: str, taken: str) -> Iterator[Found]:
    """The values that a word announces.

    `taken`: the view with `*` wherever a value is known already; a value that is only near its word is looked
    for up to the next of these, so that a masked text reads like the original.
    """
    for match in words.WORD.finditer(view):
        start, end = match.span()
        if view[start].isascii() and (_is_letter(view, start - 1) or _is_letter(view, end)):
            continue
        yield from _READERS[str(match.lastgroup)](_Word(view, taken, start, end))


def behind_cards(view: str, cards: list[Found]) -> Iterator[Found]:
    """An expiry and a security code that follow a card's number without a word."""
    for card in cards:
        match = words.BEHIND_CARD.match(view, card.end)
        if match is not None:
            yield Found(Kind.CARD_EXPIRY, match.start(1), match.end(1), Certainty.CERTAIN)
            if match[2] is not None:
                yield Found(Kind.CARD_SECURITY, match.start(2), match.end(2), Certainty.CERTAIN)


def _is_letter(view: str, place: int) -> bool:
    return 0 <= place < len(view) and view[place].isascii() and view[place].isalpha()


def _code(word: _Word) -> Iterator[Found]:
    if not _DIGIT.search(word.taken, max(0, word.start - words.NEAR_MAX), word.end + words.NEAR_MAX):
        return
    if words.OTHER_CODE.search(word.view, max(0, word.start - 12), word.start):
        return
    # What the word belonged to is hidden: "error code" may have been behind it.
    in_front = word.view[max(0, word.start - 4) : word.start].rstrip(" ")
    if in_front.endswith("***") and word.view[word.start : word.end] == "code":
        return
    tight = words.CODE.match(word.view, word.end) or words.CODE_MIXED.match(word.view, word.end)
    if tight is not None:
        yield Found(Kind.CODE, tight.start(1), tight.end(1), Certainty.CERTAIN)
        return
    first = max(0, word.start - words.NEAR_MAX)
    hidden_before = words.CODE_HIDDEN_BEFORE.search(word.taken, first, word.start)
    if hidden_before is not None or words.CODE_HIDDEN.match(word.taken, word.end) is not None:
        return
    before = words.CODE_BEFORE.search(word.taken, first, word.start)
    if before is not None and _may_be_code(word.taken, before.start(1), before.end(1)):
        yield Found(Kind.CODE, before.start(1), before.end(1), Certainty.CERTAIN)
        return
    until = _near_until(word.taken, word.end)
    for near in words.CODE_NEAR.finditer(word.taken, word.end, until):
        if _may_be_code(word.taken, near.start(), near.end()):
            yield Found(Kind.CODE, near.start(), near.end(), Certainty.LIKELY)
            return


def _near_until(taken: str, end: int) -> int:
    """Where the neighbourhood of a word ends: at what is hidden, and never inside a number."""
    until = min(len(taken), end + words.NEAR_MAX)
    hidden = taken.find("***", end, until + 4)
    until = min(until, hidden) if hidden >= 0 else until
    if taken[until : until + 1] == "*" or taken[until : until + 1].isdigit():
        while until > end and taken[until - 1].isdigit():
            until -= 1
    return until


def _may_be_code(taken: str, start: int, end: int) -> bool:
    """Whether a number near the word is no hotline, year, round sum, last four of a card or order."""
    return (
        words.NO_CODE.fullmatch(taken[start:end]) is None
        and words.NOT_BEFORE_CODE.search(taken, max(0, start - 12), start) is None
        and not follows_order(taken, start)
    )


def _password(word: _Word) -> Iterator[Found]:
    if word.view.startswith("pin", word.start):
        pin = words.PIN.match(word.view, word.end)
        if pin is not None:
            yield Found(Kind.PASSWORD, pin.start(1), pin.end(1), Certainty.CERTAIN)
        return
    link = words.SECRET_LINK.match(word.view, word.end)
    value = words.SECRET.match(word.view, link.end() if link is not None else word.end)
    linked = link[0] if link is not None else ""
    if value is not None:
        written = value[0].rstrip(words.SENTENCE_SIGNS)
        until = value.start() + len(written)
        if _is_password(word.view, written, linked, until):
            yield Found(Kind.PASSWORD, value.start(), until, Certainty.CERTAIN)
            return
    birthday = words.BIRTHDAY.match(word.taken, word.end)
    if birthday is not None:
        yield Found(Kind.PASSWORD, birthday.start(1), birthday.end(1), Certainty.LIKELY)


def _is_password(view: str, written: str, linked: str, until: int) -> bool:
    if len(written) < 3 or not _LETTER.search(written) or "***" in written or "://" in written:
        return False
    sure = words.SURE_LINK.search(linked) is not None
    if not sure and words.SENTENCE_ENDS.search(linked):
        return False
    if any(map(str.isdigit, written)):
        return (sure or len(written) >= 4) and words.COUNTED.match(view, until) is None
    if not written.isalpha():
        return sure and written.rstrip("*") not in words.ORDINARY
    return sure and written not in words.ORDINARY and words.WORD_ENDS.match(view, until) is not None


def _security(word: _Word) -> Iterator[Found]:
    match = words.SECURITY.match(word.view, word.end)
    if match is not None:
        kind = Kind.CARD_SECURITY if len(match[1]) <= 4 else Kind.CODE
        yield Found(kind, match.start(1), match.end(1), Certainty.CERTAIN)


def _expiry(word: _Word) -> Iterator[Found]:
    match = words.EXPIRY.match(word.view, word.end)
    first, last = max(0, word.start - words.CARD_WORD_MAX), word.end + words.CARD_WORD_MAX
    if match is not None and words.CARD_WORD.search(word.view, first, last):
        yield Found(Kind.CARD_EXPIRY, match.start(1), match.end(1), Certainty.CERTAIN)


def _qq(word: _Word) -> Iterator[Found]:
    link = words.ACCOUNT_LINK.match(word.view, word.end)
    match = words.QQ.match(word.view, link.end() if link is not None else word.end)
    if match is not None and words.COUNTED.match(word.view, match.end()) is None:
        yield Found(Kind.MESSENGER, match.start(), match.end(), Certainty.LIKELY)


def _messenger(word: _Word) -> Iterator[Found]:
    link = words.ACCOUNT_LINK.match(word.view, word.end)
    match = words.HANDLE.match(word.view, link.end() if link is not None else word.end)
    if match is None or match[0] in words.ORDINARY or word.view.startswith("***", match.end()):
        return
    marked = any(character.isdigit() or character in "_-" for character in match[0])
    named = link is not None and words.NAMED_LINK.search(link[0]) is not None
    if marked or (named and not word.view[word.start : word.end].isascii()):
        yield Found(Kind.MESSENGER, match.start(), match.end(), Certainty.LIKELY)


def _passport(word: _Word) -> Iterator[Found]:
    yield from _papers(Kind.PASSPORT, word.view, word.end)


def _permit(word: _Word) -> Iterator[Found]:
    yield from _papers(Kind.TRAVEL_PERMIT, word.view, word.end)


def _papers(kind: Kind, view: str, end: int) -> Iterator[Found]:
    match = words.PAPERS.match(view, end)
    if (
        match is not None
        and sum(map(str.isdigit, match[1])) >= 5
        and words.COUNTED.match(view, match.end()) is None
    ):
        yield Found(kind, match.start(1), match.end(1), Certainty.CERTAIN)


def _name(word: _Word) -> Iterator[Found]:
    span = name_after(word.view, word.start, word.end)
    if span is not None:
        yield Found(Kind.NAME, *span, Certainty.LIKELY)


_READERS: dict[str, Callable[[_Word], Iterator[Found]]] = {
    "code": _code,
    "password": _password,
    "security": _security,
    "expiry": _expiry,
    "qq": _qq,
    "messenger": _messenger,
    "passport": _passport,
    "permit": _permit,
    "name": _name,
}
