"""Goal: whatever happened, the journal gives the state that is stored; what was changed by hand is named.

Method: days at a desk by chance, then the same with one value of one row changed with all rights.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from countermand.app import open_replay
from countermand.drills.flips.busy_days import Days
from countermand.flows.house import House
from countermand.flows.replay_state import Replay
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from flows.stage import NOON, house_on

CRASHES = Path(__file__).parents[2] / "src" / "countermand" / "drills" / "crashes" / "policy"
STEPS = 220


@pytest.fixture
async def days(database_dsn: str, tmp_path: Path) -> AsyncIterator[Days]:
    """A house in which something happened."""
    clock = ManualClock(NOON)
    async with house_on(database_dsn, clock, policy=CRASHES, data_dir=tmp_path) as house:
        played = Days(house, clock, random.Random(7))
        yield played


async def replayed(house: House, dsn: str, folder: Path) -> tuple[Replay, Replay]:
    """All cases and all accounts, rebuilt."""
    async with open_replay(Settings(database_url=dsn, data_dir=folder)) as replayer:
        return await replayer.cases(), await replayer.accounts()


async def test_busy_days_are_rebuilt_from_the_journal_alone(
    days: Days, database_dsn: str, tmp_path: Path
) -> None:
    """Every row of every case and account, whatever was done to it, in whatever order."""
    await days.live(STEPS)
    print(days.done, days.refused)
    cases, accounts = await replayed(days.house, database_dsn, tmp_path)
    assert cases.differences == []
    assert accounts.differences == []
    print(cases, accounts)
