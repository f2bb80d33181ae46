"""The report of a backtest as values; whatever holds a number names its source and its date."""

from __future__ import annotations

import msgspec

from countermand.kernel.text import Text
from countermand.oversight.figures import Figure, Sourced

FORMAT = "countermand.backtest-report/1"


class OutcomeLine(Sourced, frozen=True, kw_only=True):
    """How many operations got one outcome; money in minor units."""

    outcome: str
    operations: int
    share: float
    money: int
    fraud: int
    fraud_money: int


class Series(Sourced, frozen=True, kw_only=True):
    """Counts in step, one entry for each of `names`: days, hours of the local day, or kinds of operation.

    `outcomes` has one row an outcome, in the order of the outcomes. `fraud` and `genuine` are labelled.
    """

    names: list[str]
    operations: list[int]
    outcomes: list[list[int]]
    money: list[int]
    fraud: list[int]
    fraud_stopped: list[int]
    genuine: list[int]
    genuine_stopped: list[int]
    fraud_money: list[int]
    fraud_money_stopped: list[int]


class ScoreTable(Sourced, frozen=True, kw_only=True):
    """How scores are spread: operations at scores from `edges[i]` to below `edges[i + 1]`."""

    edges: list[int]
    operations: list[int]
    fraud: list[int]
    genuine: list[int]


class BudgetLine(Sourced, frozen=True, kw_only=True):
    """A rule against its false-positive budget: `within`, `perhaps` (over, but within the margin), `over`.

    `unknown` where nothing is labelled, `none` where no budget was declared. `unit` is `share` or `a_day`.
    """

    status: str
    unit: str
    budget: float | None
    used: Figure


class RuleLine(Sourced, frozen=True, kw_only=True):
    """What one rule does. An operation is disturbed when it is not simply allowed.

    `alone`: operations where no other rule with an effect fired; `first`: where it is the first reason;
    `decides`: where the answer would be milder without it. `loses_*`: what would no longer be stopped without
    the rule, everything else unchanged; `spares`: genuine operations that would no longer be disturbed.
    """

    rule: str
    then: str
    score: int
    reason: Text
    scenario: str
    written: str
    fired: int
    alone: int
    first: int
    decides: int
    fraud: int
    genuine: int
    genuine_stopped: int
    precision: Figure
    loses_fraud: int
    loses_money: Figure
    spares: int
    budget: BudgetLine


class OverlapPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two rules that fire together: on `both` operations, Jaccard's index of their operations."""

    one: str
    other: str
    both: int
    jaccard: float
    share_of_one: float
    share_of_other: float


class Overlap(Sourced, frozen=True, kw_only=True):
    """Which rules fire together: the strongest pairs, and the whole matrix of the rules that fire most.

    `shares[i][j]` is the share of the operations of rule i on which rule j fired too.
    """

    pairs: list[OverlapPair]
    rules: list[str]
    shares: list[list[float]]


class TradeOffPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The policy with its score bands moved to `thresholds` and one rule left out, on the same operations.

    `without` is that rule, empty where all stay; a threshold above 1000 is never reached. `saved` is
    fraudulent money stopped, in minor units; `disturbed` the share of operations not known to be fraud that
    were not simply allowed; `seconds` what an average one of them had to wait or do.
    """

    thresholds: list[int]
    without: str
    saved: int
    saved_share: float | None
    disturbed: float
    seconds: float
    fraud_stopped: int
    precision: float | None
    is_best: bool
    is_current: bool


class TradeOff(Sourced, frozen=True, kw_only=True):
    """Thresholds swept, and rules left out: loss stopped against friction. `is_best` marks the Pareto front.

    `searched` says how many settings were tried. `friction` is what they were weighed by: `disturbed` where
    all thresholds were moved together, `seconds` where they were moved on their own too, because the answers
    are declared to stop unlike shares.
    """

    bands: list[str]
    searched: int
    friction: str
    points: list[TradeOffPoint]


class AnswerLine(Sourced, frozen=True, kw_only=True):
    """What was assumed of an outcome; `takes_seconds` is None where each rule's `hold_for` says it."""

    outcome: str
    takes_seconds: int | None
    stops: float


class PolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one policy would have answered; docs/reference/backtest-report.md lists the `figures`."""

    label: str
    title: Text
    digest: str
    figures: dict[str, Figure]
    outcomes: list[OutcomeLine]
    answers: list[AnswerLine]
    days: Series
    hours: Series
    kinds: Series
    scores: ScoreTable
    rules: list[RuleLine]
    overlap: Overlap
    trade_off: TradeOff | None


class Transitions(Sourced, frozen=True, kw_only=True):
    """From P's outcome (row) to Q's (column): operations, labelled fraud, labelled genuine, money."""

    outcomes: list[str]
    operations: list[list[int]]
    fraud: list[list[int]]
    genuine: list[list[int]]
    money: list[list[int]]


class RuleChange(Sourced, frozen=True, kw_only=True):
    """One rule in both policies: `added removed rewritten reweighted same`, and where it fires.

    `began` and `ceased` count operations on which it fires under Q and not under P, and the reverse;
    `stricter` and `milder` those of them whose answer changed that way.
    """

    rule: str
    state: str
    reason: Text
    fired_p: int
    fired_q: int
    began: int
    ceased: int
    stricter: int
    milder: int


class ChangedOperation(Sourced, frozen=True, kw_only=True):
    """One operation that is answered otherwise; `label` is None where nothing is known."""

    id: str
    at: str
    kind: str
    account: str
    money: int | None
    fraud: bool | None
    outcome_p: str
    outcome_q: str
    score_p: int
    score_q: int
    began: list[str]
    ceased: list[str]
    both: list[str]


class ChangedGroup(Sourced, frozen=True, kw_only=True):
    """Operations that changed alike, the dearest first: `caught missed disturbed freed stricter milder`."""

    group: str
    operations: int
    money: int
    examples: list[ChangedOperation]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Q against P on the operations both answered. `differences` holds Q minus P, with paired intervals."""

    operations: Figure
    only_p: Figure
    only_q: Figure
    changed: Figure
    differences: dict[str, Figure]
    transitions: Transitions
    rules: list[RuleChange]
    groups: list[ChangedGroup]


class DataWords(Sourced, frozen=True, kw_only=True):
    """Which operations were judged; instants are RFC 3339, days local to `timezone`."""

    first_at: str
    last_at: str
    timezone: str
    currency: str
    exponent: int
    operations: int
    accounts: int
    days: int
    labelled: int
    fraud: int
    money: int
    fraud_money: int


class BacktestReport(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest: the data, the policy P, and where it was asked for, Q beside it.

    The same results, seed and number of resamples give the same report, but for `made_at`.
    """

    made_at: str
    seed: int
    resamples: int
    data: DataWords
    p: PolicyReport
    q: PolicyReport | None
    comparison: Comparison | None
    format: str = FORMAT
