"""Goal: a threshold is any value its band allows to the checks, one recorded value to each operation.

Method: folders by the row with code, line and column; conditions at random against every value of the bands.
"""

import itertools

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.decisions.decide import Question, decide, judge
from countermand.policy.comparison import compare
from countermand.policy.emit import Emitter, compiled
from countermand.policy.explanation import explain
from countermand.policy.expressions import parse_condition
from countermand.policy.package import check_policy, compile_policy, examine_policy
from countermand.policy.possible import Search
from countermand.policy.rooms import room_of
from countermand.policy.scope import Scope
from countermand.policy.sql.steps import OfflinePolicy
from countermand.policy.terms import Symbol, Type
from countermand.vocabulary.operations import Kind
from policy.folders import REASON, folder, texts

PARTS = {
    "title": "{en: T, zh: 阈}",
    "value": "3",
    "floor": "2",
    "ceiling": "6",
    "step": "1",
    "toward": "{alerts: 40 a day}",
}
RULE = '  - {{id: r{number}, on: [payment], when: "{when}", then: {then}, if_unknown: fire, {reason}}}\n'


def threshold(name="high", **more):
    """One threshold in one line, some of its parts replaced, or left out where None."""
    parts = ", ".join(f"{key}: {value}" for key, value in {**PARTS, **more}.items() if value is not None)
    return f"thresholds:\n  {name}: {{{parts}}}\n"


def rules(*whens, then="hold"):
    """One rule a condition."""
    lines = [RULE.format(number=n, when=when, then=then, reason=REASON) for n, when in enumerate(whens)]
    return "rules:\n" + "".join(lines)


def found_at(body, findings):
    """`code snippet` as `code line:column`: a finding stands where its snippet first does."""
    told = []
    for finding in findings:
        code, snippet = finding.split(" ", 1)
        before = body[: body.index(snippet)]
        told.append(f"{code} {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}")
    return sorted(told)


# What is declared, and every finding with the text at which it stands.
DECLARED = {
    "a value below the band": (threshold(value="1"), ["bad_band 1, floor"]),
    "a value above the band": (threshold(value="7"), ["bad_band 7"]),
    "a band upside down": (threshold(floor="6", ceiling="2"), ["bad_band 6"]),
    "a band of one value": (threshold(floor="3", ceiling="3"), ["bad_band 3, ceiling"]),
    "no step": (threshold(step="0"), ["bad_band 0, toward"]),
    "a step backwards": (threshold(step="-1"), ["bad_band -1"]),
    "a step over the whole band": (threshold(step="5"), ["bad_band 5"]),
    "another unit": (threshold(ceiling="cny(6)"), ["type_mix cny(6)"]),
    "another unit beside a decimal": (threshold(value="2.5", step="cny(1)"), ["type_mix cny(1)"]),
    "another currency": (threshold(ceiling="usd(6)"), ["currency_mix usd(6)"]),
    "no constant": (threshold(value="whole"), ["bad_threshold whole"]),
    "a text": (threshold(value="\"'x'\""), ["bad_threshold \"'x'"]),
    "no aim": (threshold(toward=None), ["missing_key {title"]),
    "an aim without a measure": (threshold(toward="40 a day"), ["not_a_mapping 40 a"]),
    "two aims": (threshold(toward="{alerts: 1%, false_alarms: 1%}"), ["bad_aim {alerts"]),
    "an aim of nothing": (threshold(toward="{alerts: 0 a day}"), ["bad_aim 0 a"]),
    "an unknown measure": (threshold(toward="{alarms: 1%}"), ["unknown_key alarms", "bad_aim {alarms"]),
    "a period too short": (threshold(over="1 minute"), ["bad_duration 1 minute"]),
    "a tolerance of everything": (threshold(within="100%"), ["bad_aim 100%"]),
    "a name that a field has": (threshold("local_hour"), ["doubled_name local_hour"]),
    "a name that a feature has": (
        "features:\n  high: {count: operations, by: account, over: 1 day}\n" + threshold(),
        ["doubled_name high: {title"],
    ),
    "a placeholder": (threshold(value="TODO"), ["placeholder TODO"]),
}


@pytest.mark.parametrize(("declared", "findings"), DECLARED.values(), ids=DECLARED.keys())
def test_a_threshold_that_makes_no_sense_is_refused(declared, findings):
    """Each with its code and its place."""
    body = declared + rules("flag")
    assert sorted(texts(folder(body))) == found_at(body, findings)


# Conditions of rules over a threshold from 2 to 6, and what is found.
USED = {
    ("flag",): ["unused_threshold high"],
    ("whole = high",): ['threshold_not_compared high"'],
    ("whole IN (1, 2) AND whole + high > 3",): ["threshold_not_compared high > 3"],
    ("greatest(whole, high) > 7",): ["threshold_not_compared high) > 7"],
    ("whole > high", "whole < high"): ["threshold_pulls_both_ways high"],
    ("amount > high",): ["type_mix amount"],
    ("wait > high",): ["type_mix wait"],
    ("whole > high AND whole < 2",): ["never_true whole"],
    ("whole > high AND whole < high",): ["never_true whole", "threshold_pulls_both_ways high"],
    ("whole >= high OR whole < 7",): ["always_true whole"],
    ("local_hour > high AND local_hour < 3",): ["never_true local_hour"],
    ("whole > high", "whole > 6 AND flag"): ["shadowed_rule {id: r1"],
    ("whole > high", "whole > 1"): ["shadowed_rule {id: r0"],
    # Only at some values of the band: fine.
    ("whole > high", "whole > 4"): [],
    ("whole > high AND whole < 5",): [],
    ("NOT whole <= high",): [],
    ("whole BETWEEN high AND 90",): [],
    ("coalesce(whole > high, FALSE)",): [],
    ("local_hour < high",): [],
}


@pytest.mark.parametrize(("whens", "findings"), USED.items())
def test_the_checks_take_it_for_any_value_of_its_band(whens, findings):
    """What cannot be at any value is refused; what cannot be at some is not."""
    body = threshold() + rules(*whens)
    assert sorted(texts(folder(body))) == found_at(body, findings)


def test_it_stands_in_rules_and_limits_only():
    """Neither in what windows are made of, nor in what models take."""
    body = threshold() + rules("whole > high")
    derived = texts(folder(body + "derive:\n  twice: high * 2\n"))
    assert derived == ["unknown_name 6:10"]
    feature = 'features:\n  w: {count: operations, by: account, over: 1 day, where: "whole > high"}\n'
    assert texts(folder(body + feature)) == ["unknown_name 6:68"]
    (finding,) = check_policy(folder(body + "derive:\n  twice: high * 2\n"))
    assert "rule's condition" in finding.en


LIMIT = """limits:
  - {{id: l, kinds: [payment], per_operation: {one}, per_day: {day}, then: hold, {reason}}}
"""
MONEY = {"value": "cny(3)", "floor": "cny(2)", "ceiling": "cny(6)", "step": "cny(1)"}


@pytest.mark.parametrize(
    ("one", "day", "findings"),
    [
        ("high", "cny(9)", []),
        ("cny(1)", "high", []),
        ("high", "cny(4)", []),
        ("high", "cny(1)", ["idle_limit 4:46"]),
        ("cny(7)", "high", ["idle_limit 4:46"]),
        ("high * 2", "cny(99)", ["bad_limit 4:46"]),
        ("amount", "high", ["bad_limit 4:46"]),
    ],
)
def test_a_limit_may_move_too(one, day, findings):
    """It is an amount of the band; a part that never decides is idle at every value of it."""
    files = folder(threshold(**MONEY) + LIMIT.format(one=one, day=day, reason=REASON))
    assert texts(files) == findings
    if not findings:
        (found,) = compile_policy(files).package.thresholds
        assert (found.rules, found.band.eases, found.kinds) == (("limit.l",), 1, {Kind.PAYMENT})


@pytest.mark.parametrize(
    ("when", "eases"),
    [
        ("whole > high", 1),
        ("high < whole", 1),
        ("whole < high", -1),
        ("NOT (whole > high OR flag)", -1),
        ("(NOT whole < high) IS TRUE", 1),
        ("(whole >= high) IS FALSE", -1),
        ("flag AND (whole > high OR other > high)", 1),
    ],
)
def test_the_direction_is_read_from_the_condition(when, eases):
    """Whether a greater value makes the rule fire less often (1) or more often (-1)."""
    program = compile_policy(folder(threshold() + rules(when)))
    assert program.package.thresholds[0].band.eases == eases
    index, evaluate = program.index, program.evaluate
    fired = {}
    for high, whole, flag in itertools.product(range(2, 7), range(9), (True, False)):
        facts = [None] * len(program.specs)
        for name, value in (("high", high), ("whole", whole), ("other", whole), ("flag", flag)):
            if name in index:
                facts[index[name]] = value
        fired[high] = fired.get(high, 0) + len(evaluate("payment", facts).fired)
    counts = [fired[high] for high in sorted(fired)]
    assert counts == sorted(counts, reverse=eases > 0)
    assert counts[0] != counts[-1]


BANDS = {"low": (2, 6), "top": (4, 9)}
NAMES = ("whole", "other", *BANDS)
SYMBOLS = {
    **{name: Symbol(name, Type.INTEGER, True) for name in ("whole", "other")},
    **{name: Symbol(name, Type.INTEGER, False, None, *band) for name, band in BANDS.items()},
}
comparisons = st.builds(
    "{} {} {}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]),
    st.sampled_from([*NAMES, "1", "3", "6", "7"]),
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | st.builds("(NOT {})".format, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(conditions)
def test_nothing_that_some_value_of_the_bands_allows_is_called_impossible(text):
    """Every truth that facts give the condition at some values is possible to the search."""
    term = parse_condition(text, Scope(SYMBOLS, "CNY", lambda *_: None, lambda *_: None, {}))
    search = Search({name: room_of(symbol, whole=True) for name, symbol in SYMBOLS.items()}, {})
    emitter = Emitter(lambda name: f"row[{NAMES.index(name)}]")
    body = f"    return True if {emitter.holds(term)} else False if {emitter.fails(term)} else None\n"
    truth = compiled(f"def truth(row):\n{body}", "truth", emitter.constants)
    values = [[None, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10]] * 2 + [range(a, b + 1) for a, b in BANDS.values()]
    happens = {truth(row) for row in itertools.product(*values)}
    for wanted in (True, False, None):
        assert wanted not in happens or search.possible([(term, frozenset({wanted}))]), text


COUNT = "features:\n  paid: {count: operations, by: account, over: 1 day}\n"


def movable():
    """A policy over an amount, with a window, and its program."""
    return compile_policy(folder(threshold("big", **MONEY) + rules("amount > big") + COUNT))


def given_of(program, **values):
    """The given facts by name."""
    return [values.get(name) for name in program.package.given]


def test_the_value_in_force_is_the_last_fact():
    """A moved program differs in that one fact; what is outside the band, or unknown, is not taken."""
    program = movable()
    assert program.specs[-1].origin == "threshold"
    assert program.complete(given_of(program, amount=450), [1])[-1] == 300
    moved = program.with_thresholds({"big": 500.0, "stranger": 1.0})
    assert (moved.thresholds, program.thresholds) == ({"big": 500}, {"big": 300})
    assert moved.complete(given_of(program, amount=450), [1])[-1] == 500
    assert isinstance(moved.thresholds["big"], int)
    assert moved.with_thresholds({"big": 500}) is moved
    assert program.with_thresholds({"big": 10**9}).thresholds == {"big": 600}
    assert program.with_thresholds({"big": 0}).thresholds == {"big": 200}
    constant = compile_policy(folder(COUNT + rules("amount > cny(3)")))
    assert program.windows_digest == moved.windows_digest == constant.windows_digest


def test_a_decision_depends_on_the_recorded_value_alone():
    """Whatever is in force now: the same facts give the same answer, "allowed up to" included."""
    program = movable()
    moved = program.with_thresholds({"big": 500})
    for made, most in ((program, 300), (moved, 500)):
        facts = made.complete(given_of(program, amount=900, kind="payment"), [1])
        question = Question("dec-1", "payment", facts, None, 0)
        answers = [decide(question, asked) for asked in (program, moved)]
        assert answers[0] == answers[1]
        assert answers[0].counterfactual[0].at_most.minor == most


def test_the_band_is_said_in_words_and_its_change_is_a_difference():
    """What an approver reads: where it begins, how far it may go, and what for."""
    program = movable()
    (said,) = [one for one in explain(program) if one.section == "threshold"]
    assert "from cny(2.00) to cny(6.00), at most cny(1.00) in 1 day" in said.text.en
    assert "near 40 a day" in said.text.en
    assert "每天 40 笔" in said.text.zh
    wider = compile_policy(
        folder(
            threshold("big", **{**MONEY, "ceiling": "cny(9)"}, delay="7 days", toward="{false_alarms: 0.5%}")
            + rules("amount > big")
            + COUNT
        )
    )
    (change,) = compare(program, wider)
    assert (change.section, change.name, change.change) == ("threshold", "big", "changed")
    assert "labels have 1 week to come" in change.after.en


def test_a_hold_that_asks_the_amount_only_is_warned_of_as_with_a_constant():
    """A threshold stands for a constant there too."""
    files = folder(
        threshold("big", **MONEY) + rules("amount > big").replace("if_unknown: fire", "if_unknown: skip")
    )
    assert [one.code for one in examine_policy(files).warnings] == ["unknown_passes"]


def test_sql_takes_the_value_of_each_operation():
    """Verdicts over a facts table whose operations were decided under different values."""
    program = movable()
    rows = [(450, 300), (450, 500), (None, 500), (600, 600), (601, 600), (250, 200)]
    policy = OfflinePolicy(program.package, {}, len(rows))
    connection = duckdb.connect()
    columns = ", ".join(
        f'CAST({value} AS {type_}) AS "given.{name}"'
        for name, value, type_ in (
            ("occurred_at", "n", "BIGINT"),
            ("kind", "'payment'", "VARCHAR"),
            ("account", "'a'", "VARCHAR"),
            ("amount", "amount", "BIGINT"),
            ("big", "big", "BIGINT"),
        )
    )
    values = ", ".join(
        f"({n}, {'NULL' if amount is None else amount}, {big})" for n, (amount, big) in enumerate(rows)
    )
    connection.execute(
        f'CREATE TABLE facts AS SELECT CAST(n AS BIGINT) AS "seq", CAST(n AS VARCHAR) AS "id", '
        f'CAST(n AS BIGINT) AS "at", \'payment\' AS "kind", \'a\' AS "account", '
        f'CAST(NULL AS VARCHAR) AS "outcome", {columns} FROM (VALUES {values}) AS v (n, amount, big)'
    )
    for step in policy.steps:
        made = "TABLE" if step.table else "VIEW"
        connection.execute(f"CREATE {made} {step.name} AS {step.text()}")
    found = connection.execute('SELECT "outcome" FROM verdicts ORDER BY "seq"').fetchall()
    expected = []
    for number, (amount, big) in enumerate(rows):
        known = given_of(program, occurred_at=number, kind="payment", account="a", amount=amount)
        facts = [*known, 1, big]
        expected.append(judge(Question("", "payment", facts, None, 0), facts, program).outcome.value)
    assert [row[0] for row in found] == expected
    assert set(expected) == {0, 2}
