"""What an answer costs a genuine customer, what it is worth against fraud, and how often it may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.kernel.text import Text
from countermand.vocabulary.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class FalsePositiveBudget:
    """How many genuine operations a rule may disturb: a share of those it looks at, or a number a day.

    Exactly one of the two is given; the share is between 0 and 1.
    """

    share: float | None = None
    a_day: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """An assumption about one outcome, which never stands without its source and its day (YYYY-MM-DD).

    `takes_seconds` is what the answer adds for a genuine customer, None where the policy's own `hold_for`
    says it; `stops` is the share of fraudulent money that it keeps from leaving.
    """

    outcome: Outcome
    takes_seconds: int | None
    stops: float
    source: Text
    as_of: str


_OURS = Text(
    en="A working assumption of Countermand, not a measurement; declare your own under `answers`",
    zh="Countermand 的工作假设，并非测量值；请在 answers 中写明贵机构的数值",
)
_HOLD = Text(en="The policy's own `hold_for`", zh="策略自身的 hold_for")
ASSUMED = {
    one.outcome: one
    for one in (
        AnswerCost(Outcome.CHALLENGE, 30, 1.0, _OURS, "2026-11-22"),
        AnswerCost(Outcome.HOLD, None, 1.0, _HOLD, "2026-11-22"),
        AnswerCost(Outcome.APPROVE, 4 * 3600, 1.0, _OURS, "2026-11-22"),
        AnswerCost(Outcome.DENY, 0, 1.0, _OURS, "2026-11-22"),
    )
}
