"""Goal: holds survive every crash, and the checker sees it when they do not.

Method: a short drill with real processes; a history with every kind of harm for the checker.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from countermand.drills.crashes.__main__ import Plan, play
from countermand.drills.crashes.checker import HoldRow, violations_of
from countermand.drills.crashes.customers import Seen
from countermand.vocabulary.banking import BankEntry


def test_a_short_drill_breaks_no_promise(server_directory: Path) -> None:
    """A few kills within seconds; whatever happens, nothing is lost, doubled or executed when revoked."""
    plan = Plan(seed=7, injections=6, minutes=0.2, workers=2, customers=2)
    report, violations = asyncio.run(play(plan, server_directory))
    assert violations == []
    assert report["holds"] > 0
    assert report["injections"] > 0


def entry(number: int, operation: str, minor: int = 100) -> BankEntry:
    """The bank executed it."""
    return BankEntry(number=number, key=f"k-{number}", operation=operation, account="a-1", amount_minor=minor)


def test_the_checker_sees_every_harm() -> None:
    """Lost, doubled, executed after a revocation, executed otherwise: a line for each."""
    states = {
        "fine": "executed", "open": "open", "lost": "executed", "revoked": "revoked", "twice": "executed",
        "other": "executed",
    }  # fmt: skip
    holds = {name: HoldRow(name, "a-1", 100, state, "") for name, state in states.items()}
    seen = Seen(held={"fine", "gone"}, revoked={"revoked"})
    entries = [
        entry(1, "fine"), entry(2, "revoked"), entry(3, "twice"), entry(4, "twice"), entry(5, "other", 7),
        entry(6, "stranger"),
    ]  # fmt: skip
    found = list(violations_of(seen, holds, entries))
    assert [line.partition(":")[0] for line in found] == [
        "gone", "twice", "stranger", "open", "lost", "revoked", "revoked", "other",
    ]  # fmt: skip
    assert not list(violations_of(Seen(held={"fine"}), {"fine": holds["fine"]}, entries[:1]))
