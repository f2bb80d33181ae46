"""Goal: the demo plays through on the real server, and notices when an attack is not stopped.

Method: play it on real PostgreSQL over a real socket; once with the policy it is made for, once with another.
"""

import json
from dataclasses import replace

import click
import msgspec
import pytest
from rich.console import Console

from countermand.app import DEMO_PLACES
from countermand.drills.demo import Demo
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli import demo as command
from countermand.surfaces.cli.live_view import LiveView
from countermand.surfaces.cli.speech import Speech
from countermand.vocabulary.operations import Operation


@pytest.fixture
def settings(database_dsn) -> Settings:
    """The product's settings on a database of this test's own."""
    return Settings(
        database_url=database_dsn, policy="cn-consumer-finance", port=0, geo_country_file=DEMO_PLACES
    )


async def test_the_demo_plays_through(settings, capsys):
    """Every attack is stopped, ordinary customers are left alone, and the last line says so."""
    failed = await command._play(settings, 1, once=True)
    lines = capsys.readouterr().out.splitlines()
    assert not failed, lines
    assert lines[-1] == "demo: ok"
    assert sum("→ hold" in line for line in lines) >= 6
    assert any("409 id_reused" in line for line in lines)


async def test_the_demo_speaks_json(settings, capsys):
    """One object: counts for each story, and nothing that should not have been."""
    with click.Context(click.Command("demo"), obj=Speech("zh", as_json=True)):
        failed = await command._play(settings, 2, once=True)
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not failed, report["failures"]
    assert report["demo"] == "ok"
    assert set(report["scenes"]) == {"ordinary", "takeover", "farm", "coached", "mule", "small-loans"}
    assert report["operations"] == sum(report["outcomes"].values())


async def test_a_policy_that_stops_nothing_fails_the_demo(settings, capsys):
    """The demo checks what it shows: under a policy for something else it names what got through."""
    failed = await command._play(replace(settings, policy="handbook-demo"), 1, once=True)
    lines = capsys.readouterr().out.splitlines()
    assert failed
    assert lines[-1] == "demo: failed"
    assert sum(line.startswith("Not as expected: ") and "was not stopped" in line for line in lines) > 10


async def test_without_once_the_server_stays_until_it_is_interrupted(settings, capsys, monkeypatch):
    """Where nobody watches, the addresses and the key are printed, and the demo is played all the same."""
    stayed = []

    async def interrupted() -> None:
        stayed.append(True)

    monkeypatch.setattr(command, "_until_interrupted", interrupted)
    assert not await command._play(settings, 1, once=False)
    printed = capsys.readouterr().out
    assert stayed == [True]
    assert "/v1/operations" in printed
    assert "Authorization: Bearer cm_" in printed


def test_the_live_view_shows_operations_outcomes_and_reasons():
    """An answer that is heard stands in the view, in the reader's language; marks in names are no markup."""
    view = LiveView(Speech("zh"))
    operation = {"id": "o", "kind": "transfer", "account": "[bold]a", "occurred_at": "2026-11-16T09:00:00Z",
                 "amount": {"minor": 480000, "currency": "CNY"}}  # fmt: skip
    reason = {"rule": "r", "text": {"en": "New place", "zh": "新的地点"}, "values": {}}
    decision = {"id": "d", "outcome": "hold", "score": 1, "reasons": [reason], "unknown": [],
                "counterfactual": [], "obligations": [], "policy": "p@1",
                "decided_at": "2026-11-16T09:00:00Z"}  # fmt: skip
    view.heard(
        msgspec.convert(operation, Operation), json.dumps({"operation": "o", "decision": decision}).encode()
    )
    view.told(Text(en="told", zh="[已说明]"))
    console = Console(width=140, record=True)
    console.print(view)
    shown = console.export_text()
    assert all(word in shown for word in ("[bold]a", "4,800.00元", "hold 1", "新的地点", "[已说明]"))


def test_a_failure_is_remembered_in_both_languages():
    """What did not hold is kept; what held is not."""
    played = Demo(door=None, world=None, tell=print).played
    played.expect(True, "a", "甲")
    played.expect(False, "b", "乙")
    assert played.failures == [Text(en="b", zh="乙")]
