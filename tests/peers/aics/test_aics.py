"""Goal: a witness of others cosigns our log, and a verifier of others believes our witness.

Method: PyPI's aics-witness as a process that our client asks; aics-tlog over what our own witness signed.
Runs by `make peers`; elsewhere, and where there is no Python 3.12, it says loudly that it did not.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from adapters.witnesses.witnesses import witness
from countermand.adapters.witnesses.http import HttpWitness
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.kernel.errors import Conflict, CountermandError
from countermand.transparency.notes import VerifierKey, verify_note
from countermand.transparency.witness_ports import Cosigned, Elsewhere

PROGRAMS = Path(__file__).parent / ".venv" / "bin"
LOG = MemoryLog(b"%d" % number for number in range(40))
OTHER = LOG.fork(10, *(b"other %d" % number for number in range(30)))
_VKEY = re.compile(r"\S+\+[0-9a-f]{8}\+\S+")
STARTS_SECONDS_MAX = 20


def missing() -> str | None:
    """What keeps the peer from running here."""
    if "PEERS" not in os.environ:
        return "it was not asked for"
    return None if (PROGRAMS / "aics-witness").is_file() else "aics-witness, or Python 3.12, is not installed"


pytestmark = pytest.mark.skipif(
    missing() is not None, reason=f"NOT CHECKED: a witness of others; {missing()}: run `make peers`"
)


def run(folder: Path, program: str, *arguments: str) -> str:
    """What a program of theirs says."""
    done = subprocess.run(
        [PROGRAMS / program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def test_a_witness_of_others_cosigns_our_log(tmp_path):
    """Their statuses are those our client expects: grown, replayed, out of step, and another story."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    said = run(tmp_path, "aics-witness", "init", "--name", "witness.example/theirs", "--listen", place)
    key = VerifierKey.parse(_VKEY.search(said)[0])
    run(tmp_path, "aics-witness", "add-log", "--origin", ORIGIN, "--vkey", str(LOG.key))
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "aics-witness", "serve", cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            theirs = HttpWitness(f"http://{place}", [key], client, seconds_max=5)
            async with asyncio.timeout(STARTS_SECONDS_MAX):
                while True:
                    try:
                        first = await theirs.add(0, (), LOG.note(7))
                        break
                    except CountermandError:
                        await asyncio.sleep(0.05)
            assert isinstance(first, Cosigned)
            assert await theirs.add(0, (), LOG.note(7)) == Elsewhere(7)
            assert isinstance(await theirs.add(7, LOG.proof(7, 20), LOG.note(20)), Cosigned)
            with pytest.raises(Conflict, match="422"):
                await theirs.add(20, OTHER.proof(20, 30), OTHER.note(30))
            latest = await theirs.latest(ORIGIN)
            assert latest is not None
            assert latest.text == LOG.note(20).text
            assert set(verify_note(latest, [LOG.key, key])) == {LOG.key, key}
    finally:
        process.terminate()
        await process.wait()


async def test_a_verifier_of_others_believes_our_witness(tmp_path):
    """The note that our witness shows, by their command; and not with the key of somebody else."""
    async with (
        witness(tmp_path / "w", "witness.example/ours", LOG.key) as (address, keys),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        ours = HttpWitness(address, keys, client, seconds_max=5)
        await ours.add(0, (), LOG.note(20))
        shown = await ours.latest(ORIGIN)
    (tmp_path / "note").write_text(str(shown), encoding="utf-8")
    check = (
        "verify-checkpoint",
        "--note",
        "note",
        "--log-key",
        str(LOG.key),
        "--origin",
        ORIGIN,
        "--quorum",
        "1",
    )
    run(tmp_path, "aics-tlog", *check, "--witness-key", str(keys[0]))
    stranger = VerifierKey(keys[0].name, keys[0].kind, LOG.key.public)
    with pytest.raises(AssertionError):
        run(tmp_path, "aics-tlog", *check, "--witness-key", str(stranger))
