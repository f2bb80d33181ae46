"""The 16 features of the offline comparison, written by hand for DuckDB, PostgreSQL and pandas."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOUR = 3600 * 10**6
ENTITIES = ("account", "device", "ip", "counterparty")
SPANS = (HOUR, 24 * HOUR, 168 * HOUR)


def duckdb_sql(parts: Sequence[Path]) -> str:
    """Frames over time, as an analyst writes them, and a checksum of each feature."""
    files = ", ".join(f"'{part}'" for part in parts)
    columns, sums = [], []
    for entity in ENTITIES:
        key = f'"given.{entity}"'
        columns += [f"count(*) OVER ({_frame(key, span)})" for span in SPANS]
        columns.append(f'sum("given.amount") OVER ({_frame(key, 24 * HOUR)})')
    named = ", ".join(f"{column} AS c{number}" for number, column in enumerate(columns))
    sums = ", ".join(f"sum(c{number})" for number in range(len(columns)))
    return f"SELECT {sums} FROM (SELECT {named} FROM read_parquet([{files}]))"


def _frame(key: str, span: int) -> str:
    return f'PARTITION BY {key} ORDER BY "at" RANGE BETWEEN {span - 1} PRECEDING AND CURRENT ROW'


def pandas_sums(table: Any) -> tuple[float, list[int]]:
    """groupby().rolling() over a time index; the window is open at its far end, as ours."""
    import pandas as pd

    wanted = {name: f"given.{name}" for name in (*ENTITIES, "amount")}
    frame = pd.DataFrame({name: table[column].to_pandas() for name, column in wanted.items()})
    frame.index = pd.to_datetime(table["at"].to_numpy(), unit="us")
    frame["one"] = 1
    frame["amount"] = frame["amount"].fillna(0).astype("int64")
    started = time.process_time()
    found = []
    for entity in ENTITIES:
        grouped = frame.groupby(entity, sort=False)
        found += [int(grouped["one"].rolling(f"{span}us").sum().sum()) for span in SPANS]
        found.append(int(grouped["amount"].rolling(f"{24 * HOUR}us").sum().sum()))
    return time.process_time() - started, found


async def postgres_sums(table: Any) -> tuple[float, list[int]]:
    """The private PostgreSQL of the product, all its rows copied in and analysed before the clock starts."""
    import asyncpg

    from countermand.app import open_database
    from countermand.settings import Settings

    names = ["at", *(f"given.{name}" for name in (*ENTITIES, "amount"))]
    rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    columns = []
    for entity in ENTITIES:
        columns += [f"count(*) OVER ({_frame(entity, span)})" for span in SPANS]
        columns.append(f"sum(amount) OVER ({_frame(entity, 24 * HOUR)})")
    named = ", ".join(f"{column} AS c{number}" for number, column in enumerate(columns))
    sums = ", ".join(f"sum(c{number})" for number in range(len(columns)))
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Settings(data_dir=Path(folder))) as dsn:
            connection = await asyncpg.connect(dsn)
            await connection.execute("SET work_mem = '1GB'; SET max_parallel_workers_per_gather = 0")
            await connection.execute(
                'CREATE TEMP TABLE ops ("at" bigint, account text, device text, ip text, counterparty text, '
                "amount bigint)"
            )
            await connection.copy_records_to_table("ops", records=rows)
            await connection.execute("ANALYZE ops")
            backend = await connection.fetchval("SELECT pg_backend_pid()")
            started = _cpu_seconds(backend)
            found = await connection.fetchrow(f"SELECT {sums} FROM (SELECT {named} FROM ops) AS o")
            seconds = _cpu_seconds(backend) - started
            await connection.close()
    return seconds, [int(one) for one in found]


def _cpu_seconds(process: int) -> float:
    """What a process has used so far, in its own code and for it in the kernel."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
