"""Goal: somebody outside can run a witness and watch a log with nothing but these commands.

Method: the commands as processes would run them, a log on a small web server, and the script that checks.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager

import pytest

from adapters.witnesses.shown import files_of, shown
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.surfaces.cli.main import main
from countermand.transparency.forks import FraudProof
from countermand.transparency.notes import VerifierKey
from countermand.transparency.proofs import LogProof

LOG = MemoryLog(b"%d" % number for number in range(300))
OTHER = LOG.fork(100, *(b"other %d" % number for number in range(100)))


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    said = capsys.readouterr()
    return ended.value.code or 0, said.out, said.err


@contextmanager
def served(files):
    """The files on a server in a thread of its own: a command has its own event loop."""
    ready, ended, address = threading.Event(), [], []

    async def serve():
        stop = asyncio.Event()
        ended.append((asyncio.get_running_loop(), stop))
        async with shown(files) as url:
            address.append(url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield address[0]
    finally:
        loop, stop = ended[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_a_witness_is_made_and_learns_of_a_log(capsys, tmp_path):
    """Its keys are printed once; a key that is none is refused by its code, in both languages."""
    code, out, err = run(capsys, "witness", "init", "--folder", tmp_path / "w", "--name", "witness.example/w")
    keys = [VerifierKey.parse(line) for line in out.splitlines()]
    assert (code, [key.name for key in keys]) == (0, ["witness.example/w"] * 2)
    assert "trust this witness" in err
    code, out, _ = run(capsys, "witness", "add-log", "--folder", tmp_path / "w", LOG.key, "--json")
    assert (code, json.loads(out)["origin"]) == (0, ORIGIN)
    code, _, err = run(capsys, "witness", "init", "--folder", tmp_path / "w", "--name", "x")
    assert (code, "witness_exists" in err) == (1, True)
    code, _, err = run(capsys, "--lang", "zh", "witness", "add-log", "--folder", tmp_path / "w", "nonsense")
    assert (code, "见证方无法使用" in err) == (1, True)


def test_a_log_is_watched_and_convicted(capsys, tmp_path):
    """One story: 0. A note of another story: 1, and a proof on disk. Somebody away or ahead: 2."""
    policy, state = tmp_path / "policy.txt", tmp_path / "state"
    files = files_of(LOG, 250)
    watch = ("log", "monitor", "--policy", policy, "--state", state, "--json")
    with served(files) as address:
        policy.write_text(f"log {LOG.key} {address}\nquorum none\n")
        code, out, _ = run(capsys, *watch)
        assert (code, json.loads(out)["agree"]) == (0, ["log"])
        ahead, receipt = tmp_path / "ahead.txt", tmp_path / "receipt.tlog-proof"
        ahead.write_text(str(LOG.note(260)))
        code, out, _ = run(capsys, *watch, "--note", ahead)
        assert (code, json.loads(out)["doubts"]) == (2, {str(ahead): "log_behind"})
        files.update(files_of(LOG, 300))
        code, out, _ = run(capsys, *watch)
        assert (code, len(json.loads(out)["agree"])) == (0, 3)
        receipt.write_text(str(LogProof(3, (), OTHER.note(200))))
        code, out, _ = run(capsys, *watch, "--note", receipt)
        found = json.loads(out)
        assert (code, found["forks"], found["written"]) == (1, 1, [str(state / "fraud-proof.txt")])
        assert FraudProof.parse((state / "fraud-proof.txt").read_bytes()).holds([LOG.key])
        code, out, _ = run(capsys, "--lang", "zh", *watch[:-1])
        assert (code, "出现分叉" in out, "此前已写出" in out) == (1, True, True)
        assert [path.name for path in state.glob("fraud-proof*")] == ["fraud-proof.txt"]
    code, out, _ = run(capsys, *watch)
    assert (code, json.loads(out)["doubts"]["log"]) == (2, "log_away")


def test_what_cannot_be_watched_is_refused(capsys, tmp_path):
    """No policy, no address, no such log, a file that is no note."""
    policy = tmp_path / "policy.txt"
    watch = ("log", "monitor", "--policy", policy, "--state", tmp_path)
    assert "trust_policy_unusable" in run(capsys, *watch)[2]
    policy.write_text(f"log {LOG.key}\nquorum none\n")
    assert "log_address_missing" in run(capsys, *watch)[2]
    assert "unknown_log_origin" in run(capsys, *watch, "--origin", "x")[2]
    assert "note_unreadable" in run(capsys, *watch, "--address", "http://127.0.0.1:9", "--note", policy)[2]


def test_outsiders_are_asked_and_shown(capsys, tmp_path, database_dsn, monkeypatch):
    """While nothing is signed there is nothing to show; a policy that is none stops the command."""
    monkeypatch.setenv("COUNTERMAND_DATABASE_URL", database_dsn)
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {LOG.key}\nquorum none\n")
    monkeypatch.setenv("COUNTERMAND_TRUST_POLICY", str(policy))
    assert run(capsys, "log", "ask", "--once", "--json")[:2] == (0, "[]\n")
    assert "nobody outside is set" in run(capsys, "log", "outsiders")[1]
    policy.write_text("nonsense")
    assert "trust_policy_unusable" in run(capsys, "log", "ask", "--once")[2]
    monkeypatch.setenv("COUNTERMAND_TRUST_POLICY", "")
    monkeypatch.setenv("COUNTERMAND_ANCHOR_URL", "http://node.example")
    assert "COUNTERMAND_ANCHOR_SENDER" in run(capsys, "log", "outsiders")[2]
