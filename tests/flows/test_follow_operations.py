"""Goal: a shadow answers as its policy would have. Method: real PostgreSQL, the same story decided for real."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from countermand.adapters.postgres.shadow_chunks import unpack
from countermand.app import open_follower
from countermand.flows.follow_operations import Follower
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_shadows import (
    add_shadow,
    checked_policy,
    compare_shadow,
    list_shadows,
    pause_shadow,
    remove_shadow,
    resume_shadow,
)
from countermand.kernel.clock import ManualClock
from countermand.policy.program import Program
from countermand.settings import Settings
from flows.stage import NOON, POLICY, SECOND, house_on, payment

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
        "SELECT * FROM shadow_chunk WHERE shadow_id = (SELECT id FROM shadow WHERE name = $1) ORDER BY seq_first",
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


async def test_a_shadow_of_the_live_policy_says_the_same(
    database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """Outcomes, scores and rules of every operation, with late arrivals, retries, freezes and two lanes."""
    async with house_on(database_dsn, clock, group_size_max=7) as house, following(database_dsn, clock) as f:
        await play(house, story(1, 150), clock)
        last = max(await decided(tables))
        await add(house, POLICY, "same")
        await play(house, story(2, 250), clock)
        crowd = [what for step, what in story(3, 300) if step == "decide"]
        clock.advance(100 * SECOND)
        await house.decider.decide_many(crowd, None)
        await catch_up(f)
        live = await decided(tables, last)
        assert len(live) > 400
        assert {outcome for outcome, _, _ in live.values()} >= {"allow", "challenge", "deny"}
        assert await shadowed(tables, "same") == live
        assert await tables.fetchval("SELECT count(*) FROM shadow_difference") == 0
        found = await compare_shadow(house, "same")
        assert found["operations"] == len(live)
        assert all(one["difference"]["value"] == 0 for one in found["shares"])
        assert {one["change"] for one in found["rules"]} == {"same"}


CHANGES = {
    "a-threshold": {"amount_minor_min": ("payments_10s > 5", "payments_10s > 2")},
    "a-longer-window": {
        "x": (
            "accounts_on_device_20s: {distinct: account, by: device, over: 20 seconds}",
            "accounts_on_device_20s: {distinct: account, by: device, over: 8 hours}",
        )
    },
    "another-key-and-filter": {
        "x": (
            "where: \"kind = 'payment'\", by: account, over: 10 seconds, own: excluded",
            "where: \"kind = 'payment' AND amount > cny(3)\", by: counterparty, over: 1 day",
        )
    },
    "another-limit": {"x": ("per_day: cny(5000)", "per_day: cny(900)")},
    "more-facts": {"x": ("when: payees_1m > 3", "when: channel IS NULL AND payees_1m > 1")},
    "refusals-counted-longer": {
        "x": (
            "where: \"outcome = 'deny'\", by: account, over: 1 minute",
            "where: \"outcome <> 'allow'\", by: account, over: 5 hours",
        )
    },
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_shadow_says_what_its_policy_would_have_decided(
    database_dsn: str, empty_database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path, change: str
) -> None:
    """The same story is decided for real, with a restart where the shadow began; the follower dies halfway."""
    folder = changed(tmp_path / "changed", **dict(CHANGES[change].values()))
    before, after = story(5, 120), story(6, 260)
    async with house_on(database_dsn, clock, groups_in_flight_max=1) as house:
        await play(house, before, clock)
        last = max(await decided(tables))
        await add(house, folder, "candidate")
        async with following(database_dsn, clock) as follower:
            await play(house, after[:130], clock)
            await catch_up(follower)
        async with following(database_dsn, clock) as follower:
            await play(house, after[130:], clock)
            await catch_up(follower)
        said = await shadowed(tables, "candidate")
        live = await decided(tables, last)
    again = ManualClock(NOON)
    async with house_on(empty_database_dsn, again, groups_in_flight_max=1) as house:
        await play(house, before, again)
    async with house_on(empty_database_dsn, again, policy=folder, groups_in_flight_max=1) as house:
        await play(house, after, again)
    connection = await asyncpg.connect(empty_database_dsn)
    expected = await decided(connection, last)
    await connection.close()
    assert said.keys() == live.keys() == expected.keys()
    assert said == expected
    assert live != expected, "the change must show"
