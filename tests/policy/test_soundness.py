"""Goal: what the analyser calls impossible never happens.

Method: conditions at random against random facts, and policies at random whose windows are computed by their
definition over random histories: nothing called never true, always true, implied or out of order may show.
COUNTERMAND_CASES sets how many pairs of conditions and facts are tried.
"""

import os

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from countermand.drills.faults.facts import Chance, Machine, histories
from countermand.drills.faults.pack import understood
from countermand.drills.faults.proof import truth_of
from countermand.policy.catalogue import FIELDS
from countermand.policy.emit import Emitter, compiled
from countermand.policy.expressions import parse_condition
from countermand.policy.overlaps import Ladder, fires, stays_silent
from countermand.policy.possible import Search
from countermand.policy.rooms import room_of
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.searching import of_kind, search_of, search_within
from countermand.policy.terms import Symbol, Type
from countermand.policy.wording import written
from countermand.vocabulary.operations import Kind
from policy.at_random import FACT_NAMES, conditions, rows
from policy.folders import REASON, folder

CASES = int(os.environ.get("COUNTERMAND_CASES", "8000"))
ROWS = 40
SYMBOLS = {
    name: FIELDS[name].symbol if name in FIELDS else Symbol(name, type_, nullable)
    for name, type_, nullable in FACT_NAMES
}
SCOPE = Scope(SYMBOLS, "CNY", lambda *_: None, lambda *_: None, {})
WHOLE = (Type.INTEGER, Type.MONEY, Type.DURATION)
ROOMS = {name: room_of(symbol, whole=symbol.type in WHOLE) for name, symbol in SYMBOLS.items()}
TRUTHS = (True, False, None)
thorough = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=max(1, CASES // ROWS // 4),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def parsed(term):
    """A random condition as the language understands it, with what can be unknown told truly."""
    try:
        return parse_condition(written(term, "CNY"), SCOPE)
    except ExpressionError:
        assume(False)


def truth(term):
    """A function of a row: TRUE, FALSE or None."""
    index = {name: number for number, (name, _, _) in enumerate(FACT_NAMES)}
    emitter = Emitter(lambda name: f"row[{index[name]}]")
    body = f"    return True if {emitter.holds(term)} else False if {emitter.fails(term)} else None\n"
    return compiled(f"def truth(row):\n{body}", "truth", emitter.constants)


def lawful(row):
    """Whether the facts keep to the bounds of their fields."""
    for (name, _, _), value in zip(FACT_NAMES, row, strict=True):
        low, high = SYMBOLS[name].minimum, SYMBOLS[name].maximum
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            return False
    return True


@thorough
@given(conditions(3), conditions(2), st.lists(rows().filter(lawful), min_size=ROWS, max_size=ROWS))
def test_what_is_called_impossible_never_happens(first, second, facts):
    """Every truth that some facts give a condition, alone and beside another one, is called possible."""
    one, other = parsed(first), parsed(second)
    search = Search(ROOMS, {})
    alone = {wanted for wanted in TRUTHS if search.possible([(one, frozenset({wanted}))])}
    together = {
        (mine, yours)
        for mine in TRUTHS
        for yours in TRUTHS
        if search.possible([(one, frozenset({mine})), (other, frozenset({yours}))])
    }
    implied = search.implies(one, other)
    mine, yours = truth(one), truth(other)
    for row in facts:
        seen = (mine(row), yours(row))
        assert seen[0] in alone, (written(one, "CNY"), row)
        assert seen in together, (written(one, "CNY"), written(other, "CNY"), row)
        assert not (implied and seen[0] is True and seen[1] is not True)


FILTERS = ["", "kind = 'payment'", "kind IN ('payment', 'transfer')", "amount > cny(5)", "flag",
           "kind = 'payment' AND amount > cny(5)"]  # fmt: skip
KEYS = ["account", "device", "[account, device]"]
AGGREGATES = ["count: operations", "distinct: device", "sum: amount", "max: amount", "min: amount",
              "first_seen: operations", "time_since_last: operations"]  # fmt: skip
BOUNDS = {"count": "2", "distinct": "2", "sum": "cny(7)", "max": "cny(7)", "min": "cny(7)",
          "first_seen": "INTERVAL '2 hours'", "time_since_last": "INTERVAL '2 hours'"}  # fmt: skip


@st.composite
def policies(draw):
    """Four windows that may lie within each other, and rules that compare them, also with bounds."""
    names, features = [], "features:\n"
    for number in range(4):
        aggregate = draw(st.sampled_from(AGGREGATES))
        word = aggregate.split(":")[0]
        where = draw(st.sampled_from(FILTERS))
        said = [
            aggregate,
            f"by: {draw(st.sampled_from(KEYS))}",
            f"over: {draw(st.sampled_from([1, 6, 24]))} hours",
        ]
        said += [f'where: "{where}"'] if where else []
        own = word in ("first_seen", "time_since_last")
        said += [] if own or draw(st.booleans()) else ["own: excluded"]
        names.append((f"w{number}", word))
        features += f"  w{number}: {{{', '.join(said)}}}\n"
    lines = []
    for number in range(4):
        parts = [draw(comparisons(names)) for _ in range(draw(st.integers(1, 2)))]
        joined = draw(st.sampled_from([" AND ", " OR "])).join(parts)
        on = draw(st.sampled_from(["", "on: [payment], ", "on: [payment, transfer], "]))
        unknown = draw(st.sampled_from(["fire", "skip"]))
        lines.append(
            f'  - {{id: r{number}, {on}when: "{joined}", then: hold, if_unknown: {unknown}, {REASON}}}\n'
        )
    return folder(features + "rules:\n" + "".join(lines))


@st.composite
def comparisons(draw, names):
    """Two windows of one type, a window and a bound, or a missing key."""
    name, word = draw(st.sampled_from(names))
    operator = draw(st.sampled_from(["<", "<=", ">", ">=", "="]))
    form = draw(st.integers(0, 5))
    if form == 0:
        return draw(st.sampled_from(["device IS NULL", "amount IS NULL", "currency = 'USD'", "NOT flag"]))
    alike = [other for other, its in names if other != name and BOUNDS[its][:3] == BOUNDS[word][:3]]
    if form <= 3 and alike:
        return f"{name} {operator} {draw(st.sampled_from(alike))}"
    return f"{name} {operator} {BOUNDS[word]}"


@settings(thorough, max_examples=max(1, CASES // 800))
@given(policies(), st.integers(0, 10**6))
def test_what_is_said_of_windows_holds_in_every_history(files, seed):
    """Relations, rules that never fire, and rules covered by others, against windows by their definition."""
    package = understood(files)
    assert package is not None
    search, machine = search_of(package), Machine(package)
    ladder, rules = Ladder(package, search), package.rules
    within = {rule.id: search_within(package, search, rule.kinds) for rule in rules}
    called = {
        rule.id: {
            wanted
            for wanted in TRUTHS
            if within[rule.id].possible(
                [*((one, frozenset({True})) for one in of_kind(rule.kinds)), (rule.when, frozenset({wanted}))]
            )
        }
        for rule in rules
    }
    covered = [
        (mild, strict)
        for mild in rules
        for strict in rules
        if mild is not strict and ladder.covered(mild, strict)
    ]
    truths = {rule.id: truth_of(rule.when, machine) for rule in rules}
    for values, (facts,) in histories(Chance([package], seed), [machine], 2, 30):
        named = dict(zip(machine.names, facts, strict=True))
        seen = {rule.id: truths[rule.id](facts) for rule in rules}
        kind = Kind(values["kind"])
        for less, more in ((less, more) for less, all_ in search.relations.within.items() for more in all_):
            assert named[less] is None or named[more] is None or named[less] <= named[more], (
                less,
                more,
                named,
            )
        for name, needed in search.relations.needs.items():
            for source, wanted in needed:
                if named.get(name) is not None and source in named:
                    assert named[source] is not None
                    assert wanted is None or named[source] in wanted
        for rule in rules:
            if rule.kinds is None or kind in rule.kinds:
                assert seen[rule.id] in called[rule.id], (rule.text, named)
        for mild, strict in covered:
            if mild.kinds is None or kind in mild.kinds:
                fired = seen[mild.id] in fires(mild)[1]
                assert not (fired and seen[strict.id] in stays_silent(strict)[1]), (
                    mild.text,
                    strict.text,
                    named,
                )
