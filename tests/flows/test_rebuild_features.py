"""Goal: after a restart every window is what it was, also under a policy with other windows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Conflict
from flows.stage import (
    NOON,
    POLICY,
    SECOND,
    assert_windows_equal_the_record,
    expected_windows,
    facts_of,
    house_on,
    payment,
    recorded_observations,
    windows_of,
)

HOUR = 3600 * SECOND


def _crowd(draw: random.Random, count: int) -> list[Any]:
    return [
        payment(
            f"a-{draw.randrange(5)}",
            at=NOON - draw.randrange(4) * draw.choice([0, SECOND, 20 * SECOND, 7 * HOUR]),
            minor=draw.randrange(1, 60_000),
            counterparty=draw.choice([None, {"id": f"c-{draw.randrange(4)}"}]),
            device=draw.choice([None, {"id": f"d-{draw.randrange(3)}"}]),
        )
        for _ in range(count)
    ]


def _policy(folder: Path, **changes: str) -> Path:
    """The torture policy under another version, with some texts replaced."""
    folder.mkdir()
    text = (POLICY / "policy.yaml").read_text("utf-8")
    for old, new in {'version: "1"': 'version: "2"', **changes}.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "policy.yaml").write_text(text, "utf-8")
    return folder


async def test_the_windows_come_back_as_they_were(database_dsn: str, tables: Any) -> None:
    """Read before and after the restart, at several instants, and against the definition."""
    instants = [NOON, NOON - 15 * SECOND, NOON + 59 * SECOND, NOON + 30 * HOUR]
    async with house_on(database_dsn, group_size_max=9) as house:
        await house.decider.decide_many(_crowd(random.Random(1), 300), None)
        observations = await recorded_observations(tables)
        before = [windows_of(house, observations, at) for at in instants]
    async with house_on(database_dsn) as house:
        assert house.rebuilt == 300
        assert [windows_of(house, observations, at) for at in instants] == before
        assert [expected_windows(house, observations, at) for at in instants] == before


async def test_what_no_window_can_see_any_more_stays_away(database_dsn: str, tables: Any) -> None:
    """Three days later nothing is left of a history of two days and a lateness of one."""
    async with house_on(database_dsn) as house:
        await house.decider.decide_many([payment() for _ in range(5)], None)
    async with house_on(database_dsn, ManualClock(NOON + 72 * HOUR)) as house:
        assert house.rebuilt == 0
    async with house_on(database_dsn, ManualClock(NOON + 72 * HOUR - 1)) as house:
        assert house.rebuilt == 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accounts_on_device_20s: {distinct: account, by: device, over: 20 seconds}",
         "accounts_on_device_20s: {distinct: account, by: device, over: 8 hours}"),
        ("where: \"kind = 'payment'\", by: account, over: 10 seconds, own: excluded",
         "where: \"kind = 'payment' AND amount > cny(3)\", by: counterparty, over: 1 day"),
    ],
    ids=["longer", "another-key-and-filter"],
)  # fmt: skip
async def test_another_policy_s_windows_are_filled_from_the_record(
    database_dsn: str, tables: Any, tmp_path: Path, old: str, new: str
) -> None:
    """The same as if the new policy had decided from the start: the next decision sees the same windows."""
    draw, folder = random.Random(5), _policy(tmp_path / "changed", **{old: new})
    crowd, probes = _crowd(draw, 200), _crowd(draw, 40)
    async with house_on(database_dsn) as house:
        await house.decider.decide_many(crowd, None)
        await assert_windows_equal_the_record(house, tables)
    async with house_on(database_dsn, policy=folder) as house:
        assert house.rebuilt == 200
        for probe in probes:
            await house.decider.decide(probe, None)
        after_change = [await facts_of(house, probe.id) for probe in probes]
    async with house_on(database_dsn, policy=folder) as house:
        assert house.rebuilt == 240
    names = [operation.id for operation in crowd]
    devices = {operation.id: operation.device and operation.device.id for operation in crowd + probes}
    longer = "8 hours" in new
    for number, probe in enumerate(probes):
        facts = after_change[number]
        earlier = [*crowd, *probes[:number]]
        assert len(names) == 200
        if longer:
            seen = {
                other.account
                for other in [*earlier, probe]
                if devices[other.id] == devices[probe.id]
                and 0 <= (probe.occurred_at - other.occurred_at).total_seconds() < 8 * 3600
            }
            assert facts["accounts_on_device_20s"] == (len(seen) if probe.device else None)
        else:
            matching = [
                other
                for other in [*earlier, probe]
                if other.counterparty == probe.counterparty
                and other.amount.minor > 300
                and 0 <= (probe.occurred_at - other.occurred_at).total_seconds() < 86400
            ]
            assert facts["payments_10s"] == (len(matching) if probe.counterparty else None)


async def test_a_changed_policy_needs_a_new_version(database_dsn: str, tmp_path: Path) -> None:
    """What is recorded under a name and version stays what it was: past decisions replay."""
    folder = _policy(tmp_path / "sly", **{'version: "1"': 'version: "1"', "cny(5000)": "cny(6000)"})
    async with house_on(database_dsn):
        pass
    with pytest.raises(Conflict) as refusal:
        async with house_on(database_dsn, policy=folder):
            pass
    assert refusal.value.code == "policy_changed"
