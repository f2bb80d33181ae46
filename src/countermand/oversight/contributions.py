"""What each rule does: alone, first, and what would be lost without it; and whether it keeps its budget."""

from __future__ import annotations

import numpy as np

from countermand.oversight.figures import A_DAY, MINOR, SHARE
from countermand.oversight.intervals import Resamples, ends, mean_ends, share_ends
from countermand.oversight.ladder import Ladder
from countermand.oversight.report import BudgetLine, Overlap, OverlapPair, RuleLine
from countermand.oversight.results import OUTCOMES, Answers, Column, Operations, RuleProfile
from countermand.oversight.tallies import Provenance
from countermand.vocabulary.outcomes import Outcome

PAIRS_MAX = 40
MATRIX_MAX = 12


def rule_lines(
    operations: Operations,
    answers: Answers,
    ladder: Ladder,
    resamples: Resamples,
    told: Provenance,
    seed: int,
) -> list[RuleLine]:
    """One line a rule, in the policy's order."""
    policy = answers.policy
    counts = _effective(answers)
    first = first_rules(answers)
    stops = np.array([0.0, *(policy.answers[Outcome(o)].stops for o in range(1, len(OUTCOMES)))])
    lines: list[RuleLine] = []
    for number, rule in enumerate(policy.rules):
        rows = answers.fired_by(number)
        fraud, genuine = operations.fraud[rows], operations.genuine[rows]
        before, after = answers.outcome[rows], ladder.without(number, rows)
        freed = (before > Outcome.ALLOW) & (after == Outcome.ALLOW)
        lost = operations.money[rows] * fraud * (stops[before] - stops[after])
        bad, good = int(fraud.sum()), int(genuine.sum())
        effect = rule.then > Outcome.ALLOW or rule.score > 0
        bounds = ends(resamples.totals(lost, rows)) if bad else None
        lines.append(
            RuleLine(
                rule=rule.id,
                then=rule.then.word,
                score=rule.score,
                reason=rule.reason,
                scenario=rule.scenario,
                written=rule.written,
                fired=len(rows),
                alone=int((counts[rows] == 1).sum()) if effect else 0,
                first=int((first[rows] == number).sum()),
                decides=int((after < before).sum()),
                fraud=bad,
                genuine=good,
                genuine_stopped=int((genuine & (before > Outcome.ALLOW)).sum()),
                precision=told.figure(
                    bad / (bad + good) if bad + good else None, SHARE, share_ends(bad, bad + good), "wilson"
                ),
                loses_fraud=int((fraud & freed).sum()),
                loses_money=told.figure(round(float(lost.sum())), MINOR, bounds, "bootstrap"),
                spares=int((genuine & freed).sum()),
                budget=budget_line(operations, answers, number, told, seed),
                **told.words,
            )
        )
    return lines


def budget_line(
    operations: Operations, answers: Answers, number: int, told: Provenance, seed: int
) -> BudgetLine:
    """The genuine operations a rule fired on that were not simply allowed, against its budget."""
    rule = answers.policy.rules[number]
    rows = answers.fired_by(number)
    wrong = rows[operations.genuine[rows] & answers.stopped[rows]]
    budget = rule.budget
    if not operations.genuine.any():
        limit = None if budget is None else budget.share or budget.a_day
        unit = A_DAY if budget is not None and budget.a_day is not None else SHARE
        used, bounds = told.figure(None, unit), None
    elif budget is not None and budget.a_day is not None:
        daily = np.bincount((operations.day - operations.day.min())[wrong], minlength=operations.days)
        limit, unit, bounds = budget.a_day, A_DAY, mean_ends(daily, seed)
        used = told.figure(float(daily.mean()), unit, bounds, "bootstrap")
    else:
        of = int((operations.genuine & _looked_at(operations, rule)).sum())
        limit, unit, bounds = None if budget is None else budget.share, SHARE, share_ends(len(wrong), of)
        used = told.figure(len(wrong) / of if of else None, unit, bounds, "wilson")
    status = budget_status(limit, used.value, bounds)
    return BudgetLine(status=status, unit=unit, budget=limit, used=used, **told.words)


def budget_status(limit: float | None, used: float | None, bounds: tuple[float, float] | None) -> str:
    """Whether a budget is kept: over it for sure, or perhaps (the interval still reaches it)."""
    if limit is None:
        return "none"
    if used is None:
        return "unknown"
    if used <= limit:
        return "within"
    return "perhaps" if bounds is not None and bounds[0] <= limit else "over"


def _looked_at(operations: Operations, rule: RuleProfile) -> Column:
    """The operations of the rule's kinds."""
    if rule.kinds is None:
        return np.ones(len(operations), dtype=bool)
    mine = np.array([kind in rule.kinds for kind in operations.kinds], dtype=bool)
    return np.asarray(mine[operations.kind])


def first_rules(answers: Answers) -> Column:
    """The rule whose reason stands first, by row: the strictest, then the earliest; -1 where none fired."""
    count, rules = len(answers.outcome), answers.policy.rules
    then = np.array([rule.then for rule in rules], dtype=np.int64)
    first = np.full(count, -1, dtype=np.int64)
    some = np.flatnonzero(np.diff(answers.starts))
    if len(some):
        rank = (len(OUTCOMES) - then[answers.codes]) * len(rules) + answers.codes
        first[some] = np.minimum.reduceat(rank, answers.starts[some]) % len(rules)
    return first


def overlap_of(answers: Answers, told: Provenance) -> Overlap:
    """Which rules fire together; rules that never fire stand aside."""
    rules, count = answers.policy.rules, len(answers.outcome)
    fired = [len(answers.fired_by(number)) for number in range(len(rules))]
    alive = [number for number in range(len(rules)) if fired[number]]
    bits = {number: _packed(answers.fired_by(number), count) for number in alive}
    both = {
        (one, other): int(np.bitwise_count(bits[one] & bits[other]).sum())
        for place, one in enumerate(alive)
        for other in alive[place + 1 :]
    }
    pairs = sorted(
        (
            OverlapPair(
                one=rules[one].id,
                other=rules[other].id,
                both=shared,
                jaccard=shared / (fired[one] + fired[other] - shared),
                share_of_one=shared / fired[one],
                share_of_other=shared / fired[other],
            )
            for (one, other), shared in both.items()
            if shared
        ),
        key=lambda pair: (-pair.jaccard, pair.one, pair.other),
    )
    most = sorted(sorted(alive, key=lambda number: -fired[number])[:MATRIX_MAX])
    shares = [[1.0 if a == b else both[min(a, b), max(a, b)] / fired[a] for b in most] for a in most]
    names = [rules[number].id for number in most]
    return Overlap(pairs=pairs[:PAIRS_MAX], rules=names, shares=shares, **told.words)


def _effective(answers: Answers) -> Column:
    """How many rules with an effect fired on each row."""
    effect = np.array(
        [rule.then > Outcome.ALLOW or rule.score > 0 for rule in answers.policy.rules], dtype=bool
    )
    rows = answers.rows[effect[answers.codes]] if len(answers.codes) else answers.rows
    return np.bincount(rows, minlength=len(answers.outcome))


def _packed(rows: Column, count: int) -> Column:
    marks = np.zeros(count, dtype=bool)
    marks[rows] = True
    return np.packbits(marks)
