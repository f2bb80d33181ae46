"""The published features, written in the policy language, equal their definition to the last bit."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pa_parquet
import pytest

from policies.handbook_features import DAY, by_policy, published
from policies.stories import load_pack

# The simulated data of the Fraud Detection Handbook, whole, in one Parquet file; set to compare on it too.
HANDBOOK = os.environ.get("COUNTERMAND_HANDBOOK", "")
ROWS = int(os.environ.get("COUNTERMAND_HANDBOOK_ROWS", "250000"))


def compared(file: Path, rows_max: int) -> int:
    """Every published feature of every row, by definition and by the policy; how many values agreed."""
    program = load_pack("handbook-published")
    table = pa_parquet.read_table(file).slice(0, rows_max)
    column = {name: table[name].to_numpy() for name in table.column_names if name != "TX_DATETIME"}
    at = pc.cast(table["TX_DATETIME"], pa.timestamp("us")).cast(pa.int64()).to_numpy()
    cents = np.rint(column["TX_AMOUNT"] * 100).astype(np.int64)
    keys = (column["CUSTOMER_ID"].astype(np.int64), column["TERMINAL_ID"].astype(np.int64))
    expected = published(*keys, at, cents, column["TX_FRAUD"].astype(np.int64))
    day, hour = at // DAY, at % DAY // (DAY // 24)
    expected["weekend"] = ((day + 3) % 7 >= 5).astype(np.float64)  # 1970-01-01 was a Thursday
    expected["night"] = (hour <= 6).astype(np.float64)
    expected["amount"] = cents.astype(np.float64)
    found: dict[str, list[object]] = {name: [] for name in expected}
    for facts in by_policy(program, file, "handbook-published", rows_max):
        for name, values in found.items():
            values.append(facts[name])
    for name, values in expected.items():
        mine = np.asarray(found[name], np.float64)
        differ = np.flatnonzero(mine != values)
        assert not len(differ), (name, int(differ[0]), mine[differ[0]], values[differ[0]])
    return sum(map(len, found.values()))


def test_the_policy_equals_the_published_definition(tmp_path: Path) -> None:
    """Sixty days of a few cards and terminals, with ties, nights, weekends, and a third of them fraud."""
    draw = np.random.default_rng(5)
    count = 4_000
    seconds = np.sort(draw.integers(0, 60 * 86400, count) // 300 * 300)
    first = datetime(2018, 4, 1)  # noqa: DTZ001 - the file's times have no zone
    table = pa.table(
        {
            "TRANSACTION_ID": pa.array(range(count), pa.int32()),
            "TX_DATETIME": pa.array([first + timedelta(seconds=int(s)) for s in seconds], pa.timestamp("ms")),
            "CUSTOMER_ID": pa.array(draw.integers(0, 20, count), pa.int32()),
            "TERMINAL_ID": pa.array(draw.integers(0, 15, count), pa.int32()),
            "TX_AMOUNT": pa.array(draw.integers(1, 30_000, count) / 100),
            "TX_FRAUD": pa.array(draw.random(count) < 0.3, pa.int8()),
        }
    )
    pa_parquet.write_table(table, tmp_path / "small.parquet")
    assert compared(tmp_path / "small.parquet", count) == 15 * count


@pytest.mark.skipif(not Path(HANDBOOK).is_file(), reason="COUNTERMAND_HANDBOOK does not name the book's data")
def test_the_policy_equals_the_published_definition_on_the_books_data() -> None:
    """The first rows of the real file; COUNTERMAND_HANDBOOK_ROWS says how many."""
    assert compared(Path(HANDBOOK), ROWS) == 15 * ROWS
