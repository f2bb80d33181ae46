"""The nearest amount that would have been allowed: found by asking the same pure decision again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from countermand.decisions.ports import Rulebook
from countermand.kernel.money import Money, money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.decisions import Counterfactual
from countermand.vocabulary.outcomes import Outcome


def milder_amount(
    amount: int, rulebook: Rulebook, outcome_of: Callable[[list[Any]], Outcome], facts: list[Any]
) -> list[Counterfactual]:
    """The boundary below `amount` where the answer becomes allow, by bisection; empty when there is none.

    What is returned was asked: at the returned amount the answer is allow, one minor unit above it is not.
    """

    def allowed(minor: int) -> bool | None:
        moved = rulebook.with_amount(facts, minor)
        return None if moved is None else outcome_of(moved) is Outcome.ALLOW

    low, high = 1, amount
    if amount <= 1 or not allowed(low):
        return []
    while high - low > 1:
        middle = (low + high) // 2
        if allowed(middle):
            low = middle
        else:
            high = middle
    en, zh = money_texts(low, rulebook.currency)
    text = Text(en=f"Allowed up to {en}.", zh=f"不超过{zh}时可放行。")
    return [Counterfactual("amount", Money(low, rulebook.currency), Outcome.ALLOW.word, text)]
