"""The pack for the handbook's card payments: its three kinds of fraud, and an everyday payment."""

from __future__ import annotations

import pytest

from countermand.policy.program import Program
from policies.stories import Story, load_pack, tell

MONTH = [f"-{day}d payment payee=t{day} amount=50" for day in range(29, 0, -1)]
CHEAP_THEN_DEAR = [*MONTH[:22], *(line.replace("amount=50", "amount=150") for line in MONTH[22:])]
REPORTED = {"reported_terminals": "t9"}
STORIES = [
    ("an everyday payment", MONTH, "0 payment payee=t1 amount=60", {}, "allow", set()),
    ("a card without history", [], "0 payment payee=t1 amount=60", {}, "allow", set()),
    ("above every card's amount", MONTH[:3], "0 payment payee=t1 amount=220.01", {}, "hold", {"very-large"}),
    ("just below that, on a dear card", [], "0 payment payee=t1 amount=220", {}, "allow", {"large"}),
    ("twice the usual", MONTH, "0 payment payee=t1 amount=100", {}, "allow", {"twice-usual"}),
    ("a stolen card's first days", CHEAP_THEN_DEAR, "0 payment payee=t1 amount=160", {}, "challenge",
     {"dearer-week"}),
    ("five times the usual", MONTH, "0 payment payee=t1 amount=250", {}, "hold", {"four-times-usual"}),
    ("a reported terminal", MONTH, "0 payment payee=t9 amount=50", REPORTED, "challenge",
     {"reported-terminal"}),
    ("another terminal", MONTH, "0 payment payee=t8 amount=50", REPORTED, "allow", set()),
]  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Program:
    """The pack, compiled once."""
    return load_pack("handbook-demo")


@pytest.mark.parametrize(
    ("what", "before", "last", "lists", "outcome", "rules"), STORIES, ids=[row[0] for row in STORIES]
)
def test_the_score_separates_the_kinds_of_fraud(
    program: Program,
    what: str,
    before: list[str],
    last: str,
    lists: dict[str, str],
    outcome: str,
    rules: set[str],
) -> None:
    """Each kind of fraud reaches a band by the rules made for it; everyday payments reach none."""
    decision = tell(program, Story([*before, last], "home=? devices=?", lists))
    assert decision.outcome == outcome, (what, decision)
    assert rules <= {reason.rule for reason in decision.reasons}
    assert (decision.outcome == "allow") == (decision.score < program.bands[0].at_least)
    assert all("{" not in reason.text.en + reason.text.zh for reason in decision.reasons)


def test_all_feature_families_are_there(program: Program) -> None:
    """How often and how much, by card and by terminal, over 1, 7 and 30 days."""
    names = {window.name for window in program.plan.windows}
    families = ("payments", "spent", "usual", "terminal_payments", "terminal_cards")
    assert {f"{family}_{days}d" for family in families for days in (1, 7, 30)} <= names
