"""Goal: the drill of races finds nothing in the product, and finds what was doctored."""

from __future__ import annotations

import json

import pytest

from countermand.drills.races.__main__ import Sent, Stop, main, violations_of
from countermand.drills.races.stopped import Case


def test_a_short_race_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """1,500 operations against containments of many measures: none passes, none is stopped for nothing."""
    assert main(["--operations", "1500", "--seed", "5"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["violations"] == 0
    assert report["operations"] >= 1500
    assert len(report["measures"]) > 5
    assert {"allow", "deny", "hold"} <= set(report["outcomes"])


def _sent(outcome: str, invoked: int, answered: int) -> Sent:
    return Sent("op-1", {"kind": "payment"}, "a-1", None, invoked, answered, outcome)


@pytest.mark.parametrize(
    ("sent", "count"),
    [
        (_sent("allow", 25, 28), 1),
        (_sent("deny", 25, 28), 0),
        (_sent("allow", 15, 28), 0),
        (_sent("allow", 25, 31), 0),
        (_sent("deny", 45, 48), 1),
        (_sent("allow", 45, 48), 0),
    ],
)
def test_the_checker_bites(sent: Sent, count: int) -> None:
    """A pass between acknowledgement (20) and lift (30) is found, and so is a refusal without an order."""
    stop = Stop(Case("freeze", {}, lambda _: True), "a-1", None, 10, 20, 30, 40)
    assert len(violations_of([sent], [stop])) == count
