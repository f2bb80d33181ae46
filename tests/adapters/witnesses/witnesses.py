"""Witnesses of our own at real addresses, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from countermand.adapters.witnesses.keys import add_log, make_witness, read_logs, read_witness
from countermand.adapters.witnesses.memory import FileMemory
from countermand.flows.cosign_checkpoint import WitnessHouse
from countermand.kernel.clock import Clock, SystemClock
from countermand.surfaces.http.witness import open_witness_door
from countermand.transparency.notes import VerifierKey


@asynccontextmanager
async def witness(
    folder: Path, name: str, *logs: VerifierKey, clock: Clock | None = None
) -> AsyncIterator[tuple[str, tuple[VerifierKey, ...]]]:
    """A witness's address and keys; its folder outlives it."""
    if not folder.exists():  # noqa: ASYNC240 - a look at a local disk
        make_witness(folder, name)
    for key in logs:
        add_log(folder, str(key))
    cosigners, known = read_witness(folder), read_logs(folder)
    with FileMemory(folder / "memory") as memory:
        house = WitnessHouse(cosigners, known, memory, SystemClock() if clock is None else clock)
        async with open_witness_door(house, "127.0.0.1", 0) as address:
            yield address, tuple(one.key for one in cosigners)


def named(keys: Mapping[str, tuple[VerifierKey, ...]]) -> list[str]:
    """Lines of a trust policy: each witness by its Ed25519 key."""
    return [f"witness {name} {found[0]}" for name, found in keys.items()]
