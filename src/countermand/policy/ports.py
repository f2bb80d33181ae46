"""What the policy language needs from outside: somewhere to keep the windows, someone who scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from countermand.policy.bound import BoundModel
from countermand.policy.plan import Observation, Value


class FeatureStore(Protocol):
    """The windows of one FeaturePlan, equal at every moment to `policy.reference`.

    What is observed is visible to the next read at once. Nothing here is durable: a store is rebuilt
    from the recorded operations. An observation may arrive late by up to the plan's lateness.
    """

    def read(self, own: Observation) -> list[Value]:
        """The plan's windows as of `own.at`, in the plan's order; `own` counts where a window says so."""
        ...

    def observe(self, observation: Observation) -> int:
        """Take an operation in; the ticket undoes it."""
        ...

    def retract(self, ticket: int) -> None:
        """Undo one observation: every later read is as if it had never been made."""
        ...

    def amend(self, ticket: int, observation: Observation | None) -> int:
        """What an earlier ticket stands for leaves, and `observation` comes in as a late arrival.

        So a label comes (ticket 0), is corrected, or is taken back (None). The new ticket, 0 where nothing
        came in. A ticket stays good however old it is; what is forgotten needs no undoing.
        """
        ...

    def load(self, observations: Iterable[Observation]) -> int:
        """Take in recorded history, in the order of recording; how many were kept."""
        ...


class Scorer(Protocol):
    """One model, loaded. Called from one thread at a time; the same inputs give the same score."""

    def __call__(self, *inputs: float) -> float:
        """The score, from 0 to 1, of one row: the model's inputs in its order, NaN where one is unknown."""
        ...


class Scorers(Protocol):
    """Where a policy's models are found."""

    def scorer(self, model: BoundModel) -> Scorer:
        """The scorer of `model.file`.

        Raises SetupError (`model_missing`, `model_changed`, `model_unfit`) where it cannot be trusted.
        """
        ...
