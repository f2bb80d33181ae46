"""Finding the article that answers a message: Chinese character pairs and Latin words, ranked by BM25.

S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.5:
the terms of a title and of questions weigh more than those of an answer. Beside the whole article, the line
nearest to the message counts: a question asked before in almost the same words is worth more than its parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from countermand.vocabulary.knowledge import LANGUAGES, Article

# The usual values of BM25: how soon a repeated term stops counting, and how much a long article loses.
SATURATION = 1.2
LENGTH_PENALTY = 0.6
FIELD_WEIGHTS = {"title": 3.0, "questions": 2.0, "answer": 1.0}
LINE_WEIGHT = 2.0
# A single Chinese character says less than a pair.
CHARACTER_WEIGHT = 0.25
# An answer is offered where so much was found, so much of the message (by rarity) stands in the lines ...
SCORE_MIN = 11.0
COVERAGE_MIN = 0.2
# ... and no other article fits nearly as well. All three were chosen on the tuning half of the questions.
LEAD_MIN = 1.3
# Asked in almost the words of a line, and of no other article's, it is that article.
LIKENESS_MIN = 0.75
QUERY_CHARACTERS_MAX = 500
RESULTS_MAX = 10
# Only the best by their whole text are compared line by line.
CANDIDATES_MAX = 12

Groups = Mapping[str, Sequence[Sequence[str]]]

_PIECE = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[一-鿿]+")
_SMALL = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how i if i'd i'm i've in "
    "is it its just me my of on or our please so some that the their them there they this to was we were "
    "what when where which who why will with would you your".split()
)
# Said around every question, and about nothing.
_ZH_FILLER = re.compile(
    "请问|你好|您好|麻烦|谢谢|怎么办|怎么样|怎么|如何|为什么|为啥|什么|咋|吗|呢|啊|呀|吧|了|的|我|你们|你|您|请|想要|想|能不能|可以|一下|有没有"
)


class Found(NamedTuple):
    """An article, how well it fits, and what speaks for offering it, each 0 to 1.

    `coverage`: how much of the message stands in its title and questions. `likeness`: how much the message
    and the nearest line share, of all that both say.
    """

    article: Article
    score: float
    coverage: float
    likeness: float


def answering(found: Sequence[Found]) -> Article | None:
    """The article that may be offered as the answer, of those found, best first; None where nothing fits."""
    if not found:
        return None
    if found[0].likeness >= LIKENESS_MIN and all(one.likeness < found[0].likeness for one in found[1:]):
        return found[0].article
    if found[0].score < SCORE_MIN or found[0].coverage < COVERAGE_MIN:
        return None
    if len(found) > 1 and found[0].score < LEAD_MIN * found[1].score:
        return None
    return found[0].article


class Lexicon:
    """Reads a text as terms; words that people use for one another become the same term.

    `groups` are such words by language, the first of each group standing for all.

    >>> Lexicon({}).terms("怎么解冻账户"), Lexicon({}).terms("Unfreezing my accounts")
    (['解冻', '冻账', '账户', '解', '冻', '账', '户'], ['unfreez', 'account'])
    """

    def __init__(self, groups: Groups) -> None:
        chinese = groups.get("zh", ())
        standing = {word.lower(): group[0].lower() for group in reversed(chinese) for word in group}
        self._chinese = standing
        self._chinese_words = _any_of(standing)
        english = groups.get("en", ())
        phrases = {word: group[0] for group in reversed(english) for word in group if " " in word}
        self._phrases = phrases
        self._phrase_words = _any_of(phrases)
        self._stems = {
            _stem(word): _stem(group[0]) for group in reversed(english) for word in group if " " not in word
        }

    def terms(self, text: str) -> list[str]:
        """The terms of a text: pairs of Chinese characters and single ones, stems of Latin words, numbers."""
        low = unicodedata.normalize("NFKC", text).lower()
        if self._phrases:
            low = self._phrase_words.sub(lambda found: self._phrases[found[0]], low)
        if self._chinese:
            low = self._chinese_words.sub(lambda found: self._chinese[found[0]], low)
        found: list[str] = []
        for piece in _PIECE.findall(low):
            if piece[0] < "一":
                stem = _stem(piece)
                found += [] if piece in _SMALL else [self._stems.get(stem, stem)]
            else:
                said = _ZH_FILLER.sub("", piece)
                found += [said[at : at + 2] for at in range(len(said) - 1)] + list(said)
        return found


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of these words, the longest first."""
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))


def _stem(word: str) -> str:
    """A word without its commonest endings, so that “charges” meets “charged”."""
    word = word.removesuffix("'s")
    for ending, left in (("ing", 3), ("ied", 2), ("ies", 2), ("ed", 3), ("es", 3), ("s", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= left and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending[0] == "i" and ending != "ing" else "")
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@dataclass(frozen=True, slots=True)
class _Entry:
    """An article as the index sees it: its weighed terms, its length, and each of its lines."""

    article: Article
    weights: Mapping[str, float]
    length: float
    lines: tuple[frozenset[str], ...]
    terms_of_lines: frozenset[str]


class Index:
    """Articles that are in force, held in memory and searched there."""

    def __init__(self, articles: Sequence[Article], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._entries = tuple(_entry(article, lexicon) for article in articles)
        self._mean = sum(one.length for one in self._entries) / max(1, len(self._entries))
        holding: dict[str, list[int]] = {}
        for number, entry in enumerate(self._entries):
            for term in entry.weights:
                holding.setdefault(term, []).append(number)
        self._holding = holding
        count = len(self._entries)
        self._line_weights: dict[frozenset[str], float] = {}
        self._rarities = {term: _rarity(term, count, len(where)) for term, where in holding.items()}
        for entry in self._entries:
            for line in entry.lines:
                self._line_weights[line] = sum(self._rarity(term) for term in line)

    def search(self, text: str, count: int = 3, audiences: Iterable[str] = ("everyone",)) -> list[Found]:
        """The articles that fit best, best first, at most RESULTS_MAX; none where no term is known."""
        asked = {term: self._rarity(term) for term in self._lexicon.terms(text[:QUERY_CHARACTERS_MAX])}
        allowed = frozenset(audiences)
        ranked = sorted(
            (
                (self._whole(entry, asked), number)
                for number in {number for term in asked for number in self._holding.get(term, ())}
                if (entry := self._entries[number]).article.audience in allowed
            ),
            key=lambda one: (-one[0], one[1]),
        )
        found = [
            self._found(self._entries[number], score, asked) for score, number in ranked[:CANDIDATES_MAX]
        ]
        found.sort(key=lambda one: (-one.score, one.article.id))
        return found[: min(count, RESULTS_MAX)]

    def _whole(self, entry: _Entry, asked: Mapping[str, float]) -> float:
        """BM25 of the whole article."""
        norm = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * entry.length / self._mean)
        score = 0.0
        for term, rarity in asked.items():
            weight = entry.weights.get(term, 0.0)
            score += rarity * weight * (SATURATION + 1) / (weight + norm)
        return score

    def _found(self, entry: _Entry, score: float, asked: Mapping[str, float]) -> Found:
        whole = sum(asked.values())
        covered = sum(rarity for term, rarity in asked.items() if term in entry.terms_of_lines)
        nearest, likeness = max(self._shared(line, asked, whole) for line in entry.lines)
        return Found(entry.article, score + LINE_WEIGHT * nearest, covered / whole, likeness)

    def _shared(self, line: frozenset[str], asked: Mapping[str, float], whole: float) -> tuple[float, float]:
        """What the message shares with a line, less the more either says besides; and their likeness."""
        shared = sum(rarity for term, rarity in asked.items() if term in line)
        likeness = 2 * shared / (whole + self._line_weights[line]) if shared else 0.0
        return shared * likeness, likeness

    def _rarity(self, term: str) -> float:
        known = self._rarities.get(term)
        return _rarity(term, len(self._entries), 0) if known is None else known


def _entry(article: Article, lexicon: Lexicon) -> _Entry:
    weights: Counter[str] = Counter()
    lines = []
    for language in LANGUAGES:
        words = article.words(language)
        for field, texts in (
            ("title", (words.title,)),
            ("questions", words.questions),
            ("answer", (words.answer, words.next_step)),
        ):
            for text in texts:
                terms = lexicon.terms(text)
                for term in terms:
                    weights[term] += FIELD_WEIGHTS[field]  # type: ignore[assignment]
                if field != "answer":
                    lines.append(frozenset(terms))
    return _Entry(article, weights, float(sum(weights.values())), tuple(lines), frozenset().union(*lines))


def _rarity(term: str, count: int, holding: int) -> float:
    """The weight of a term that so many of the articles hold (BM25's inverse document frequency)."""
    weight = CHARACTER_WEIGHT if len(term) == 1 and term >= "一" else 1.0
    return weight * log(1 + (count - holding + 0.5) / (holding + 0.5))
