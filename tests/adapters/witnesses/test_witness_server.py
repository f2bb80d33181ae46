"""Goal: our witness keeps before it answers, tells no two stories, and speaks the protocol to the byte.

Method: its real server with raw HTTP requests; copies of its folder stand for a crash at that instant.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

import countermand
from adapters.witnesses.witnesses import witness
from countermand.adapters.witnesses import memory as memory_module
from countermand.adapters.witnesses.http import HttpWitness
from countermand.adapters.witnesses.keys import (
    KEYS_NAME,
    LOGS_NAME,
    add_log,
    make_witness,
    read_logs,
    read_witness,
)
from countermand.adapters.witnesses.memory import FileMemory
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.kernel.errors import Conflict, SetupError, Unavailable
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, parse_note, verify_note
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.witness import AddCheckpoint, origin_hash
from countermand.transparency.witness_ports import Cosigned, Elsewhere

LOG = MemoryLog(b"%d" % number for number in range(40))
OTHER = LOG.fork(10, *(b"other %d" % number for number in range(30)))


def body(old: int, new: int, log: MemoryLog = LOG) -> bytes:
    """A request to cosign a step of a log."""
    return str(AddCheckpoint(old, tuple(log.proof(old, new)), log.note(new))).encode()


async def test_the_protocol_to_the_byte(tmp_path):
    """Statuses, content types and bodies of every kind of answer; what is shown is what was cosigned."""
    stranger = MemoryLog((b"0",), origin="other.example/log")
    async with (
        witness(tmp_path / "w", "witness.example/w", LOG.key) as (address, keys),
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
    ):
        shown = f"/{origin_hash(ORIGIN)}/checkpoint"
        assert (await client.get(shown)).status_code == 404
        first = await client.post("/add-checkpoint", content=body(0, 7))
        assert (first.status_code, len(first.text.splitlines())) == (200, 2)
        assert {
            one.name for one in verify_note(parse_note(f"{LOG.note(7).text}\n{first.text}".encode()), keys)
        }
        conflict = await client.post("/add-checkpoint", content=body(5, 20))
        assert (conflict.status_code, conflict.text) == (409, "7\n")
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        statuses = {
            400: [b"", b"old 9\n\n" + str(LOG.note(8)).encode(), b"x" * 500_000],
            403: [str(AddCheckpoint(7, (), Note(LOG.note(8).text, LOG.note(7).signatures))).encode()],
            404: [str(AddCheckpoint(0, (), stranger.note())).encode()],
            422: [
                str(AddCheckpoint(7, (), LOG.note(12))).encode(),
                str(AddCheckpoint(7, (bytes(32), *LOG.proof(7, 20)), LOG.note(20))).encode(),
            ],
        }
        for status, bodies in statuses.items():
            for one in bodies:
                assert (await client.post("/add-checkpoint", content=one)).status_code == status, one[:80]
        assert (await client.get("/add-checkpoint")).status_code == 405
        assert (await client.post(shown)).status_code == 405
        for path in (
            "/",
            "/../x/checkpoint",
            f"/{'0' * 64}/checkpoint",
            f"/{origin_hash(ORIGIN)}/x",
            f"{shown}/",
        ):
            assert (await client.get(path)).status_code == 404
        note = parse_note((await client.get(shown)).content)
        assert Checkpoint.of_note(note).size == 7
        assert len(verify_note(note, [LOG.key, *keys])) == 3
        policy = f"log {LOG.key}\nwitness w {keys[0]}\nquorum w\n"
        assert TrustPolicy.parse(policy).judge(note).quorum_met


async def test_of_concurrent_steps_one_wins(tmp_path):
    """Twenty steps from one size at once, of two stories: one is cosigned, all others hear the size."""
    async with (
        witness(tmp_path / "w", "witness.example/w", LOG.key) as (address, keys),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        asker = HttpWitness(address, keys, client, seconds_max=5)
        assert isinstance(await asker.add(0, (), LOG.note(10)), Cosigned)
        steps = [(log, size) for size in range(11, 21) for log in (LOG, OTHER)]
        answers = await asyncio.gather(
            *(asker.add(10, log.proof(10, size), log.note(size)) for log, size in steps)
        )
        won = [step for step, answer in zip(steps, answers, strict=True) if isinstance(answer, Cosigned)]
        assert len(won) == 1
        size = won[0][1]
        assert [answer for answer in answers if answer != Elsewhere(size)] == [
            answer for answer in answers if isinstance(answer, Cosigned)
        ]
        kept = await asker.latest(ORIGIN)
        assert kept is not None
        assert Checkpoint.of_note(kept) == won[0][0].checkpoint(size)


async def test_what_is_answered_was_synced_before(tmp_path, monkeypatch):
    """File, then move, then folder are synced; after a failure in one of them nothing is cosigned."""
    steps, broken = [], set()
    fsync, replace = os.fsync, type(tmp_path).replace

    def noted(name, act):
        def call(*given):
            steps.append(name)
            if name in broken:
                raise OSError(28, "No space left on device")
            return act(*given)

        return call

    monkeypatch.setattr(memory_module.os, "fsync", noted("sync", fsync))
    monkeypatch.setattr(type(tmp_path), "replace", noted("move", replace))
    with FileMemory(tmp_path / "memory") as memory:
        async with memory.held(ORIGIN) as held:
            await held.keep(LOG.note(7))
        assert steps[-3:] == ["sync", "move", "sync"]
        for step in ("sync", "move"):
            broken.add(step)
            async with memory.held(ORIGIN) as held:
                with pytest.raises(Unavailable, match="witness_memory"):
                    await held.keep(LOG.note(8))
                assert held.note == LOG.note(7)
            assert await memory.latest(origin_hash(ORIGIN)) == str(LOG.note(7))
            broken.clear()


async def test_a_witness_that_starts_again_knows_where_it_was(tmp_path):
    """It asks for a proof from where it stood, also where the answer never arrived; and gives it twice."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for restart in range(2):
            async with witness(tmp_path / "w", "witness.example/w", LOG.key) as (address, keys):
                asker = HttpWitness(address, keys, client, seconds_max=5)
                if not restart:
                    assert isinstance(await asker.add(0, (), LOG.note(20)), Cosigned)
                assert isinstance(await asker.add(20, (), LOG.note(20)), Cosigned)
                assert await asker.add(0, (), OTHER.note(30)) == Elsewhere(20)
                with pytest.raises(Conflict, match=r"witness_refuses.*422"):
                    await asker.add(20, OTHER.proof(20, 30), OTHER.note(30))
    suspects = list((tmp_path / "w" / "memory" / origin_hash(ORIGIN)).glob("suspect-*"))
    assert [parse_note(one.read_bytes()) for one in suspects] == [OTHER.note(30)]


PROGRAM = """
import asyncio, sys
from pathlib import Path
from adapters.witnesses.witnesses import witness

async def main():
    async with witness(Path(sys.argv[1]), "witness.example/w") as (address, _):
        print(address, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_witness_that_is_killed_goes_on_where_it_was(tmp_path):
    """A process of its own, killed at once after its answer: what it answered is what it knows."""
    folder = tmp_path / "w"
    make_witness(folder, "witness.example/w")
    add_log(folder, str(LOG.key))
    paths = os.pathsep.join([str(Path(countermand.__file__).parents[1]), str(Path(__file__).parents[2])])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(folder),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            address = (await process.stdout.readline()).decode().strip()
            answer = await client.post(f"{address}/add-checkpoint", content=body(0, 20))
        finally:
            process.kill()
            await process.wait()
        assert answer.status_code == 200
        async with witness(folder, "witness.example/w") as (address, keys):
            asker = HttpWitness(address, keys, client, seconds_max=5)
            assert await asker.add(0, (), OTHER.note(30)) == Elsewhere(20)
            assert isinstance(await asker.add(20, LOG.proof(20, 30), LOG.note(30)), Cosigned)


async def test_two_witnesses_with_one_memory_are_refused(tmp_path):
    """The second one does not start; and a damaged memory answers nobody."""
    with FileMemory(tmp_path) as memory:
        with pytest.raises(SetupError, match="witness_busy"), FileMemory(tmp_path):
            pass
        async with memory.held(ORIGIN) as held:
            await held.keep(LOG.note(7))
        path = tmp_path / origin_hash(ORIGIN) / "checkpoint"
        for damaged in (b"", path.read_bytes()[:-20], str(MemoryLog((b"0",), origin="x").note()).encode()):
            path.write_bytes(damaged)
            with pytest.raises(Unavailable, match="witness_memory"):
                async with memory.held(ORIGIN):
                    pass


def test_the_keys_of_a_witness_are_made_once_and_read_by_nobody_else(tmp_path):
    """Made, read again the same; never replaced; refused where others may read them or they are no keys."""
    made = make_witness(tmp_path / "w", "witness.example/w")
    assert [one.key for one in read_witness(tmp_path / "w")] == [one.key for one in made]
    with pytest.raises(SetupError, match="witness_exists"):
        make_witness(tmp_path / "w", "witness.example/w")
    with pytest.raises(SetupError, match="witness_unusable"):
        make_witness(tmp_path / "v", "a name")
    add_log(tmp_path / "w", str(LOG.key))
    add_log(tmp_path / "w", str(LOG.key))
    assert read_logs(tmp_path / "w") == {ORIGIN: (LOG.key,)}
    for bad in ("", "x", str(made[0].key)):
        with pytest.raises(SetupError, match="witness_unusable"):
            add_log(tmp_path / "w", bad)
    (tmp_path / "w" / LOGS_NAME).write_text("nonsense")
    with pytest.raises(SetupError, match="witness_unusable"):
        read_logs(tmp_path / "w")
    for spoil in (lambda keys: keys.write_bytes(b""), lambda keys: keys.chmod(0o644)):
        spoil(tmp_path / "w" / KEYS_NAME)
        with pytest.raises(SetupError, match="witness_unusable"):
            read_witness(tmp_path / "w")
