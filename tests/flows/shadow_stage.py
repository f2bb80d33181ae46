"""What the tests of shadows share: a story with everything in it, and what was answered to it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from countermand.adapters.postgres.shadow_chunks import unpack
from countermand.app import open_follower
from countermand.flows.follow_operations import Follower
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_shadows import (
    add_shadow,
    checked_policy,
)
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from flows.stage import NOON, POLICY, SECOND, payment

HOUR = 3600 * SECOND
Answer = tuple[str, int, tuple[str, ...]]
WORDS = ("allow", "challenge", "hold", "approve", "deny")


def story(seed: int, count: int) -> list[tuple[str, Any]]:
    """Steps: new operations in and out of order, retries of old ones, freezes and their ends."""
    draw, steps, told = random.Random(seed), [], []
    for _ in range(count):
        chance = draw.random()
        account = f"a-{draw.randrange(6)}"
        if chance < 0.04:
            steps.append(("freeze", account))
        elif chance < 0.10:
            steps.append(("lift", account))
        elif chance < 0.18 and told:
            steps.append(("decide", draw.choice(told)))
        else:
            late = draw.choice([0, 0, 0, 0, 5 * SECOND, 40 * SECOND, 3 * HOUR, 20 * HOUR])
            told.append(
                payment(
                    account,
                    at=NOON + len(told) * SECOND // 4 - draw.randrange(2) * late,
                    minor=draw.randrange(1, 60_000),
                    kind=draw.choice(["payment", "payment", "transfer", "login"]),
                    counterparty=draw.choice([None, {"id": f"c-{draw.randrange(3)}"}]),
                    device=draw.choice([None, {"id": f"d-{draw.randrange(2)}"}]),
                )
            )
            steps.append(("decide", told[-1]))
    return steps


async def play(house: House, steps: list[tuple[str, Any]], clock: ManualClock) -> None:
    """Each step after the one before; the clock moves a quarter of a second each time."""
    for step, what in steps:
        clock.advance(SECOND // 4)
        if step == "decide":
            await house.decider.decide(what, None)
        elif step == "freeze":
            await freeze_account(house, what, "test", "test")
        else:
            await lift_freeze(house, what, "test")


def changed(folder: Path, **changes: str) -> Path:
    """The torture policy under another version, with some texts replaced."""
    folder.mkdir()
    text = (POLICY / "policy.yaml").read_text("utf-8")
    for old, new in {'version: "1"': 'version: "2"', **changes}.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "policy.yaml").write_text(text, "utf-8")
    return folder


def files_of(folder: Path) -> dict[str, str]:
    """A folder as the house takes it."""
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}


async def add(house: Any, folder: Path, name: str) -> dict[str, Any]:
    """A shadow of this folder from here on."""
    files = files_of(folder)
    return await add_shadow(house, name, files, checked_policy(files, files_of(POLICY)), "test")


@asynccontextmanager
async def following(dsn: str, clock: ManualClock, **settings: Any) -> AsyncIterator[Follower]:
    """A follower of this database."""
    async with open_follower(Settings(database_url=dsn, **settings), clock) as follower:
        yield follower


async def catch_up(follower: Follower) -> int:
    """Go on until nothing is left; how many rows that was."""
    await follower.attend()
    total = 0
    while rows := await follower.advance():
        total += rows
    return total


async def decided(tables: Any, after: int = 0) -> dict[int, Answer]:
    """What the live policy said, by number."""
    rows = await tables.fetch("SELECT seq, answer FROM operation WHERE seq > $1 ORDER BY seq", after)
    found = {}
    for row in rows:
        decision = msgspec.json.decode(row["answer"])["decision"]
        rules = tuple(sorted(reason["rule"] for reason in decision["reasons"]))
        found[row["seq"]] = (decision["outcome"], decision["score"], rules)
    return found


async def shadowed(tables: Any, name: str) -> dict[int, Answer]:
    """What a shadow said, by number; every number once, in order."""
    live = await decided(tables)
    chunks = await tables.fetch(
        "SELECT c.* FROM shadow_chunk AS c JOIN shadow AS s ON s.id = c.shadow_id WHERE s.name = $1"
        " ORDER BY c.seq_first",
        name,
    )
    found: dict[int, Answer] = {}
    for chunk in chunks:
        seqs, verdicts = unpack(chunk["verdicts"])
        assert (seqs[0], seqs[-1], len(seqs)) == (chunk["seq_first"], chunk["seq_last"], chunk["operations"])
        for seq, verdict in zip(seqs, verdicts, strict=True):
            assert seq not in found
            found[seq] = live[seq] if verdict is None else (WORDS[verdict.outcome], *verdict[1:])
    assert list(found) == sorted(found)
    return found
