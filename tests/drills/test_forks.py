"""Goal: the drill of forks finds every fork and suspects no honest log; and it finds what was doctored."""

from __future__ import annotations

import asyncio
import json
import runpy
from pathlib import Path

import pytest

from countermand.drills.forks import round as round_module
from countermand.drills.forks.__main__ import drill, main
from countermand.drills.forks.operator import HONEST, WAYS, Operator
from countermand.flows import cosign_checkpoint
from countermand.kernel.clock import SystemClock
from countermand.transparency.checkpoints import Checkpoint

SCRIPT = Path(__file__).parents[2] / "docs" / "tools" / "check_fraud_proof.py"


def test_every_fork_is_found_and_no_honest_log_is_suspected(capsys: pytest.CaptureFixture[str]) -> None:
    """A short run of all ways to tell two stories."""
    assert main(["--seed", "7", "--forks", "18"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["forks"], report["found"], report["honest"], report["wrong"]) == (18, 18, 5, 0)
    assert set(report["proved_by_way"]) <= set(WAYS)
    assert report["proved"] + report["alarms"]["log_behind"] >= 18


def test_the_script_that_is_handed_out_believes_every_proof() -> None:
    """What the monitor writes convicts by the thirty lines alone."""
    convicts = runpy.run_path(str(SCRIPT))["convicts"]
    outcomes = asyncio.run(drill(3, 12))
    proved = [(str(Operator(one.seed, one.way).key), str(proof)) for one in outcomes for proof in one.proofs]
    assert len(proved) > 5
    assert all(convicts(key, proof) for key, proof in proved)


async def test_witnesses_that_check_nothing_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """They let both stories have a quorum, and the drill says so."""
    monkeypatch.setattr(cosign_checkpoint, "judge", lambda request, *_: Checkpoint.of_note(request.note))
    found = [await round_module.play(seed, "turn", SystemClock()) for seed in range(3)]
    assert all("quorums cosigned both stories" in one.wrong for one in found)


async def test_a_monitor_that_sees_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at what the log shows alone; forks stay unfound, honest logs unsuspected."""
    look = round_module.monitor_log

    async def blind(policy, origin, shown, witnesses, handed):
        return await look(policy, origin, shown, {}, {})

    monkeypatch.setattr(round_module, "monitor_log", blind)
    found = await round_module.play(1, "split", SystemClock())
    assert "the fork was not found" in found.wrong
    assert (await round_module.play(1, HONEST, SystemClock())).proofs == ()
