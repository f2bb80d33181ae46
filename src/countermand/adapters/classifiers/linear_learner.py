"""Learning to triage: linear support vectors over pieces of messages, calibrated on messages held back.

Only additions, products and square roots of fixed order make the weights (liblinear's dual coordinate
descent with a seed), so that equal messages, seed and versions give the same file, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from countermand.adapters.classifiers import calibrating
from countermand.intake.linear_reader import FORMAT, ModelFile, pieces_with_concepts
from countermand.kernel.canonical import digest
from countermand.vocabulary.triage import Category, Flag, LabelledMessage

FLAGS = (Flag.UNAUTHORISED, Flag.DISTRESS, Flag.HUMAN)
FOLDS = 10
CATEGORIES_OF_A_VOICE = 10  # a file of so many categories is one writer's voice, and a fold of its own
VOICES_MIN = 5
MESSAGES_MIN_OF_PIECE = 2
PIECES_MAX = 60_000
COST = 1.0
CONCEPT_WEIGHT = 1.5  # a meaning says more than the letters it was written with
STEPS_OF_WEIGHT = 127
WANTED = (Category.UNAUTHORISED_PAYMENT, Category.UNAUTHORISED_LOAN, Category.ACCOUNT_TAKEOVER,
          Category.DECEIVED_PAYMENT)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model's file, and what is known of it from messages held back while learning."""

    file: ModelFile
    margins: NDArray[np.float64]
    folds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Space:
    """Which pieces count, and how rare each is."""

    pieces: list[str]
    rarity: NDArray[np.float32]

    def matrix(self, found: Sequence[set[str]]) -> csr_matrix:
        """Messages as rows of length 1; shape (messages, pieces)."""
        row = {piece: number for number, piece in enumerate(self.pieces)}
        places, starts = [], [0]
        for pieces in found:
            places += sorted(row[piece] for piece in pieces if piece in row)
            starts.append(len(places))
        columns = np.asarray(places, dtype=np.int32)
        ends = np.asarray(starts, dtype=np.int32)
        values = self.rarity[columns].astype(np.float64)
        for start, end in pairwise(starts):
            values[start:end] /= max(np.sqrt(np.square(values[start:end]).sum()), 1e-9)
        return csr_matrix((values, columns, ends), shape=(len(found), len(self.pieces)))


def space_of(found: Sequence[set[str]], least: int = MESSAGES_MIN_OF_PIECE) -> Space:
    """The pieces of at least so many messages, the most frequent first where there are too many."""
    counts = Counter(piece for pieces in found for piece in pieces)
    kept = sorted((-count, piece) for piece, count in counts.items() if count >= least)[:PIECES_MAX]
    chosen = sorted((piece, -count) for count, piece in kept)
    frequency = np.asarray([count for _, count in chosen], dtype=np.float64)
    rarity = 1 + np.log((1 + len(found)) / (1 + frequency))
    rarity[[piece.startswith("#") for piece, _ in chosen]] *= CONCEPT_WEIGHT
    return Space([piece for piece, _ in chosen], rarity.astype(np.float16).astype(np.float32))


class LinearLearner:
    """Deterministic for equal messages, concepts, seed and library versions."""

    def __init__(self, cost: float = COST) -> None:
        self.cost = cost

    def fit(
        self,
        messages: Sequence[LabelledMessage],
        concepts: Mapping[str, Sequence[str]],
        seed: int,
        sources: Sequence[str],
    ) -> Learnt:
        """A model of all messages; its calibration and thresholds come from folds that it did not learn.

        `sources` names the file of each message, so that a writer's words are judged without that writer.
        """
        meant = {piece: name for name, alike in concepts.items() for piece in alike}
        found = [pieces_with_concepts(message.text, meant) for message in messages]
        goals = goals_of(messages)
        folds = folds_of(messages, seed, sources)
        margins = self._held_back(found, goals, folds, seed)
        space = space_of(found)
        weights, biases = self._weights(space.matrix(found), goals, seed)
        steps = np.abs(weights).max(axis=0) / STEPS_OF_WEIGHT
        steps[steps == 0] = 1.0
        calibration, thresholds = calibrating.calibrated(margins, goals, FLAGS, WANTED)
        file = ModelFile(
            format=FORMAT,
            version="",
            categories=[str(one) for one in Category],
            flags=[str(one) for one in FLAGS],
            pieces=space.pieces,
            rarity=space.rarity.astype("<f2").tobytes(),
            weights=np.rint(weights / steps).astype(np.int8).tobytes(),
            steps=[_short(one) for one in steps],
            biases=[_short(one) for one in biases],
            concepts={name: list(alike) for name, alike in concepts.items()},
            calibration=calibration,
            thresholds=thresholds,
            training=self._told(messages, seed, folds),
        )
        return Learnt(file, margins, folds)

    def _held_back(
        self, found: Sequence[set[str]], goals: NDArray[np.int8], folds: NDArray[np.int64], seed: int
    ) -> NDArray[np.float64]:
        """The margins of every message from a model that did not learn its fold."""
        margins = np.zeros(goals.shape)
        for fold in np.unique(folds):
            learn, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            learnt = [found[int(one)] for one in learn]
            space = space_of(learnt)
            weights, biases = self._weights(space.matrix(learnt), goals[learn], seed)
            margins[held] = space.matrix([found[int(one)] for one in held]) @ weights + biases
        return margins

    def _weights(
        self, matrix: csr_matrix, goals: NDArray[np.int8], seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weights = np.zeros((matrix.shape[1], goals.shape[1]))
        biases = np.zeros(goals.shape[1])
        for output in range(goals.shape[1]):
            if 0 < goals[:, output].sum() < len(goals):
                learner = LinearSVC(C=self.cost, dual=True, random_state=seed, max_iter=5000)
                learner.fit(matrix, goals[:, output])
                weights[:, output], biases[output] = learner.coef_[0], learner.intercept_[0]
            else:
                biases[output] = -1.0 if goals[:, output].sum() == 0 else 1.0
        return weights, biases

    def _told(
        self, messages: Sequence[LabelledMessage], seed: int, folds: NDArray[np.int64]
    ) -> dict[str, Any]:
        return {
            "messages": len(messages),
            "seed": seed,
            "folds": len(np.unique(folds)),
            "cost": self.cost,
            "trainer": f"scikit-learn {sklearn.__version__} LinearSVC",
        }


def goals_of(messages: Sequence[LabelledMessage]) -> NDArray[np.int8]:
    """What a model should say: one column a category, then one a flag; shape (messages, outputs)."""
    goals = np.zeros((len(messages), len(Category) + len(FLAGS)), dtype=np.int8)
    places = {category: number for number, category in enumerate(Category)}
    for number, message in enumerate(messages):
        goals[number, places[message.category]] = 1
        goals[number, len(Category) :] = (message.unauthorised, message.distress, message.human)
    return goals


def folds_of(
    messages: Sequence[LabelledMessage], seed: int, sources: Sequence[str] | None = None
) -> NDArray[np.int64]:
    """The fold of each message.

    A source of many categories is a fold of its own, if there are at least VOICES_MIN of them. All other
    messages: every category spread evenly over the folds, in the order of hashes of the texts.
    """
    voices = voices_of(messages, sources or ())
    count = len(voices) or FOLDS
    folds = np.full(len(messages), -1, dtype=np.int64)
    for place, source in enumerate(sources or ()):
        folds[place] = voices.get(source, -1)
    for shift, category in enumerate(Category):
        places = [
            place
            for place, message in enumerate(messages)
            if message.category is category and folds[place] < 0
        ]
        places.sort(key=lambda place: digest(f"{seed}:{messages[place].text}".encode()))
        for rank, place in enumerate(places):
            folds[place] = (rank + shift) % count
    return folds


def voices_of(messages: Sequence[LabelledMessage], sources: Sequence[str]) -> dict[str, int]:
    """The sources that are folds of their own, and which; none where they are too few."""
    kinds: dict[str, set[Category]] = {}
    for message, source in zip(messages, sources, strict=False):
        kinds.setdefault(source, set()).add(message.category)
    voices = [source for source in sorted(kinds) if len(kinds[source]) >= CATEGORIES_OF_A_VOICE]
    return {source: number for number, source in enumerate(voices)} if len(voices) >= VOICES_MIN else {}


def encoded(file: ModelFile) -> bytes:
    """The bytes of a model file."""
    return msgspec.msgpack.encode(file)


def _short(value: float) -> float:
    """Seven digits: more would only tell one machine's last rounding from another's."""
    return float(f"{float(value):.7g}")
