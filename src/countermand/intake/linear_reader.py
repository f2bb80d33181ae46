"""The linear model of triage: pieces of a message in, calibrated probabilities and weights out.

A message is the set of its known pieces, weighed by rarity and scaled to length 1. One number a piece and
output is all the model is; it is kept as signed bytes, one step for each output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from countermand.intake import grams
from countermand.intake.many_reader import ManyReader
from countermand.kernel.canonical import digest
from countermand.kernel.errors import SetupError

FORMAT = 2
_FIRST_HAN = "\u3400"

Floats = NDArray[np.float32]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How margins become probabilities.

    Categories: the softmax of `sharpness` times the margins. The confidence in the first category: the
    logistic of a line, `confidence`, over the log odds of its share. Each flag: the logistic of `slope` times
    its own margin, plus `lead` times what the best category in `supporting` has before the best of the
    others, plus `offset`.
    """

    sharpness: float
    confidence: tuple[float, float]
    flags: dict[str, tuple[float, float, float]]
    supporting: dict[str, list[str]]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model file holds; msgpack, the same bytes for the same training.

    `pieces` and `rarity` are in step; `weights` has one signed byte for each piece and output, row by row,
    to be multiplied by the output's `steps`. `outputs` are the categories, then the flags. `concepts` says
    which pieces mean the same; a concept is a piece of its own, named `#concept`, and so is a pair of them.
    `thresholds`: at which probability a flag is set; `abstain` below which no category is acted upon; `clear`
    below which the flag `unauthorised` is so unlikely that a machine may answer.
    """

    format: int
    version: str
    categories: list[str]
    flags: list[str]
    pieces: list[str]
    rarity: bytes
    weights: bytes
    steps: list[float]
    biases: list[float]
    concepts: dict[str, list[str]]
    calibration: Calibration
    thresholds: dict[str, float]
    training: dict[str, Any]


class LinearReader:
    """A model file, ready to read messages. `sha256` is that of the file, in hex."""

    def __init__(self, file: ModelFile, sha256: str) -> None:
        outputs = len(file.categories) + len(file.flags)
        rarity = np.frombuffer(file.rarity, dtype="<f2").astype(np.float32)
        steps = np.asarray(file.steps, dtype=np.float32)
        weights = np.frombuffer(file.weights, dtype=np.int8).reshape(len(file.pieces), outputs)
        self.file, self.sha256 = file, sha256
        self.categories, self.flags = tuple(file.categories), tuple(file.flags)
        squares = np.square(rarity)[:, None]
        # One table: a row sum gives the outputs and, last, the squared length of the message.
        table = np.hstack([weights * steps * rarity[:, None], squares])
        # The last row is nothing at all, for messages of which nothing is known.
        self._table = np.vstack([table, np.zeros((1, outputs + 1))]).astype(np.float32)
        self._biases = np.asarray(file.biases, dtype=np.float32)
        self._row: dict[str, int] = {piece: number for number, piece in enumerate(file.pieces)}
        self._concepts = {piece: name for name, alike in file.concepts.items() for piece in alike}
        self._words: dict[str, tuple[tuple[int, ...], str | None]] = {}
        self._sets: dict[frozenset[str | None], tuple[int, ...]] = {}
        self._supporting = {
            flag: frozenset(self.categories.index(one) for one in names)
            for flag, names in file.calibration.supporting.items()
        }

    def margins(self, text: str) -> Floats:
        """One number an output, shape (outputs,): above 0 for, below 0 against."""
        return self._margins(self._rows(text))

    def many(self, texts: Sequence[str]) -> Floats:
        """The margins of many messages, shape (n, outputs)."""
        if not texts:
            return np.zeros((0, len(self._biases)), np.float32)
        summed = self._many.summed(texts)
        lengths = np.sqrt(np.maximum(summed[:, -1:], 1e-9))
        told: Floats = (summed[:, :-1] / lengths + self._biases).astype(np.float32, copy=False)
        return told

    def probabilities(self, margins: Floats) -> tuple[list[float], dict[str, float]]:
        """The calibrated probability of each category, and of each flag."""
        calibration = self.file.calibration
        count = len(self.categories)
        given = margins.tolist()
        highest = max(given[:count])
        powers = [math.exp((value - highest) * calibration.sharpness) for value in given[:count]]
        total = sum(powers)
        shares = [power / total for power in powers]
        told = {}
        for place, flag in enumerate(self.flags):
            slope, lead, offset = calibration.flags[flag]
            odds = slope * given[count + place] + offset
            if supporting := self._supporting.get(flag):
                best = max(given[one] for one in supporting)
                other = max(given[one] for one in range(count) if one not in supporting)
                odds += lead * (best - other)
            told[flag] = 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))  # bounded: no overflow
        return shares, told

    def confidence(self, share: float) -> float:
        """The calibrated probability that a category with this largest share is the right one."""
        slope, offset = self.file.calibration.confidence
        return 1 / (1 + math.exp(-(slope * log_odds(share) + offset)))

    def effects(self, text: str, output: str) -> list[tuple[int, int, float]]:
        """What every known piece of the message added to the margin of an output: start, end, weight."""
        column = (self.categories + self.flags).index(output)
        rows = self._rows(text)
        length = math.sqrt(max(float(self._table[rows, -1].sum()), 1e-9)) if rows else 1.0
        found: dict[str, list[tuple[int, int]]] = {}
        meant: dict[str, list[tuple[int, int]]] = {}
        for piece, start, end in grams.located(text):
            found.setdefault(piece, []).append((start, end))
            if (name := self._concepts.get(piece)) is not None:
                meant.setdefault(f"#{name}", []).append((start, end))
        for one, other in combinations(sorted(meant), 2):
            found[f"{one} {other}"] = meant[one] + meant[other]
        found |= meant
        effects = []
        for piece, places in found.items():
            if (row := self._row.get(piece)) is not None:
                weight = float(self._table[row, column]) / length / len(places)
                effects += [(start, end, weight) for start, end in places]
        return effects

    def _margins(self, rows: list[int]) -> Floats:
        if not rows:
            return self._biases
        summed = self._table.take(rows, axis=0).sum(axis=0)
        margins: Floats = summed[:-1] / math.sqrt(max(float(summed[-1]), 1e-9)) + self._biases
        return margins

    def _rows(self, text: str) -> list[int]:
        row, concepts, words = self._row.get, self._concepts.get, self._words
        runs = grams.runs(grams.normal(text))
        rows: set[int | None] = set()
        meant: set[str | None] = set()
        for run in runs:
            if run >= _FIRST_HAN:
                pieces = grams.pieces_of_chinese(run)
                rows.update(map(row, pieces))
                meant.update(map(concepts, pieces))
            else:
                known = words.get(run)
                if known is None:
                    known = self.word(run)
                rows.update(known[0])
                meant.add(known[1])
        if len(runs) > 1:
            near = grams.pairs(runs)
            rows.update(map(row, near))
            meant.update(map(concepts, near))
        meant.discard(None)
        if meant:
            rows.update(self.meanings(frozenset(meant)))
        rows.discard(None)
        return list(rows)  # type: ignore[arg-type]  # None was just taken out

    def meanings(self, meant: frozenset[str | None]) -> tuple[int, ...]:
        """The rows of a set of concepts; few sets come often."""
        known = self._sets.get(meant)
        if known is None:
            found = map(self._row.get, concept_pieces(meant))
            known = tuple(row for row in found if row is not None)
            if len(self._sets) < grams.WORDS_REMEMBERED_MAX:
                self._sets[meant] = known
        return known

    @cached_property
    def _many(self) -> ManyReader:
        return ManyReader(self._row, self._concepts, self._table, self)

    def word(self, word: str) -> tuple[tuple[int, ...], str | None]:
        """The rows of a word that is no Chinese; most words come again."""
        pieces = grams.pieces_of_word(word)
        rows = {found for piece in pieces if (found := self._row.get(piece)) is not None}
        known = (tuple(sorted(rows)), self._concepts.get(word))
        if len(self._words) < grams.WORDS_REMEMBERED_MAX:
            self._words[word] = known
        return known


def concept_pieces(meant: Iterable[str | None]) -> list[str]:
    """The pieces that a set of concepts makes: each one, and each two of them.

    >>> concept_pieces({"loan", "deny"})
    ['#deny', '#loan', '#deny #loan']
    """
    names = sorted(f"#{name}" for name in meant)
    return names + [f"{one} {other}" for one, other in combinations(names, 2)]


def pieces_with_concepts(text: str, concepts: Mapping[str, str]) -> set[str]:
    """Everything the model may weigh in a message; `concepts` says what a piece means."""
    return grams.grams(text).union(concept_pieces({concepts[one] for one in _whole(text) if one in concepts}))


def _whole(text: str) -> set[str]:
    """What may name a concept: Chinese pieces, words and neighbours whole; no word inside of another one."""
    runs = grams.runs(grams.normal(text))
    found = set(grams.pairs(runs)) if len(runs) > 1 else set()
    for run in runs:
        found.update(grams.pieces_of_chinese(run) if run >= _FIRST_HAN else [run])
    return found


def log_odds(probability: float) -> float:
    """Bounded, so that certainty stays a number."""
    kept = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(kept / (1 - kept))


def read_model(content: bytes, called: str = "triage") -> LinearReader:
    """A model from the bytes of its file. Raises SetupError (`triage_model_unfit`)."""
    try:
        file = msgspec.msgpack.decode(content, type=ModelFile)
        if file.format != FORMAT:
            raise ValueError(f"format {file.format}, not {FORMAT}")
        return LinearReader(file, digest(content).hex())
    except (msgspec.MsgspecError, ValueError, KeyError) as error:
        raise SetupError(
            "triage_model_unfit",
            f"The file of the triage model {called} cannot be used: {error}.",
            f"分诊模型 {called} 的文件无法使用：{error}。",
            model=called,
        ) from error
