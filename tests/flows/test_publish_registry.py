"""Goal: no version of the registry can be slipped in or taken back unseen.

Method: a house and a sealer on a database of their own; a registry that changes, and changes back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import msgspec
import pytest

from countermand.flows.official_channels import OfficialChannels
from countermand.flows.publish_registry import prove_registry, record_registry, registry_versions
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import NotFound
from countermand.transparency.verify import Question, Verdict, verify_receipt
from flows.log_stage import sealing_on
from flows.report_stage import reporting_house
from flows.stage import NOON
from flows.test_hand_out_receipt import Stage


@pytest.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house and a sealer, at noon."""
    clock = ManualClock(NOON)
    async with (
        reporting_house(database_dsn, clock, tmp_path) as house,
        sealing_on(database_dsn, tmp_path / "signer", clock) as sealing,
    ):
        yield Stage(house, sealing)


def real(official: OfficialChannels, issued: str) -> OfficialChannels:
    """The same of somebody who exists, as of another day."""
    return replace(
        official, registry=msgspec.structs.replace(official.registry, fictional=False, issued=issued)
    )


async def test_each_version_is_a_leaf_of_the_log(stage: Stage, database_dsn: str) -> None:
    """One fact a change, none for the same again; A after B is a version too; each has its proof."""
    house, works = stage.house, stage.house.reception.works
    assert await record_registry(works, house.official, NOON) is None
    first, second = real(house.official, "2026-11-20"), real(house.official, "2026-11-21")
    told = [
        await record_registry(works, one, NOON + step)
        for step, one in enumerate((first, first, second, first, first))
    ]
    assert told == [1, None, 2, 3, None]
    assert [one.leaf for one in await registry_versions(house)] == [None] * 3
    with pytest.raises(NotFound, match="unknown_version"):
        await prove_registry(house, 1)
    await stage.seal()
    versions = await registry_versions(house)
    assert [(one.version.number, one.version.issued) for one in versions] == [
        (3, "2026-11-20"), (2, "2026-11-21"), (1, "2026-11-20"),
    ]  # fmt: skip
    assert len({one.leaf for one in versions}) == 3
    for one in versions:
        receipt = (await prove_registry(house, one.version.number)).receipt
        assert one.version.sha256.hex().encode() in receipt.items[0].entry
        assert verify_receipt(receipt.packed(), Question(await stage.policy())).verdict is Verdict.VALID
    connection = await asyncpg.connect(database_dsn)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("DELETE FROM official_version")
    finally:
        await connection.close()
