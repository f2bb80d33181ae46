"""Two servers on one database, as the tests of keys, lists and profiles need them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from countermand.adapters.postgres.changes import Changes
from countermand.adapters.postgres.keys import PostgresKeys
from countermand.adapters.postgres.lists import PostgresLists
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.profiles import PostgresPopulation, PostgresProfiles
from countermand.kernel.clock import SystemClock
from countermand.kernel.ids import RandomIds


@dataclass
class Server:
    """What one process knows, with everything it hears about."""

    pool: Any
    keys: PostgresKeys
    lists: PostgresLists
    profiles: PostgresProfiles
    population: PostgresPopulation
    changes: Changes
    clock: Any
    ids: Any

    async def journal(self) -> list[Any]:
        """All facts, oldest first."""
        return await self.pool.fetch("SELECT kind, subject, body, trace_id FROM journal ORDER BY seq")


@asynccontextmanager
async def server(dsn: str, *, clock: Any = None, refresh_seconds: float = 5.0) -> AsyncIterator[Server]:
    """One process' worth of memory over the database, listening."""
    time = clock or SystemClock()
    pool = await connect_pool(dsn, size_max=4)
    keys, lists = PostgresKeys(pool, time), PostgresLists(pool)
    population = PostgresPopulation(pool, kept=True)
    changes = Changes(pool, refresh_seconds=refresh_seconds)
    for book in (keys, lists, population):
        changes.watch(book.TABLE, book.refresh)
    await changes.start()
    try:
        yield Server(pool, keys, lists, PostgresProfiles(pool), population, changes, time, RandomIds())
    finally:
        await changes.stop()
        await asyncio.wait_for(pool.close(), 10)


async def seconds_until(true: Callable[[], bool], seconds_max: float) -> float:
    """How long it took to become true; fails after the given time."""
    began = monotonic()
    while not true():
        assert monotonic() - began < seconds_max, f"not true after {seconds_max} s"
        await asyncio.sleep(0.005)
    return monotonic() - began
