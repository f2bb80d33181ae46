"""A million holds wait, a few end each moment: how late are those, and what does waiting cost?"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from pathlib import Path

import asyncpg

from countermand.adapters.postgres.migrations import migrate
from countermand.app import open_database, open_worker
from countermand.settings import Settings

IDLE_SECONDS, BUSY_SECONDS = 10, 10
# Without their operations, which settling does not look at where no bank follows.
FILL = """
INSERT INTO hold (
    operation, account, kind, amount_minor, currency, needs, met, placed_at, until, expires_at, state
)
SELECT $1 || n, 'a-' || n % 100000, 'payment', 100, 'CNY', '{}', '{}', now(), at, at, 'open'
FROM (SELECT n, now() + make_interval(secs => $3 + n * $4) AS at FROM generate_series(1, $2) AS n) AS made
"""
TIMERS = "INSERT INTO timer SELECT 'hold', operation, until FROM hold WHERE operation LIKE $1 || '%'"
LATE = """
SELECT count(*),
       percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - until))
FROM hold WHERE state = 'released'
"""


async def fill(connection, name: str, count: int, wait: float, apart: float) -> None:
    """So many holds, the first due after `wait` seconds, then one each `apart`."""
    async with connection.transaction():
        await connection.execute(FILL, name, count, wait, apart)
        await connection.execute(TIMERS, name)


async def measure(holds: int, per_second: int, directory: Path) -> None:
    """Fill, wait, work; print."""
    settings = Settings(data_dir=directory)
    async with open_database(settings) as dsn:
        await migrate(dsn)
        connection = await asyncpg.connect(dsn)
        began = time.perf_counter()
        due = per_second * BUSY_SECONDS
        await connection.execute("ALTER TABLE hold DROP CONSTRAINT hold_operation_fkey")
        await fill(connection, "later-", holds, 86400.0, 0.08)
        await connection.execute("ANALYZE hold, timer")
        print(f"{holds:,} holds written in {time.perf_counter() - began:.1f} s")
        async with open_worker(settings.with_values(database_url=dsn)):
            await asyncio.sleep(2)
            before = _cpu()
            await asyncio.sleep(IDLE_SECONDS)
            print(f"idle: {(_cpu() - before) / IDLE_SECONDS:.2%} of a core in the worker")
            await fill(connection, "now-", due, 3.0, 1 / per_second)
            before, began = _cpu(), time.perf_counter()
            while await connection.fetchval("SELECT count(*) FROM hold WHERE state = 'released'") < due:
                await asyncio.sleep(1)
                if time.perf_counter() - began > 60:
                    break
            cpu = _cpu() - before
        count, (median, p99, most) = await connection.fetchrow(LATE)
        print(
            f"{count:,} due at {per_second}/s: late by {float(median):.3f} s p50, {float(p99):.3f} s p99, "
            f"{float(most):.3f} s at most; {cpu / max(1, count) * 1e6:.0f} microseconds of worker each"
        )
        await connection.close()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str] | None = None) -> None:
    """`python -m benchmarks.holds`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--holds", type=int, default=1_000_000)
    parser.add_argument("--per-second", type=int, default=1000)
    options = parser.parse_args(arguments)
    directory = Path(tempfile.mkdtemp(prefix="countermand-holds-"))
    try:
        asyncio.run(measure(options.holds, options.per_second, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
