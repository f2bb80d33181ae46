"""Goal: offline, every operation stands under the threshold it was decided under."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from countermand.app import open_engine, open_record, open_shelf
from countermand.flows.backtest import Period, backtest
from countermand.flows.house import House
from countermand.flows.prepare_facts import facts_from_record
from countermand.kernel.clock import ManualClock
from countermand.policy.package import compile_policy
from countermand.settings import Settings
from countermand.vocabulary.outcomes import Outcome
from flows.stage import house_on
from flows.test_parity import _parity
from flows.threshold_stage import (
    movable_files,
    movable_policy,
    one_day,
    payments,
    taken_over,
    verdicts,
)


@pytest.fixture
async def movable(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose policy has thresholds."""
    async with house_on(database_dsn, clock, policy=movable_policy(tmp_path)) as opened:
        yield opened


async def test_offline_takes_the_value_of_each_operation(
    database_dsn: str, tmp_path: Path, clock: ManualClock
) -> None:
    """Parity over a moved threshold is whole, with other policies before and after."""
    first = movable_policy(tmp_path / "first")
    other = movable_policy(
        tmp_path / "other", **{'version: "1"': 'version: "2"', "value: cny(5)": "value: cny(7)"}
    )
    async with house_on(database_dsn, clock, policy=first) as house:
        for _ in range(2):
            await one_day(house, clock, 150, 120)
            await movable_once(house)
    async with house_on(database_dsn, clock, policy=other) as house:
        await one_day(house, clock, 20, 20)
    async with house_on(database_dsn, clock, policy=first) as house:
        assert house.program.thresholds["big"] == 700
        await house.decider.decide_many(payments(clock, 20, 650), None)
    found = await _parity(database_dsn, tmp_path)
    assert [(one.policy, one.operations) for one in found] == [("movable@1", 560), ("movable@2", 40)]
    for one in found:
        assert [part for part in one.compared if part.mismatches] == []
        assert "threshold" not in {part.what for part in one.compared}


async def test_a_backtest_decides_each_operation_under_its_value(
    movable: House, database_dsn: str, tables: Any, tmp_path: Path, clock: ManualClock
) -> None:
    """Over what was decided live nothing changes; another version says that it takes its declared values."""
    await one_day(movable, clock, 300, 120)
    await movable_once(movable)
    await movable.decider.decide_many(payments(clock, 20, 550), None)
    settings = Settings(database_url=database_dsn, data_dir=tmp_path)
    other = compile_policy(movable_files(**{'version: "1"': 'version: "2"'}))
    programs = [compile_policy(movable_files()), other]
    with ExitStack() as stack:
        async with open_record(settings) as opened:
            prepared = await facts_from_record(
                opened.record, await opened.policies.sources(), opened.identity, open_shelf(settings),
                programs, None, lambda _: None, stack,
            )  # fmt: skip
        done = backtest(prepared, programs, open_engine(settings, "duckdb"), Period())
    same, declared = done.results
    rows = await tables.fetch("SELECT outcome FROM operation ORDER BY seq")
    words = {one.value: one.word for one in Outcome}
    assert same["outcome"].to_pylist() == [words[row["outcome"]] for row in rows]
    assert Counter(same["outcome"].to_pylist()) == {"allow": 320, "hold": 120}
    assert Counter(declared["outcome"].to_pylist()) == {"allow": 300, "hold": 140}
    (remark,) = [one for one in prepared.remarks if one.code == "thresholds_declared"]
    assert "movable@2: thresholds stand at their declared values for 440 operations" in remark.text.en


async def movable_once(house: House) -> None:
    """One move, taken over."""
    value, cause = (await verdicts(house))["big"]
    assert cause == "too_many"
    await taken_over(house, value)
