"""The report of a backtest: results tables and the policies they come from in, every figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from countermand.flows.backtest_columns import answers_of, operations_of
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import SetupError
from countermand.kernel.money import EXPONENTS
from countermand.kernel.text import Text
from countermand.oversight.assessment import Frame, estimated, policy_report
from countermand.oversight.differences import (
    EXAMPLES_MAX,
    Fired,
    changed_groups,
    difference_figures,
    rule_changes,
    transitions_of,
)
from countermand.oversight.estimates import Estimates
from countermand.oversight.figures import OPERATIONS
from countermand.oversight.intervals import RESAMPLES, Resamples
from countermand.oversight.ladder import ResultsDisagreeError
from countermand.oversight.measures import CARDS_EACH_DAY
from countermand.oversight.report import (
    BacktestReport,
    ChangedGroup,
    ChangedOperation,
    Comparison,
    DataWords,
)
from countermand.oversight.results import OUTCOMES, Answers, Operations
from countermand.oversight.tallies import Provenance
from countermand.policy.program import Program

if TYPE_CHECKING:
    import pyarrow as pa


def assess(
    results_p: pa.Table,
    program_p: Program,
    results_q: pa.Table | None = None,
    program_q: Program | None = None,
    *,
    source: Text,
    made_at: int,
    seed: int = 1,
    resamples: int = RESAMPLES,
    each_day: int = CARDS_EACH_DAY,
) -> BacktestReport:
    """Judge what P answered, and where Q is given, what would change.

    A results table has one row an operation in order of `seq`, with the columns `seq id at kind account
    amount label outcome score fired`; P and Q are compared on the operations both answered. `source` names
    where the operations come from, `made_at` is in microseconds UTC. The last operation dates the figures.

    Raises SetupError: `results_empty` without operations, `results_disagree` where the answers are milder
    than their policy, `results_unreadable` where a column is missing or has another type.
    """
    frame = Frame(seed, resamples, each_day)
    operations, p = _read(results_p, program_p)
    told = Provenance(source, rfc3339(int(operations.at.max())))
    drawn = Resamples.of(operations.account, seed, resamples)
    try:
        estimates = estimated(operations, p, drawn, frame)
        report_p = policy_report(operations, p, estimates, drawn, told, frame)
        report_q, comparison = None, None
        if results_q is not None and program_q is not None:
            operations_q, q = _read(results_q, program_q)
            again = Resamples.of(operations_q.account, seed, resamples)
            estimates_q = estimated(operations_q, q, again, frame)
            report_q = policy_report(operations_q, q, estimates_q, again, told, frame)
            comparison = _compared(
                (results_p, program_p), (results_q, program_q), (estimates, estimates_q), told, frame
            )
    except ResultsDisagreeError as disagreement:
        raise SetupError(
            "results_disagree",
            f"{disagreement.rows} answers are milder than {disagreement.label} allows: "
            "these results come from another policy.",
            f"有{disagreement.rows}个结果比 {disagreement.label} 所要求的更宽松：这些结果出自另一套策略。",
            rows=disagreement.rows,
        ) from None
    return BacktestReport(
        made_at=rfc3339(made_at),
        seed=seed,
        resamples=resamples,
        data=_data(operations, program_p, told),
        p=report_p,
        q=report_q,
        comparison=comparison,
    )


def _read(table: pa.Table, program: Program) -> tuple[Operations, Answers]:
    operations = operations_of(table, program.timezone)
    if not len(operations):
        raise SetupError(
            "results_empty",
            "There are no operations to judge: widen the period or check the mapping.",
            "没有可供评估的操作：请放宽时间范围或检查映射。",
        )
    return operations, answers_of(table, program)


def _data(operations: Operations, program: Program, told: Provenance) -> DataWords:
    return DataWords(
        first_at=rfc3339(int(operations.at.min())),
        last_at=rfc3339(int(operations.at.max())),
        timezone=program.timezone,
        currency=program.currency,
        exponent=EXPONENTS[program.currency],
        operations=len(operations),
        accounts=int(operations.account.max()) + 1,
        days=operations.days,
        labelled=int((operations.label >= 0).sum()),
        fraud=int(operations.fraud.sum()),
        money=int(operations.money.sum()),
        fraud_money=int((operations.money * operations.fraud).sum()),
        **told.words,
    )


Side = tuple["pa.Table", Program]


def _compared(
    one: Side, other: Side, known: tuple[Estimates, Estimates], told: Provenance, frame: Frame
) -> Comparison:
    """Both policies on the operations both answered, drawn together.

    Where both answered all, the estimates known of each were drawn from the same customers already.
    """
    seq_p, seq_q = (side[0].column("seq").to_numpy() for side in (one, other))
    _, rows_p, rows_q = np.intersect1d(seq_p, seq_q, assume_unique=True, return_indices=True)
    if not len(rows_p):
        raise SetupError(
            "results_empty",
            "The two results have no operation in common; there is nothing to compare.",
            "两份结果没有共同的操作，无法比较。",
        )
    same = np.array_equal(seq_p, seq_q)
    table_p, table_q = (one[0], other[0]) if same else (one[0].take(rows_p), other[0].take(rows_q))
    operations, p = _read(table_p, one[1])
    q = answers_of(table_q, other[1])
    if not same:
        drawn = Resamples.of(operations.account, frame.seed, frame.resamples)
        known = estimated(operations, p, drawn, frame), estimated(operations, q, drawn, frame)
    fired = Fired.of(p, q)
    return Comparison(
        operations=told.figure(len(operations), OPERATIONS),
        only_p=told.figure(len(seq_p) - len(operations), OPERATIONS),
        only_q=told.figure(len(seq_q) - len(operations), OPERATIONS),
        changed=told.figure(int((p.outcome != q.outcome).sum()), OPERATIONS),
        differences=difference_figures(*known, told),
        transitions=transitions_of(operations, p, q, told),
        rules=rule_changes(p, q, fired, told),
        groups=[
            ChangedGroup(
                group=name,
                operations=len(rows),
                money=int(operations.money[rows].sum()),
                examples=_examples(table_p, p, q, rows[:EXAMPLES_MAX], told),
                **told.words,
            )
            for name, rows in changed_groups(operations, p, q).items()
            if len(rows)
        ],
    )


def _examples(table: pa.Table, p: Answers, q: Answers, rows: Any, told: Provenance) -> list[ChangedOperation]:
    """The operations at these rows, with the rules that made the difference."""
    columns = ["id", "at", "kind", "account", "amount", "label"]
    found: list[ChangedOperation] = []
    for row, words in zip(rows.tolist(), table.select(columns).take(rows).to_pylist(), strict=True):
        before, after = (_fired(answers, row) for answers in (p, q))
        found.append(
            ChangedOperation(
                id=words["id"],
                at=rfc3339(words["at"]),
                kind=words["kind"],
                account=words["account"],
                money=words["amount"],
                fraud=words["label"],
                outcome_p=OUTCOMES[p.outcome[row]],
                outcome_q=OUTCOMES[q.outcome[row]],
                score_p=int(p.score[row]),
                score_q=int(q.score[row]),
                began=[rule for rule in after if rule not in before],
                ceased=[rule for rule in before if rule not in after],
                both=[rule for rule in after if rule in before],
                **told.words,
            )
        )
    return found


def _fired(answers: Answers, row: int) -> list[str]:
    codes = answers.codes[answers.starts[row] : answers.starts[row + 1]]
    return [answers.policy.rules[code].id for code in codes.tolist()]
