"""What every FeatureStore promises, as steps that any implementation can be put through."""

from __future__ import annotations

import random
from collections.abc import Callable

from adapters.features.plans import Stream, random_plan
from countermand.policy.plan import FeaturePlan, Observation, Value
from countermand.policy.ports import FeatureStore
from countermand.policy.reference import ReferenceStore

Factory = Callable[[FeaturePlan], FeatureStore]
# Undoing reaches this far back: a refused group of decisions is never older.
UNDONE_RECENTLY = 12
# Labels come for operations this far back, some of them long forgotten by then.
LABELLED_RECENTLY = 40


class Walk:
    """One random plan and stream, played to the reference and to a store side by side.

    Every difference is an AssertionError that names the seed; `compared` counts the values that agreed.
    """

    def __init__(self, number: int, make: Factory) -> None:
        self.number = number
        self.compared = 0
        self._seed = random.Random(number)
        self.plan = random_plan(self._seed)
        self._stream = Stream(self._seed, self.plan)
        self._reference = ReferenceStore(self.plan)
        self._store = make(self.plan)
        self._tickets: list[tuple[int, int]] = []
        self._label_tickets: dict[Observation, tuple[int, int]] = {}
        self._decided: list[Observation] = []

    def run(self, steps: int) -> int:
        """Load, or not; then read, observe and undo in random order. How many values were compared."""
        seed = self._seed
        if seed.random() < 0.5:
            decided = [self._stream.next() for _ in range(seed.choice((0, 1, 7, 60)))]
            told = [entry for one in decided if (entry := self._stream.labelled(one)) is not None]
            recorded = decided + told if seed.random() < 0.5 else decided
            self._reference.load(recorded)
            self._store.load(iter(recorded))
            self._decided += decided if recorded is decided else []
        undo, label = seed.choice((0.0, 0.1, 0.3)), seed.choice((0.0, 0.3, 0.8))
        for _ in range(steps):
            self._step(self._stream.next(), undo)
            if self.plan.labelled and self._decided and seed.random() < label:
                self._label(seed.choice(self._decided))
        return self.compared

    def _step(self, observation: Observation, undo: float) -> None:
        seed = self._seed
        if seed.random() < 0.7:
            self.read(observation)
        if seed.random() < 0.8:
            tickets = self._reference.observe(observation), self._store.observe(observation)
            self._tickets.append(tickets)
            self._decided.append(observation)
            del self._decided[:-LABELLED_RECENTLY]
            del self._tickets[:-UNDONE_RECENTLY]
        if self._tickets and seed.random() < undo:
            self._undo(seed.choice((1, 1, 3)))

    def _label(self, observation: Observation) -> None:
        """A first label or a corrected one; either may let the operation in, or take it out."""
        before = self._label_tickets.get(observation, (0, 0))
        entry = self._stream.labelled(observation)
        known, ticket = self._reference.amend(before[0], entry), self._store.amend(before[1], entry)
        self._label_tickets[observation] = known, ticket
        assert bool(ticket) <= (entry is not None), "a ticket is for what came in"

    def _undo(self, count: int) -> None:
        """Newest first, as a refused group is undone, or in any order."""
        newest_first = self._seed.random() < 0.5
        for _ in range(min(count, len(self._tickets))):
            chosen = -1 if newest_first else self._seed.randrange(len(self._tickets))
            known, ticket = self._tickets.pop(chosen)
            self._reference.retract(known)
            self._store.retract(ticket)

    def read(self, observation: Observation) -> None:
        expected = self._reference.read(observation)
        found = self._store.read(observation)
        assert same(found, expected), self._difference(found, expected)
        self.compared += len(expected)

    def _difference(self, found: list[Value], expected: list[Value]) -> str:
        windows = [
            f"{window}: {value!r} instead of {wanted!r}"
            for window, value, wanted in zip(self.plan.windows, found, expected, strict=True)
            if value != wanted
        ]
        return f"walk {self.number} of a plan with history {self.plan.history_micros}: {windows}"


def same(found: list[Value], expected: list[Value]) -> bool:
    """Equal to the last bit; a truth value is not a number here."""
    return found == expected and not any(isinstance(value, bool) for value in found)
