"""Goal: budgets and assumptions are read as written, or refused with their place. Method: one line a case."""

from __future__ import annotations

import pytest

from countermand.kernel.text import Text
from countermand.policy.comparison import compare
from countermand.policy.explanation import explain
from countermand.policy.package import compile_policy
from countermand.vocabulary.friction import AnswerCost, FalsePositiveBudget
from countermand.vocabulary.outcomes import Outcome
from policy.folders import HEAD, REASON, folder, texts


def rule(*lines: str, then: str = "then: hold") -> str:
    """A policy's rules: one rule with these further lines."""
    more = "".join(f"    {line}\n" for line in lines)
    return f"rules:\n  - id: only\n    when: amount > cny(5)\n    {then}\n{more}    {REASON}\n"


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("0.5%", FalsePositiveBudget(share=0.005)),
        ("2 %", FalsePositiveBudget(share=0.02)),
        ("100%", FalsePositiveBudget(share=1.0)),
        ("20 a day", FalsePositiveBudget(a_day=20)),
        ("0.5 a day", FalsePositiveBudget(a_day=0.5)),
    ],
)
def test_a_budget_is_a_share_or_a_number_a_day(written, budget):
    """On a rule, and as the default in the head."""
    one = compile_policy(folder(rule(f"false_positive_budget: {written}")))
    assert one.bound[0].budget == budget
    assert one.package.declared.head.false_positive_budget is None
    other = compile_policy({"a.yaml": HEAD + f"false_positive_budget: {written}\n", "b.yaml": rule()})
    assert other.bound[0].budget is None
    assert other.package.declared.head.false_positive_budget == budget


@pytest.mark.parametrize("written", ["0%", "101%", "0 a day", "20", "20 a week", "-1%", "some"])
def test_a_budget_that_means_nothing_is_refused(written):
    """At the place of its value."""
    assert texts(folder(rule(f"false_positive_budget: {written}"))) == ["bad_budget 5:28"]
    assert texts({"a.yaml": HEAD + f"false_positive_budget: {written}\n", "b.yaml": rule()}) == [
        f"bad_budget {HEAD.count(chr(10)) + 1}:24"
    ]


def test_a_rule_that_disturbs_nobody_has_no_budget():
    """It can have no false positives; one that gives points can."""
    assert texts(folder(rule("false_positive_budget: 1%", then="then: allow"))) == ["idle_budget 5:28"]
    assert texts(folder(rule("false_positive_budget: 1%", then="score: 5"))) == []


ANSWER = 'answers:\n  - {{outcome: {o}, {t}stops: {s}, source: {{en: "Timed", zh: "实测"}}, as_of: {d}}}\n'


def answers(o="challenge", t="takes: 20 seconds, ", s="90%", d="2026-10-31", times=1):
    """A policy with one assumption."""
    line = ANSWER.format(o=o, t=t, s=s, d=d)
    return folder(rule(), more=line + line.split("\n", 1)[1] * (times - 1))


def test_an_assumption_is_read_with_its_source_and_day():
    """Seconds, share and where it is from."""
    found = compile_policy(answers()).package.declared.answers[Outcome.CHALLENGE]
    assert isinstance(found, AnswerCost)
    assert (found.takes_seconds, found.stops, found.source.zh, found.as_of) == (20, 0.9, "实测", "2026-10-31")
    hold = compile_policy(answers(o="hold", t="")).package.declared.answers[Outcome.HOLD]
    assert hold.takes_seconds is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"o": "allow"}, "bad_answer"),
        ({"o": "perhaps"}, "bad_answer"),
        ({"times": 2}, "bad_answer"),
        ({"s": "101%"}, "bad_answer"),
        ({"s": "most"}, "bad_answer"),
        ({"d": "October"}, "bad_answer"),
        ({"d": "2026-02-30"}, "bad_answer"),
        ({"t": ""}, "bad_answer"),
        ({"t": "takes: a while, "}, "bad_duration"),
        ({"t": "minutes: 3, "}, "unknown_key"),
    ],
)
def test_an_assumption_that_cannot_stand_is_refused(change, code):
    """Each with its own finding."""
    assert code in {found.split()[0] for found in texts(answers(**change))}


@pytest.mark.parametrize("missing", ["source", "as_of", "stops", "outcome"])
def test_no_number_without_source_and_date(missing):
    """An assumption that does not say where it is from, or of when, is refused."""
    line = {"outcome": "challenge", "takes": "20 seconds", "stops": "90%", "source": '{en: "a", zh: "b"}',
            "as_of": "2026-10-31"}  # fmt: skip
    words = ", ".join(f"{key}: {value}" for key, value in line.items() if key != missing)
    found = texts(folder(rule(), more=f"answers:\n  - {{{words}}}\n"))
    assert found[0].startswith("missing_key")


def test_budgets_are_part_of_the_explanation_and_of_a_difference():
    """The head's for all rules, a rule's own beside it, in both languages; a change of either is told."""
    head = HEAD + "false_positive_budget: 0.2%\n"
    one = compile_policy({"a.yaml": head, "b.yaml": rule("false_positive_budget: 5 a day")})
    said = {(part.section, part.name): part.text for part in explain(one)}
    assert said["budget", "false_positive_budget"] == Text(
        en="A rule that says nothing else may disturb at most 0.2% of the genuine operations it looks at.",
        zh="未另作说明的规则至多打扰其所检查正常操作的 0.2%。",
    )
    (spoken,) = (text for (section, _), text in said.items() if section == "rule")
    assert "; it may disturb at most 5 genuine operations a day;" in spoken.en
    assert "；至多打扰每天 5 笔正常操作；" in spoken.zh
    other = compile_policy({"a.yaml": HEAD, "b.yaml": rule("false_positive_budget: 6 a day")})
    assert {(found.section, found.change) for found in compare(one, other)} == {
        ("budget", "removed"),
        ("rule", "changed"),
    }
