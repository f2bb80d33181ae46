"""Goal: when our own PostgreSQL ends under load, nothing answered is lost and deciding goes on by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from countermand.app import open_house
from countermand.flows.house import House
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.settings import Settings
from countermand.vocabulary.operations import Operation
from flows.stage import payment

BACK_SECONDS_MAX = 60
DISK_MB = 160
HEADROOM_BYTES = 6_000_000


@pytest.fixture
def small_disk(server_directory: Path) -> Iterator[Path]:
    """A file system of our own that can be filled; only root may mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "tmpfs", str(server_directory)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("NOT TESTED: a full disk needs the right to mount a file system")
    yield server_directory
    subprocess.run(["umount", str(server_directory)], check=True)


async def recorded_again(house: House, operation: Operation) -> bytes:
    """The answer once the database is back."""
    async with asyncio.timeout(BACK_SECONDS_MAX):
        while True:
            try:
                return await house.decider.decide(operation, None)
            except Unavailable:
                await asyncio.sleep(0.2)


def settings_in(directory: Path) -> Settings:
    """A small private database in this directory."""
    return Settings(data_dir=directory / "data", policy="handbook-demo", shared_buffers_mb=16)


async def test_a_killed_database_is_started_again(server_directory: Path) -> None:
    """What was answered before the kill is answered the same after it; we are not restarted."""
    async with open_house(settings_in(server_directory)) as house:
        before = payment()
        answer = await house.decider.decide(before, None)
        postmaster = int((server_directory / "data" / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        refused = await asyncio.gather(house.decider.decide(payment(), None), return_exceptions=True)
        assert isinstance(refused[0], Unavailable | bytes)
        after = await recorded_again(house, payment())
        assert after
        house.decider._recent.forget(before.id)  # asked of the record, not of memory
        assert await recorded_again(house, before) == answer
        assert await house.readiness() == {"database": True, "epoch": True, "clock": True}


async def test_a_full_disk_refuses_safely_and_recovers(small_disk: Path) -> None:
    """The disk fills under load: a retry is safe, and with space again every answer still stands."""
    async with open_house(settings_in(small_disk)) as house:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"0" * (shutil.disk_usage(small_disk).free - HEADROOM_BYTES))
        answered: dict[str, tuple[Operation, bytes]] = {}
        refused: list[CountermandError] = []
        while not refused:
            operations = [payment() for _ in range(400)]
            for operation, result in zip(
                operations, await house.decider.decide_many(operations, None), strict=True
            ):
                if isinstance(result, bytes):
                    answered[operation.id] = operation, result
                else:
                    refused.append(result)
        assert {refusal.code for refusal in refused} == {"database_away"}
        assert answered
        ballast.unlink()
        await recorded_again(house, payment())
        for operation, answer in answered.values():
            house.decider._recent.forget(operation.id)
            assert await house.decider.decide(operation, None) == answer
