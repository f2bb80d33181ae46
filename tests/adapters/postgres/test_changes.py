"""Goal: listening ends when it is told to, whatever arrives meanwhile. Method: notices and stops at once."""

from __future__ import annotations

import asyncio

from countermand.adapters.postgres.changes import CHANNEL, Changes
from countermand.adapters.postgres.pool import connect_pool


async def test_a_notice_never_swallows_the_stop(database_dsn):
    """A stop that comes together with a notice still stops, every time."""
    pool = await connect_pool(database_dsn, size_max=2)
    for _ in range(20):
        changes = Changes(pool)
        seen: list[bool] = []

        async def reload(connection, noticed, seen=seen):
            seen.append(noticed)

        changes.watch("api_key", reload)
        await changes.start()
        while len(seen) < 2:  # noqa: ASYNC110  # the reload is the adapter's own task
            await asyncio.sleep(0.001)
        changes._on_notice(None, 0, CHANNEL, '{"table":"api_key"}')
        async with asyncio.timeout(5):
            await changes.stop()
    async with asyncio.timeout(5):
        await pool.close()


async def test_a_strange_notice_costs_one_reading_of_everything(database_dsn):
    """Anybody may notify the channel; what is not understood is taken as a change of every table."""
    pool = await connect_pool(database_dsn, size_max=3)
    changes = Changes(pool)
    heard = {"api_key": asyncio.Event(), "account": asyncio.Event()}
    for table, event in heard.items():

        async def reload(connection, noticed, event=event):
            if noticed:
                event.set()

        changes.watch(table, reload)
    await changes.start()
    await asyncio.sleep(0.3)
    for event in heard.values():
        event.clear()
    await pool.execute("SELECT pg_notify($1, 'hello')", CHANNEL)
    async with asyncio.timeout(2):
        await asyncio.gather(*(event.wait() for event in heard.values()))
    await changes.stop()
    await pool.close()
