"""Goal: what became known later counts from its label on, and no feature can count it sooner.

Method: folders by the row with the code of what is found; the generated masks against what conditions mean.
"""

from itertools import product

import pytest

from countermand.policy.explanation import feature_text
from countermand.policy.package import check_policy, compile_policy
from countermand.policy.plan import Observation
from policy.folders import REASON, folder

RULE = f"rules:\n  - {{id: only, when: seen > 3, then: hold, {REASON}}}\n"


def feature(text: str, rule: str = RULE) -> dict[str, str]:
    """A policy with the one feature `seen` and a rule that asks for it."""
    return folder(f"features:\n  seen: {{{text}}}\n{rule}")


REFUSED = [
    ("count: operations, where: fraud IS NULL, by: account, over: 7 days", "holds_without_label"),
    ("count: operations, where: fraud IS NOT TRUE, by: account, over: 7 days", "holds_without_label"),
    ("count: operations, where: fraud OR flag, by: account, over: 7 days", "holds_without_label"),
    ("count: operations, where: 'coalesce(fraud, TRUE)', by: account, over: 7 days", "holds_without_label"),
    (
        "count: operations, where: fraud IS DISTINCT FROM TRUE, by: account, over: 7 days",
        "holds_without_label",
    ),
    ("count: operations, where: fraud, by: account, over: 7 days, own: included", "own_label"),
    ("count: operations, by: account, over: 7 days, delay: 1 day, own: included", "own_delayed"),
    ("count: operations, by: account, over: 24 days, delay: 7 days", "window_too_long"),
    ("count: operations, by: account, over: all, delay: 31 days", "window_too_long"),
    ("first_seen: operations, by: account, over: 7 days, delay: 1 day", "delay_without_sense"),
    ("time_since_last: operations, by: account, over: 7 days, delay: 1 day", "delay_without_sense"),
    ("count: operations, by: account, over: 7 days, delay: 0 days", "bad_duration"),
    ("count: operations, by: account, over: 7 days, delay: soon", "bad_duration"),
    ("count: operations, by: fraud, over: 7 days", "unknown_name"),
    ("distinct: fraud, by: account, over: 7 days", "unknown_name"),
    ("count: operations, where: fraud AND NOT fraud, by: account, over: 7 days", "never_true"),
    ("count: operations, where: fraud = 'yes', by: account, over: 7 days", "type_mix"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_what_cannot_be_counted_is_refused(text, code):
    """A where that holds without a label, an own operation that is not there, a delay that has no place."""
    assert code in [one.code for one in check_policy(feature(text))]


ACCEPTED = [
    "count: operations, where: fraud, by: account, over: 7 days",
    "count: operations, where: NOT fraud, by: account, over: 23 days, delay: 7 days",
    "count: operations, where: fraud AND outcome <> 'deny', by: account, over: 7 days",
    "count: operations, where: fraud IS NOT NULL, by: account, over: 7 days",
    "count: operations, where: 'coalesce(fraud, FALSE)', by: account, over: 7 days",
    "count: operations, where: fraud = FALSE AND flag, by: account, over: 7 days, own: excluded",
    "count: operations, by: account, over: all, delay: 7 days",
    "rate: operations, per: day, by: account, over: 7 days, delay: 7 days",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_needs_the_label_is_accepted(text):
    """Nothing is found, and the operation itself is left out without being told."""
    assert check_policy(feature(text)) == []
    (window,) = compile_policy(feature(text)).plan.windows
    assert not window.own


@pytest.mark.parametrize("word", ["fraud", "outcome"])
def test_the_label_stands_in_a_where_only(word):
    """Neither a rule nor a derived value may ask how the operation at hand ended."""
    when = "fraud" if word == "fraud" else "outcome = 'deny'"
    rule = f'rules:\n  - {{id: only, when: "{when}", then: hold, {REASON}}}\n'
    derived = f'derive:\n  ended: "{when}"\n'
    for files in (folder(rule), folder(derived)):
        (found,) = check_policy(files)
        assert "can only stand in a feature's where" in found.en


@pytest.mark.parametrize(
    "body",
    [
        "features:\n  fraud: {count: operations, by: account, over: 7 days}\n",
        "derive:\n  fraud: whole + 1\n",
        "derive:\n  outcome: whole + 1\n",
    ],
)
def test_the_words_of_the_language_are_nobodys_name(body):
    """A value called fraud could never be asked for in a where."""
    assert "reserved_name" in [one.code for one in check_policy(folder(body))]


FILTERS = {
    "plain": ("flag", lambda *_: False),
    "told": ("fraud", lambda _flag, _outcome, fraud: fraud),
    "honest": ("NOT fraud AND flag", lambda flag, _outcome, fraud: not fraud and flag is True),
    "let_through": (
        "fraud AND outcome = 'allow'",
        lambda _flag, outcome, fraud: fraud and outcome == "allow",
    ),
    "stopped": ("outcome = 'deny'", lambda *_: False),
}


def test_a_label_brings_in_the_filters_that_ask_for_it_and_no_others():
    """Every filter's bit for every label, outcome and value, against what the condition means."""
    features = "".join(
        f'  {name}: {{count: operations, where: "{where}", by: account, over: 7 days, own: excluded}}\n'
        for name, (where, _) in FILTERS.items()
    )
    total = " + ".join(FILTERS)
    rule = f'rules:\n  - {{id: only, when: "{total} > 3", then: hold, {REASON}}}\n'
    program = compile_policy(folder(f"features:\n{features}{rule}"))
    bits = {name: 1 << window.stream for name, window in zip(FILTERS, program.plan.windows, strict=True)}
    assert program.plan.labelled == bits["told"] | bits["honest"] | bits["let_through"]
    assert program.labels_that_enter == {True, False}
    empty = Observation(5, ("a",), 0, ())
    for flag, outcome, fraud in product((True, False, None), ("allow", "deny"), (True, False)):
        facts = [None] * program.given_count
        facts[program.index["flag"]] = flag
        expected = sum(bits[name] for name, (_, holds) in FILTERS.items() if holds(flag, outcome, fraud))
        entry = program.labelled(facts, empty, outcome, fraud=fraud)
        assert entry == (Observation(5, ("a",), expected, ()) if expected else None)
        decided = program.observed(facts, program.observation([*facts]), outcome)
        assert not decided.mask & program.plan.labelled


@pytest.mark.parametrize(
    ("where", "enter"),
    [("fraud", {True}), ("NOT fraud", {False}), ("fraud IS NOT NULL", {True, False}), ("flag", set())],
)
def test_labels_that_can_never_come_in_are_known_beforehand(where, enter):
    """Most labels say genuine; where no filter asks for those, a restart need not read them."""
    files = feature(f"count: operations, where: {where}, by: account, over: 7 days")
    assert compile_policy(files).labels_that_enter == enter


def test_the_delay_is_told_to_people():
    """The sentence of a delayed feature says where its window ends, in both languages."""
    program = compile_policy(feature("count: operations, by: account, over: 7 days, delay: 2 days"))
    (declared,) = [one for one in program.package.declared.features if one.name == "seen"]
    text = feature_text(declared)
    assert "in the last 1 week up to 2 days before" in text.en
    assert "（最近1周，截至2天之前）" in text.zh
