"""What would change: the answers of a candidate beside those of the live policy, over the same operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from countermand.kernel.shares import Interval, share
from countermand.oversight.guardrail import pairs_of
from countermand.oversight.proportions import chance_of_difference, paired_difference
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.shadows import Labelled, Tally


@dataclass(frozen=True, slots=True)
class Transition:
    """Operations that go from one outcome to another; the sum over those with an amount, in minor units."""

    live: Outcome
    candidate: Outcome
    operations: int
    with_amount: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OutcomeShare:
    """The share of one outcome under both policies, their difference, and the chance that it is chance."""

    outcome: Outcome
    live: Interval
    candidate: Interval
    difference: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How often a rule fired: under the live policy only, under both, under the candidate only."""

    rule: str
    live_only: int
    both: int
    candidate_only: int

    @property
    def word(self) -> str:
        """`began` and `ceased`: it fires under one policy only; `changed`: on other operations; `same`."""
        if self.both == 0 and self.live_only == 0:
            return "began"
        if self.both == 0 and self.candidate_only == 0:
            return "ceased"
        return "changed" if self.live_only or self.candidate_only else "same"


@dataclass(frozen=True, slots=True)
class Catch:
    """Of the labelled operations: how many were fraud, were stopped, and both.

    precision: fraud among the stopped. recall: stopped among the fraud. Stopped is any outcome but allow.
    """

    fraud: int
    stopped: int
    fraud_stopped: int
    precision: Interval | None
    recall: Interval | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The whole comparison; `labelled` operations are those whose label is known."""

    operations: int
    transitions: list[Transition]
    shares: list[OutcomeShare]
    rules: list[RuleChange]
    labelled: int
    live_catch: Catch
    candidate_catch: Catch


def difference(tally: Tally, labelled: Iterable[Labelled], confidence: float) -> Difference:
    """From the counts of a candidate and the labels of its operations. Empty counts give empty lists."""
    cells = sorted(tally.outcomes.items())
    counts = {pair: cell[0] for pair, cell in cells}
    rules = [RuleChange(rule, *numbers) for rule, numbers in sorted(tally.rules.items())]
    known = list(labelled)
    return Difference(
        operations=sum(counts.values()),
        transitions=[Transition(Outcome(a), Outcome(b), *cell) for (a, b), cell in cells],
        shares=_shares(counts, confidence),
        rules=rules,
        labelled=sum(one.operations for one in known),
        live_catch=_catch([(one.live, one.fraud, one.operations) for one in known], confidence),
        candidate_catch=_catch([(one.candidate, one.fraud, one.operations) for one in known], confidence),
    )


def _shares(counts: Mapping[tuple[int, int], int], confidence: float) -> list[OutcomeShare]:
    found = []
    for outcome in Outcome:
        pairs = pairs_of(counts, outcome)
        live = share(pairs.both + pairs.first_only, pairs.operations, confidence)
        candidate = share(pairs.both + pairs.second_only, pairs.operations, confidence)
        change = paired_difference(pairs, confidence)
        if live is None or candidate is None or change is None:
            return []
        found.append(OutcomeShare(outcome, live, candidate, change, chance_of_difference(pairs)))
    return found


def _catch(answered: Iterable[tuple[int, bool, int]], confidence: float) -> Catch:
    fraud = stopped = both = 0
    for outcome, is_fraud, operations in answered:
        stops = outcome > Outcome.ALLOW
        fraud += operations if is_fraud else 0
        stopped += operations if stops else 0
        both += operations if is_fraud and stops else 0
    return Catch(fraud, stopped, both, share(both, stopped, confidence), share(both, fraud, confidence))
