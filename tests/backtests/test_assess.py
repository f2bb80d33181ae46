"""Goal: every figure of a report is what its definition says.

Method: a made-up laboratory judged by plain counting, and by policies that really lack the rule.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from backtests.results import EXTRA, POLICY, START, decided, lab, lab_operations, with_column
from countermand.decisions.decide import Question, decide
from countermand.flows.backtest_columns import answers_of, operations_of
from countermand.kernel.errors import BadRequest, SetupError
from countermand.kernel.text import Text
from countermand.oversight.contributions import first_rules
from countermand.oversight.ladder import ladder_of
from countermand.policy.package import compile_recorded
from countermand.surfaces.reports import assess, read_report, report_json, report_schema

SOURCE = Text(en="A made-up laboratory", zh="虚构的实验室")
KEEP = {"source": SOURCE, "made_at": 0, "resamples": 200}
WORDS = ["allow", "challenge", "hold", "approve", "deny"]


@pytest.fixture(scope="module")
def world():
    """P and Q over the same operations, with their tables and their report."""
    operations = lab_operations(5, 3000)
    p, q = lab(), lab("2", first=50, large=400, late="approve", more=EXTRA)
    table_p, table_q = decided(p, operations), decided(q, operations)
    return p, q, table_p, table_q, assess(table_p, p, table_q, q, **KEEP)


def labelled(table):
    """Labels and alerts of the labelled rows, and the money and score of all of them."""
    rows = [row for row in table.to_pylist() if row["label"] is not None]
    return rows, [row["label"] for row in rows], [row["outcome"] != "allow" for row in rows]


def test_detection_figures_are_those_of_scikit_learn(world):
    """Precision, recall, F1, AUC and average precision over the labelled operations."""
    _, _, table, _, report = world
    rows, fraud, alert = labelled(table)
    score = [row["score"] for row in rows]
    figures = report.p.figures
    for name, expected in (
        ("precision", precision_score(fraud, alert)),
        ("recall", recall_score(fraud, alert)),
        ("f1", f1_score(fraud, alert)),
        ("auc_roc", roc_auc_score(fraud, score)),
        ("average_precision", average_precision_score(fraud, score)),
    ):
        figure = figures[name]
        assert figure.value == pytest.approx(expected, abs=1e-12), name
        assert figure.low < figure.value < figure.high, name


def test_money_and_counts_are_plain_sums(world):
    """Outcomes, losses and friction by counting row after row."""
    _, _, table, _, report = world
    rows = table.to_pylist()
    fraud = [row for row in rows if row["label"]]
    others = [row for row in rows if not row["label"]]
    stopped = sum(row["amount"] or 0 for row in fraud if row["outcome"] != "allow")
    weight = {"allow": 0, "challenge": 0.8, "hold": 1, "approve": 1, "deny": 1}
    saved = sum((row["amount"] or 0) * weight[row["outcome"]] for row in fraud)
    figures = {name: figure.value for name, figure in report.p.figures.items()}
    assert figures["loss_total"] == sum(row["amount"] or 0 for row in fraud)
    assert figures["loss_stopped"] == stopped
    assert figures["loss_saved"] == round(saved)
    assert figures["alerts"] == sum(row["outcome"] != "allow" for row in rows)
    assert figures["challenges"] == sum(row["outcome"] == "challenge" for row in rows)
    assert figures["disturbed_share"] == sum(row["outcome"] != "allow" for row in others) / len(others)
    asked = sum(20 for row in others if row["outcome"] == "challenge")
    held = sum(7200 if "huge" in row["fired"] else 86400 for row in others if row["outcome"] == "hold")
    assert figures["seconds_asked"] == pytest.approx(asked / len(others))
    assert figures["seconds_waited"] == pytest.approx(held / len(others))
    counted = Counter(row["outcome"] for row in rows)
    assert {line.outcome: line.operations for line in report.p.outcomes} == {w: counted[w] for w in WORDS}


def test_days_and_hours_are_local(world):
    """Each operation is counted on its local day and hour, summer time and all."""
    _, _, table, _, report = world
    zone = ZoneInfo("Asia/Shanghai")
    moments = [(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone)
               for at in table.column("at").to_pylist()]  # fmt: skip
    days = Counter(moment.date().isoformat() for moment in moments)
    series = report.p.days
    assert {name: n for name, n in zip(series.names, series.operations, strict=True) if n} == dict(days)
    hours = Counter(f"{moment.hour:02d}" for moment in moments)
    assert dict(zip(report.p.hours.names, report.p.hours.operations, strict=True)) == {
        f"{hour:02d}": hours[f"{hour:02d}"] for hour in range(24)
    }
    assert report.data.days == len(series.names)


def test_local_time_follows_a_change_of_the_clock():
    """Two instants an hour apart around the end of summer time share their local hour."""
    table = decided(lab(), lab_operations(1, 2))
    autumn = round(
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    )
    table = with_column(table, "at", [autumn * 10**6, (autumn + 3600) * 10**6])
    assert operations_of(table, "Europe/Brussels").hour.tolist() == [2, 2]
    assert operations_of(table, "UTC").hour.tolist() == [0, 1]


@pytest.mark.parametrize("gone", ["large", "busy-day", "round-sum", "huge", "late-login"])
def test_without_a_rule_is_what_a_policy_without_it_answers(world, gone):
    """The counterfactual of a rule equals really deciding again without it."""
    _, _, table, _, report = world
    text = POLICY.format(version="1", first=60, large=500, late="challenge", more="")
    head, *rules = text.split("  - id: ")
    less = head + "".join(f"  - id: {rule}" for rule in rules if not rule.startswith(gone))
    again = decided(compile_recorded({"policy.yaml": less}), lab_operations(5, 3000)).to_pylist()
    rows = table.to_pylist()
    weight = {"allow": 0, "challenge": 0.8, "hold": 1, "approve": 1, "deny": 1}
    line = next(line for line in report.p.rules if line.rule == gone)
    pairs = [
        (one, other) for one, other in zip(rows, again, strict=True) if one["outcome"] != other["outcome"]
    ]
    freed = [one for one, other in pairs if other["outcome"] == "allow"]
    assert line.decides == len(pairs) > 0
    assert line.loses_fraud == sum(bool(one["label"]) for one in freed)
    assert line.spares == sum(one["label"] is False for one in freed)
    lost = sum(
        (a["amount"] or 0) * (weight[a["outcome"]] - weight[b["outcome"]]) for a, b in pairs if a["label"]
    )
    assert line.loses_money.value == round(lost)


def test_alone_first_and_overlap_are_counted(world):
    """By looking at each operation's rules one by one."""
    p, _, table, _, report = world
    fired = [set(row["fired"]) for row in table.to_pylist()]
    for line in report.p.rules:
        assert line.fired == sum(line.rule in one for one in fired)
        assert line.alone == sum(one == {line.rule} for one in fired)
    for pair in report.p.overlap.pairs:
        both = sum({pair.one, pair.other} <= one for one in fired)
        either = sum(bool({pair.one, pair.other} & one) for one in fired)
        assert (pair.both, pair.jaccard) == (both, both / either)
    codes = [rule.id for rule in p.rules]
    answers = answers_of(table, p)
    for row, first in zip(table.to_pylist(), first_rules(answers).tolist(), strict=True):
        order = sorted(row["fired"], key=lambda name: (-p.rules[codes.index(name)].then, codes.index(name)))
        assert (codes[first] if first >= 0 else None) == (order[0] if order else None)


def test_the_first_rule_is_the_first_reason_of_the_decision():
    """The decision itself lists the same rule first."""
    program = lab()
    table = decided(program, lab_operations(5, 400))
    first = first_rules(answers_of(table, program)).tolist()
    seen = 0
    for row, code in zip(table.to_pylist(), first, strict=True):
        numbers = [number for number, rule in enumerate(program.rules) if rule.id in row["fired"]]
        stub = _Fixed(program, numbers)
        reasons = decide(Question("d", row["kind"], [None] * len(program.specs), None, 0), stub).reasons
        rules = [reason.rule for reason in reasons if not reason.rule.startswith("band.")]
        assert rules[:1] == ([program.rules[code].id] if code >= 0 else [])
        seen += bool(rules)
    assert seen > 30


class _Fixed:
    """A rulebook whose rules fire as told."""

    def __init__(self, program, fired):
        self.label, self.currency = program.label, program.currency
        self.rules, self.bands, self._fired = program.rules, program.bands, fired

    def evaluate(self, kind, facts):
        from countermand.vocabulary.rules import Evaluation

        return Evaluation(self._fired, [])

    def with_amount(self, facts, minor):
        return None

    def amount_of(self, facts):
        return None


def test_the_difference_of_a_policy_with_itself_is_nothing_for_sure():
    """Paired resampling: what both share cancels out to the last bit."""
    table = decided(lab(), lab_operations(5, 800))
    report = assess(table, lab(), table, lab(), **KEEP)
    for name, figure in report.comparison.differences.items():
        assert (figure.value, figure.low, figure.high) == (0, 0, 0), name
    assert report.comparison.changed.value == 0
    assert report.comparison.groups == []


def test_the_comparison_is_counted(world):
    """Transitions, changed rules and groups by walking both tables side by side."""
    _, _, table_p, table_q, report = world
    pairs = list(zip(table_p.to_pylist(), table_q.to_pylist(), strict=True))
    comparison = report.comparison
    moves = Counter((WORDS.index(a["outcome"]), WORDS.index(b["outcome"])) for a, b in pairs)
    assert comparison.transitions.operations == [[moves[i, j] for j in range(5)] for i in range(5)]
    for change in comparison.rules:
        began = [(a, b) for a, b in pairs if change.rule in b["fired"] and change.rule not in a["fired"]]
        ceased = [(a, b) for a, b in pairs if change.rule in a["fired"] and change.rule not in b["fired"]]
        assert (change.began, change.ceased) == (len(began), len(ceased))
        ranks = [(WORDS.index(a["outcome"]), WORDS.index(b["outcome"])) for a, b in began + ceased]
        assert change.stricter == sum(b > a for a, b in ranks)
        assert change.milder == sum(b < a for a, b in ranks)
    states = {change.rule: change.state for change in comparison.rules}
    assert states == {
        "large": "rewritten", "late-login": "reweighted", "known-shop": "added",
        "busy-day": "same", "huge": "same", "round-sum": "same",
    }  # fmt: skip
    caught = next(group for group in comparison.groups if group.group == "caught")
    mine = [(a, b) for a, b in pairs if a["label"] and a["outcome"] == "allow" != b["outcome"]]
    assert caught.operations == len(mine)
    assert caught.money == sum(a["amount"] or 0 for a, _ in mine)
    dearest = max(mine, key=lambda pair: pair[0]["amount"] or 0)
    assert caught.examples[0].id == dearest[0]["id"]
    assert sum(group.operations for group in comparison.groups) == comparison.changed.value


def test_only_common_operations_are_compared(world):
    """What only one policy answered is counted and left out."""
    p, q, table_p, table_q, _ = world
    report = assess(table_p.slice(0, 900), p, table_q.slice(300, 900), q, **KEEP)
    comparison = report.comparison
    assert (comparison.operations.value, comparison.only_p.value, comparison.only_q.value) == (600, 300, 300)
    with pytest.raises(SetupError, match="results_empty"):
        assess(table_p.slice(0, 9), p, table_q.slice(9, 9), q, **KEEP)


def test_budgets_are_judged_by_rule(world):
    """A rule's own budget, or the head's; over it for sure only where the interval says so."""
    _, _, table, _, report = world
    rows = table.to_pylist()
    lines = {line.rule: line.budget for line in report.p.rules}
    wrong = [r for r in rows if "large" in r["fired"] and r["label"] is False and r["outcome"] != "allow"]
    looked = [r for r in rows if r["label"] is False and r["kind"] in ("payment", "withdrawal")]
    assert lines["large"].used.value == len(wrong) / len(looked)
    assert (lines["large"].unit, lines["large"].budget, lines["large"].status) == ("share", 0.01, "over")
    assert (lines["busy-day"].unit, lines["busy-day"].budget) == ("a_day", 2)
    daily = [r for r in rows if "busy-day" in r["fired"] and r["label"] is False and r["outcome"] != "allow"]
    assert lines["busy-day"].used.value == pytest.approx(len(daily) / report.data.days)
    assert lines["busy-day"].status == "within"


def test_without_labels_nothing_is_made_up():
    """Figures that need labels are absent, budgets unknown, and there is no trade-off."""
    table = decided(lab(), [(one, None) for one, _ in lab_operations(5, 300)])
    report = assess(table, lab(), **KEEP)
    assert {"precision", "recall", "auc_roc", "loss_stopped"}.isdisjoint(report.p.figures)
    assert report.p.trade_off is None
    assert {line.budget.status for line in report.p.rules} == {"unknown"}
    assert all(line.precision.value is None for line in report.p.rules)


def test_answers_that_are_not_the_policys_are_refused(world):
    """A stricter policy than the answers' own is told; a stricter answer (a freeze) is taken as it is."""
    p, _, table, _, _ = world
    with pytest.raises(SetupError, match="results_disagree") as refusal:
        assess(table, lab(first=20), **KEEP)
    assert refusal.value.details["rows"] > 0
    outcomes = table.column("outcome").to_pylist()
    frozen = with_column(table, "outcome", ["deny", *outcomes[1:]])
    report = assess(frozen, p, **KEEP)
    assert report.p.outcomes[4].operations == 1
    ladder = ladder_of(answers_of(frozen, p))
    assert ladder.standing[0] == 4
    assert int((ladder.standing > 0).sum()) == 1


@pytest.mark.parametrize(
    ("damage", "column"),
    [
        (lambda t: t.drop_columns(["score"]), "score"),
        (lambda t: t.set_column(9, "fired", t.column("outcome")), "fired"),
        (lambda t: with_column(t, "outcome", ["maybe"] * t.num_rows), "outcome"),
        (lambda t: with_column(t, "at", [None] * t.num_rows), "at"),
        (lambda t: with_column(t, "account", [None] * t.num_rows), "account"),
    ],
)
def test_a_damaged_table_is_refused_by_the_column(world, damage, column):
    """The refusal names what is wrong."""
    p, _, table, _, _ = world
    with pytest.raises(SetupError, match="results_unreadable") as refusal:
        assess(damage(table), p, **KEEP)
    assert refusal.value.details["column"] == column


def test_nothing_to_judge_is_said(world):
    """An empty table is no report."""
    p, _, table, _, _ = world
    with pytest.raises(SetupError, match="results_empty"):
        assess(table.slice(0, 0), p, **KEEP)


def test_the_same_input_gives_the_same_bytes(world):
    """Seeded and reproducible, chunked or not; another seed moves the intervals only."""
    import pyarrow as pa

    p, q, table_p, table_q, report = world
    pieces = pa.concat_tables([table_p.slice(0, 1000), table_p.slice(1000)])
    again = assess(pieces, p, table_q, q, **KEEP)
    assert report_json(again) == report_json(report)
    other = assess(table_p, p, seed=2, **KEEP)
    assert other.p.figures["f1"].value == report.p.figures["f1"].value
    assert other.p.figures["f1"].low != report.p.figures["f1"].low


def test_json_comes_back_whole_and_damaged_json_does_not(world):
    """The way back is exact; a figure that lost its source, or another format, is refused."""
    *_, report = world
    data = report_json(report)
    assert read_report(data) == report
    loose = msgspec.json.decode(data)
    loose["p"]["figures"]["alerts"]["source"] = {"en": "", "zh": ""}
    for broken in (b"{", msgspec.json.encode(loose), data.replace(b"report/1", b"report/9")):
        with pytest.raises(BadRequest, match="report_unreadable"):
            read_report(broken)


def test_figures_are_dated_by_their_data(world):
    """As of the last operation, whoever prints the report and whenever."""
    _, _, table, _, report = world
    assert report.data.as_of == report.data.last_at
    last = max(table.column("at").to_pylist())
    assert datetime.fromisoformat(report.data.as_of) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=last
    )
    assert report.p.answers[0].as_of == "2026-10-31"
    assert report.p.answers[0].stops == 0.8
    assert datetime.fromisoformat(report.data.first_at) >= START


def test_resampled_ranking_equals_the_plain_one():
    """With every customer drawn once, the resampled measures are the measures."""
    from countermand.oversight.estimates import ranking
    from countermand.oversight.intervals import Resamples

    program = lab()
    table = decided(program, lab_operations(9, 900, labelled=1.0))
    operations, answers = operations_of(table, program.timezone), answers_of(table, program)
    once = Resamples(operations.account % 60, np.ones((1, 60)))
    found = ranking(operations, answers, once, 1, 10)
    for name in ("auc_roc", "average_precision"):
        assert found[name].samples[0] == pytest.approx(found[name].value, abs=1e-12)


def test_the_published_schema_is_the_reports():
    """docs/reference/backtest-report.schema.json is what the types say, and a report fits it."""
    from pathlib import Path

    import jsonschema

    file = Path(__file__).resolve().parents[2] / "docs" / "reference" / "backtest-report.schema.json"
    written = msgspec.json.decode(file.read_bytes())
    assert written == report_schema(), "write it again: python -m countermand.surfaces.reports"
    q, operations = lab("2", late="approve"), lab_operations(5, 300)
    tables = decided(lab(), operations), decided(q, operations)
    report = msgspec.json.decode(report_json(assess(tables[0], lab(), tables[1], q, **KEEP)))
    jsonschema.Draft202012Validator(written).validate(report)
    report["p"]["figures"]["alerts"].pop("source")
    with pytest.raises(jsonschema.ValidationError, match="source"):
        jsonschema.Draft202012Validator(written).validate(report)
