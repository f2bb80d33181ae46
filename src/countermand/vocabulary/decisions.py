"""A decision and its parts, as they are answered and kept."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.kernel.money import Money
from countermand.kernel.text import Text


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One rule that fired: its words, and the values that fired it."""

    rule: str
    text: Text
    values: dict[str, Any]


class Counterfactual(msgspec.Struct, frozen=True, gc=False):
    """The nearest amount with a milder answer: at `at_most` the same operation gets `outcome`."""

    fact: str
    at_most: Money
    outcome: str
    text: Text


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What must follow from the decision: a challenge, a hold of `seconds`, a review, a notice."""

    kind: str
    seconds: int | None = None


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer to one operation."""

    id: str
    outcome: str
    score: int
    reasons: list[Reason]
    unknown: list[str]
    counterfactual: list[Counterfactual]
    obligations: list[Obligation]
    policy: str
    decided_at: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a caller gets for one operation."""

    operation: str
    decision: Decision
