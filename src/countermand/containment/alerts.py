"""How grave a matter is, from one to three: three goes to a person at once."""

from __future__ import annotations

from collections.abc import Collection

from countermand.vocabulary.incidents import ContainRequest, Preset, Source
from countermand.vocabulary.outcomes import Outcome

TIER_MAX = 3
REVIEW, CONTAIN = "review", "contain"
# From this score on a person looks at a decision, whatever the rules ask for.
SCORE_REVIEW = 900
SCORE_WATCH = 600


def tier_of_decision(outcome: Outcome, score: int, duties: Collection[str]) -> int:
    """1: nothing more. 2: it is counted and watched. 3: a person looks at it.

    >>> tier_of_decision(Outcome.HOLD, 0, ["review"])
    3
    """
    if REVIEW in duties or CONTAIN in duties or score >= SCORE_REVIEW:
        return 3
    return 2 if outcome >= Outcome.HOLD or score >= SCORE_WATCH else 1


def tier_of_request(request: ContainRequest, money_left: bool) -> int:
    """3 where money left, an identity is misused, or everybody is stopped; else 2."""
    if money_left or request.everybody or request.preset is Preset.IDENTITY or request.debts:
        return 3
    if request.account is None and request.source is Source.CUSTOMER:
        return 3
    return 2
