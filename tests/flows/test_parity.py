"""Goal: what was decided live is what the SQL says, over everything recorded; and a difference is found."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec

from countermand.app import open_comparison, open_record, open_shelf
from countermand.flows.freeze_account import freeze_account
from countermand.flows.parity import PolicyParity, check_parity
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from flows.stage import NOON, POLICY, SECOND, house_on, payment

HOUR = 3600 * SECOND


def _crowd(draw: random.Random, count: int) -> list[Any]:
    return [
        payment(
            f"a-{draw.randrange(5)}",
            at=NOON - draw.randrange(4) * draw.choice([0, SECOND, 20 * SECOND, 7 * HOUR]),
            minor=draw.choice([draw.randrange(60_000), 99_999, 10**15]),
            kind=draw.choice(["payment", "payment", "transfer", "withdrawal"]),
            counterparty=draw.choice([None, {"id": f"c-{draw.randrange(4)}"}]),
            device=draw.choice([None, {"id": f"d-{draw.randrange(3)}"}]),
        )
        for _ in range(count)
    ]


async def _parity(dsn: str, folder: Path) -> list[PolicyParity]:
    settings = Settings(database_url=dsn, data_dir=folder)
    async with open_record(settings) as opened:
        return await check_parity(
            opened.record,
            opened.archive,
            await opened.policies.sources(),
            opened.identity,
            open_shelf(settings),
            open_comparison(settings),
            lambda _: None,
        )


async def test_everything_recorded_is_equal(database_dsn: str, tmp_path: Path) -> None:
    """Late, tied and repeated operations, groups, a restart, another policy with other windows, and back."""
    changed = tmp_path / "changed"
    changed.mkdir()
    text = (POLICY / "policy.yaml").read_text("utf-8")
    text = text.replace('version: "1"', 'version: "2"').replace(
        "device, over: 20 seconds", "device, over: 8 hours"
    )
    (changed / "policy.yaml").write_text(text, "utf-8")
    draw = random.Random(5)
    for policy, count in ((POLICY, 120), (changed, 60), (POLICY, 60)):
        async with house_on(database_dsn, ManualClock(NOON), policy=policy, group_size_max=9) as house:
            crowd = _crowd(draw, count)
            await house.decider.decide_many([*crowd, *crowd[:5]], None)
    found = await _parity(database_dsn, tmp_path)
    assert [(one.policy, one.operations) for one in found] == [("torture@1", 180), ("torture@2", 60)]
    for one in found:
        assert {part.what for part in one.compared} == {"window", "rule", "score", "outcome"}
        assert [part for part in one.compared if part.mismatches] == []
        assert {part.rows for part in one.compared} == {one.operations}


async def test_a_difference_is_found(database_dsn: str, tables: Any, tmp_path: Path) -> None:
    """A fact and an outcome that nobody could have decided are named with their operation."""
    async with house_on(database_dsn, ManualClock(NOON)) as house:
        operations = [payment(minor=100 + number) for number in range(4)]
        await house.decider.decide_many(operations, None)
        index = house.program.index["paid_1m"]
    facts = msgspec.msgpack.decode(
        await tables.fetchval("SELECT facts FROM operation ORDER BY seq OFFSET 2 LIMIT 1")
    )
    facts[index] += 1
    await tables.execute("ALTER TABLE operation DISABLE TRIGGER operation_is_a_record")
    await tables.execute(
        "UPDATE operation SET facts = $1, outcome = 4 WHERE id = $2",
        msgspec.msgpack.encode(facts),
        operations[2].id,
    )
    (found,) = await _parity(database_dsn, tmp_path)
    differing = {part.name: (part.mismatches, part.examples) for part in found.compared if part.mismatches}
    assert differing["paid_1m"] == (1, [operations[2].id])
    assert differing["outcome"][1] == [operations[2].id]
    assert found.mismatches >= 2


async def test_a_freeze_is_no_difference(database_dsn: str, tmp_path: Path) -> None:
    """What was denied because of a freeze is told apart, by its own record."""
    async with house_on(database_dsn, ManualClock(NOON)) as house:
        await house.decider.decide(payment(), None)
        await freeze_account(house, "a-1", "phone stolen", "desk")
        await house.decider.decide_many([payment(), payment("a-2"), payment(kind="login", amount=None)], None)
    (found,) = await _parity(database_dsn, tmp_path)
    assert (found.operations, found.frozen, found.mismatches) == (4, 1, 0)
