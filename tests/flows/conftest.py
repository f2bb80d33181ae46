"""A house on a database of the test's own, and a look at its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from flows.stage import NOON, house_on


@pytest.fixture
def clock() -> ManualClock:
    """Noon, until somebody moves it."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock) -> AsyncIterator[House]:
    """A house that decides by the torture policy."""
    async with house_on(database_dsn, clock) as opened:
        yield opened


@pytest.fixture
async def tables(database_dsn: str) -> AsyncIterator[Any]:
    """A connection of the owner, to look at what is recorded."""
    connection = await asyncpg.connect(database_dsn)
    yield connection
    await connection.close()
