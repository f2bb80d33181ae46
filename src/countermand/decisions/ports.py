"""What a decision needs from a policy; the chapter never sees how a policy is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from countermand.vocabulary.rules import BandWords, Evaluation, RuleWords


class Rulebook(Protocol):
    """A compiled policy. Its answers depend on nothing but the facts: the same facts, the same answer."""

    label: str
    currency: str

    @property
    def rules(self) -> Sequence[RuleWords]:
        """The rules, in the policy's order; evaluations name them by number."""
        ...

    @property
    def bands(self) -> Sequence[BandWords]:
        """The score bands, rising."""
        ...

    def evaluate(self, kind: str, facts: list[Any]) -> Evaluation:
        """The rules that fire, and those whose condition is unknown, by number."""
        ...

    def with_amount(self, facts: list[Any], minor: int) -> list[Any] | None:
        """The facts had the amount been `minor` units; None where that cannot be told."""
        ...

    def amount_of(self, facts: list[Any]) -> int | None:
        """The operation's amount in minor units, None where it has none."""
        ...
