"""Goal: the demo plays through on the real server, and notices when an attack is not stopped.

Method: play it on real PostgreSQL and a real bank over real sockets, with its own policy and with another;
once as a command in a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import msgspec
import pytest
from rich.console import Console

from countermand.app import DEMO_PLACES
from countermand.drills.demo_bank import LEDGER, simulated_bank
from countermand.drills.demo_stage import Played
from countermand.drills.demo_words import counted, kind_words, outcome_words
from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli import demo as command
from countermand.surfaces.cli.live_view import LiveView
from countermand.surfaces.cli.speech import Speech
from countermand.vocabulary.operations import Kind, Operation
from countermand.vocabulary.outcomes import Outcome

SECONDS_MAX = 120
ACTS = ("morning", "stranger", "grab", "not-me", "stopped", "desk", "traced", "recalled", "settled", "proven")
PROGRAM = [sys.executable, "-c", "from countermand.surfaces.cli.main import main; main()"]


@pytest.fixture
def settings(database_dsn, tmp_path) -> Settings:
    """The product's settings on a database of this test's own."""
    return Settings(
        data_dir=tmp_path,
        database_url=database_dsn,
        policy="cn-consumer-finance",
        port=0,
        geo_country_file=DEMO_PLACES,
    )


async def test_the_demo_plays_through(settings, capsys):
    """Every attack is stopped, ordinary customers are left alone, and the last line says so."""
    failed = await command._play(settings, 1, once=True, story=False)
    lines = capsys.readouterr().out.splitlines()
    assert not failed, lines
    assert lines[-1] == "demo: ok"
    assert sum("→ hold" in line for line in lines) >= 6
    assert any("409 id_reused" in line for line in lines)
    for told in (
        "Taken back. Nothing has left the account.",
        "| What happens: The money goes to bookshop-",
        "The permit verifies with the published key",
        "The bank executed it, exactly once",
        "Still works: looking at the balance, paying back",
        "The appeal is upheld",
        "Whoever entered it: refused",
        "The bank booked 4 operations; both ledgers compared: 0 disagreements",
    ):
        assert any(told in line for line in lines), told


def test_the_command_plays_with_its_own_bank(server_directory):
    """In a process of its own, as JSON, whatever the environment names; the ledger stays.

    The story is part of it, in Chinese: every page that it names answers and says what it should, and the
    bundle of its case is verified by the command.
    """
    done = subprocess.run(
        [*PROGRAM, "demo", "--once", "--json", "--seed", "2", "--data-dir", str(server_directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
        env={
            **os.environ,
            "LC_ALL": "zh_CN.UTF-8",
            "COUNTERMAND_BANKING": "http://127.0.0.1:9",
            "COUNTERMAND_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["demo"] == "ok"
    assert set(report["scenes"]) == {"ordinary", "takeover", "farm", "coached", "mule", "small-loans"}
    assert report["bank"] == {"executed_here": 2, "entries_there": 4, "disagreements": []}
    assert report["story"] == dict.fromkeys(ACTS, "done")
    assert report["operations"] == sum(report["outcomes"].values())
    lines = [json.loads(line) for line in (server_directory / LEDGER).read_text().splitlines()]
    assert sum("entry" in line for line in lines) == 5  # and one of the story


def test_the_bank_ends_even_where_the_demo_is_killed(tmp_path):
    """Nobody is left behind that listens, though nobody could say goodbye."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from countermand.drills.demo_bank import simulated_bank\n"
        "with simulated_bank(Path(sys.argv[1]), []) as address:\n"
        "    print(address, flush=True); time.sleep(60)"
    )
    demo = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    address = demo.stdout.readline().strip()
    assert httpx.get(f"{address}/health").json() == {"ok": True}
    demo.kill()
    demo.communicate()
    deadline = time.monotonic() + SECONDS_MAX
    while _listens(address):
        assert time.monotonic() < deadline, "the bank outlived the demo"


def _listens(address) -> bool:
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.TransportError:
        return False


def test_the_bank_ends_with_the_demo(tmp_path):
    """Inside it listens, afterwards nobody does; where it cannot start, that is said."""
    with simulated_bank(tmp_path, []) as address:
        assert httpx.get(f"{address}/health").json() == {"ok": True}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health")
    (tmp_path / "no" / LEDGER).mkdir(parents=True)
    with pytest.raises(SetupError, match="bank_not_started"), simulated_bank(tmp_path / "no", []):
        pytest.fail("a bank without a ledger")


async def test_a_policy_that_stops_nothing_fails_the_demo(settings, capsys):
    """The demo checks what it shows: under a policy for something else it names what got through."""
    failed = await command._play(replace(settings, policy="handbook-demo"), 1, once=True, story=False)
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
    assert not await command._play(settings, 1, once=False, story=False)
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
    assert all(word in shown for word in ("[bold]a", "4,800.00元", "新的地点", "[已说明]"))
    assert all(word in shown for word in ("转账（transfer）", "暂缓（hold） 1"))


def test_a_chinese_line_says_kinds_and_outcomes_in_chinese():
    """Every kind and every outcome has its word; the code stays in brackets, and out of the sums."""
    for kind in Kind:
        assert kind_words(kind.value).zh.endswith(f"（{kind.value}）")
        assert not kind_words(kind.value).zh[0].isascii()
    for outcome in Outcome:
        assert outcome_words(outcome.word).zh.endswith(f"（{outcome.word}）")
    assert counted({"allow": 3, "hold": 1}) == Text(en="allow 3, hold 1", zh="放行 3、暂缓 1")


def test_a_failure_is_remembered_in_both_languages():
    """What did not hold is kept; what held is not."""
    played = Played()
    played.expect(True, "a", "甲")
    played.expect(False, "b", "乙")
    assert played.failures == [Text(en="b", zh="乙")]
