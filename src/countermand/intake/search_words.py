"""How texts are found by words: pairs of Chinese characters in order, other words whole.

No dictionary is asked: a name or a word of tomorrow is found as soon as somebody writes it. The last
character of each Chinese run stands alone too, so that a search for one character finds it everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Bounds of PostgreSQL's tsvector: positions of a lexeme, the highest position. The others are our own.
POSITIONS_MAX = 255
POSITION_MAX = 16_383
LEXEME_CHARACTERS_MAX = 64
QUERY_PARTS_MAX = 20
PREFIX_CHARACTERS_MIN = 3

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_PIECE = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")
_IS_HAN = re.compile(f"[{_HAN}]")


class Part(NamedTuple):
    """One piece of a search: a run of Chinese characters (`han`), or a word."""

    text: str
    han: bool

    @property
    def goes_on(self) -> bool:
        """Whether what begins with it is found too: `refund` finds refunds."""
        return not self.han and len(self.text) >= PREFIX_CHARACTERS_MIN and not self.text.isdigit()


def fold(text: str) -> str:
    """The text as it is compared: one character for each, full width and capitals folded.

    >>> fold("ＡＢ１盗刷")
    'ab1盗刷'
    """
    return "".join(map(_folded, text))


def _folded(character: str) -> str:
    if character < "\x80":
        return character.lower()
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character


def terms(text: str) -> Iterator[str]:
    """The words of a text in order.

    >>> list(terms("被盗刷了 refund"))
    ['被盗', '盗刷', '刷了', '了', 'refund']
    """
    for piece in _PIECE.findall(fold(text)):
        if _IS_HAN.match(piece):
            for at in range(len(piece) - 1):
                yield piece[at : at + 2]
            yield piece[-1]
        else:
            yield piece[:LEXEME_CHARACTERS_MAX]


def tsvector_of(text: str) -> str:
    """The text as a PostgreSQL tsvector literal: each word with its places.

    >>> tsvector_of("盗刷，盗刷")
    "'盗刷':1,3 '刷':2,4"
    """
    places: dict[str, list[int]] = {}
    for number, term in enumerate(terms(text), 1):
        found = places.setdefault(term, [])
        if len(found) < POSITIONS_MAX and number <= POSITION_MAX:
            found.append(number)
    return " ".join(
        f"'{term}':{','.join(map(str, found))}" if found else f"'{term}'" for term, found in places.items()
    )


def parts_of(search: str) -> tuple[Part, ...]:
    """What a search looks for, all of it; at most QUERY_PARTS_MAX pieces.

    >>> parts_of("盗刷 Refund")
    (Part(text='盗刷', han=True), Part(text='refund', han=False))
    """
    found = (Part(piece, _IS_HAN.match(piece) is not None) for piece in _PIECE.findall(fold(search)))
    return tuple(dict.fromkeys(found))[:QUERY_PARTS_MAX]


def tsquery_of(parts: tuple[Part, ...]) -> str:
    """The parts as a PostgreSQL tsquery literal: every run of Chinese a phrase, all parts together.

    >>> tsquery_of(parts_of("被盗刷 骗 refund"))
    "('被盗' <-> '盗刷') & '骗':* & 'refund':*"
    """
    return " & ".join(map(_query, parts))


def _query(part: Part) -> str:
    if part.han and len(part.text) > 1:
        pairs = [f"'{part.text[at : at + 2]}'" for at in range(len(part.text) - 1)]
        return pairs[0] if len(pairs) == 1 else f"({' <-> '.join(pairs)})"
    word = part.text[:LEXEME_CHARACTERS_MAX]
    return f"'{word}':*" if part.han or part.goes_on else f"'{word}'"


def matches(text: str, parts: tuple[Part, ...]) -> bool:
    """Whether a text holds every part: what the index promises, said without it."""
    folded = fold(text)
    return all(any(_places(folded, part)) for part in parts)


def highlights(text: str, parts: tuple[Part, ...]) -> list[tuple[int, int]]:
    """Where the parts stand in a text: characters, end exclusive, none overlapping another.

    >>> highlights("Refunds: 我被盗刷", parts_of("盗刷 refund"))
    [(0, 6), (11, 13)]
    """
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for start, end in sorted(place for part in parts for place in _places(folded, part)):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _places(folded: str, part: Part) -> Iterator[tuple[int, int]]:
    if part.han:
        pattern = re.escape(part.text)
    else:
        end = "" if part.goes_on else f"(?![^\\W_{_HAN}])"
        pattern = f"(?<![^\\W_{_HAN}]){re.escape(part.text)}{end}"
    for one in re.finditer(pattern, folded):
        yield one.span()
