"""What a compiled policy says about an operation: the nouns that rules and decisions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from countermand.kernel.text import Text
from countermand.vocabulary.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact that a reason shows: its name, its place in the facts, and its type's word."""

    name: str
    index: int
    type: str


@dataclass(frozen=True, slots=True)
class RuleWords:
    """One rule, as far as a decision needs it. `then` is ALLOW for a rule that only scores."""

    id: str
    then: Outcome
    score: int
    reason: Text
    hold_seconds: int
    oblige: tuple[str, ...]
    shown: tuple[Shown, ...]
    needs_amount: bool


@dataclass(frozen=True, slots=True)
class BandWords:
    """From `at_least` points on, the answer is at least `then`."""

    at_least: int
    then: Outcome
    reason: Text


class Evaluation(NamedTuple):
    """The rules that fired, and those of either `if_unknown` whose condition was unknown, by number."""

    fired: list[int]
    unknown: list[int]
