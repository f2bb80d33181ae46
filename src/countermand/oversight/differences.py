"""Q beside P: which operations are answered otherwise, which rules did it, and how sure the difference is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from countermand.oversight.estimates import Estimates
from countermand.oversight.figures import Figure
from countermand.oversight.intervals import ends
from countermand.oversight.report import RuleChange, Transitions
from countermand.oversight.results import OUTCOMES, Answers, Column, Operations, RuleProfile
from countermand.oversight.tallies import Provenance

EXAMPLES_MAX = 12


@dataclass(frozen=True, slots=True)
class Fired:
    """Which rules fired under both policies, under one numbering: row * len(rules) + rule, rising."""

    rules: tuple[str, ...]
    p: Column
    q: Column

    @classmethod
    def of(cls, p: Answers, q: Answers) -> Fired:
        names = dict.fromkeys([rule.id for rule in (*p.policy.rules, *q.policy.rules)])
        numbers = {name: number for number, name in enumerate(names)}

        def entries(answers: Answers) -> Column:
            table = np.array([numbers[rule.id] for rule in answers.policy.rules], dtype=np.int64)
            codes = table[answers.codes] if len(answers.codes) else answers.codes
            return np.unique(answers.rows * len(numbers) + codes)

        return cls(tuple(names), entries(p), entries(q))

    def began(self) -> Column:
        """Entries under Q only."""
        return np.setdiff1d(self.q, self.p, assume_unique=True)

    def ceased(self) -> Column:
        """Entries under P only."""
        return np.setdiff1d(self.p, self.q, assume_unique=True)


def difference_figures(p: Estimates, q: Estimates, told: Provenance) -> dict[str, Figure]:
    """Q minus P of every figure both have; resampled together, so what both share cancels out."""
    found: dict[str, Figure] = {}
    for name, one in p.items():
        other = q.get(name)
        if other is None or one.value is None or other.value is None:
            continue
        bounds = None if one.samples is None or other.samples is None else ends(other.samples - one.samples)
        found[name] = told.figure(other.value - one.value, one.unit, bounds, "bootstrap")
    return found


def transitions_of(operations: Operations, p: Answers, q: Answers, told: Provenance) -> Transitions:
    """How many operations went from which outcome to which."""
    size = len(OUTCOMES)
    place = p.outcome * size + q.outcome

    def table(values: Column) -> list[list[int]]:
        sums = np.bincount(place, weights=values, minlength=size * size).reshape(size, size)
        return [[round(cell) for cell in row] for row in sums.tolist()]

    return Transitions(
        outcomes=list(OUTCOMES),
        operations=table(np.ones(len(operations))),
        fraud=table(operations.fraud),
        genuine=table(operations.genuine),
        money=table(operations.money),
        **told.words,
    )


def rule_changes(p: Answers, q: Answers, fired: Fired, told: Provenance) -> list[RuleChange]:
    """Every rule of either policy; those that changed most come first."""
    size = len(fired.rules)
    in_p = {rule.id: rule for rule in p.policy.rules}
    in_q = {rule.id: rule for rule in q.policy.rules}
    stricter, milder = q.outcome > p.outcome, q.outcome < p.outcome

    def counts(entries: Column, where: Column | None = None) -> Column:
        kept = entries if where is None else entries[where[entries // size]]
        return np.bincount(kept % size, minlength=size)

    began, ceased = fired.began(), fired.ceased()
    moved = np.concatenate([began, ceased])
    columns = zip(
        fired.rules,
        *(counts(entries).tolist() for entries in (fired.p, fired.q, began, ceased)),
        counts(moved, stricter).tolist(),
        counts(moved, milder).tolist(),
        strict=True,
    )
    lines = [
        RuleChange(
            rule=name,
            state=_state(in_p.get(name), in_q.get(name)),
            reason=(in_q.get(name) or in_p[name]).reason,
            fired_p=before,
            fired_q=after,
            began=new,
            ceased=gone,
            stricter=up,
            milder=down,
            **told.words,
        )
        for name, before, after, new, gone, up, down in columns
    ]
    return sorted(lines, key=lambda line: (-(line.began + line.ceased), line.state == "same", line.rule))


def _state(before: RuleProfile | None, after: RuleProfile | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if (before.written, before.kinds) != (after.written, after.kinds):
        return "rewritten"
    if (before.then, before.score) != (after.then, after.score):
        return "reweighted"
    return "same"


def changed_groups(operations: Operations, p: Answers, q: Answers) -> dict[str, Column]:
    """The rows of each group of changed operations, the dearest first.

    Fraud now stopped (`caught`) or no longer (`missed`), genuine operations now disturbed or freed, and what
    else became stricter or milder.
    """
    stricter, milder = q.outcome > p.outcome, q.outcome < p.outcome
    gained, lost = q.stopped & ~p.stopped, p.stopped & ~q.stopped
    fraud, genuine = operations.fraud, operations.genuine
    masks = {
        "caught": gained & fraud,
        "missed": lost & fraud,
        "disturbed": gained & genuine,
        "freed": lost & genuine,
    }
    told = np.logical_or.reduce(list(masks.values()))
    masks |= {"stricter": stricter & ~told, "milder": milder & ~told}
    found: dict[str, Column] = {}
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        found[name] = rows[np.lexsort((rows, -operations.money[rows]))]
    return found
