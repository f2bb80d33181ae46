"""Which rules, bands and standing orders spoke: the ids behind a decision's reasons, without their words."""

from __future__ import annotations

from countermand.decisions.decide import Verdict
from countermand.decisions.ports import Rulebook
from countermand.vocabulary.parties import FREEZE_RULE


def spoken(verdict: Verdict, rulebook: Rulebook) -> tuple[str, ...]:
    """The ids that `decide` gives as the reasons of this verdict, sorted."""
    ids = [rulebook.rules[number].id for number in verdict.evaluation.fired]
    ids.extend(order.rule for order in verdict.bound)
    if verdict.frozen:
        ids.append(FREEZE_RULE)
    reached = [band.at_least for band in rulebook.bands if verdict.score >= band.at_least]
    if reached:
        ids.append(f"band.{reached[-1]}")
    return tuple(sorted(ids))
