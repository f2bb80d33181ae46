"""Operations at random as a facts table, for the comparisons of the offline engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from countermand.vocabulary.facts_table import FactsTable

START = 1_780_000_000_000_000
DAY = 86400 * 10**6
PART_ROWS = 250_000
WORDS: dict[str, list[str]] = {
    "kind": ["login", "transfer", "payment", "payment", "withdrawal", "loan_apply", "register"],
    "channel": ["app", "app", "app", "web", "api", "atm"],
    "account_type": ["full", "full", "basic", "business", "trial"],
    "country": ["CN"] * 8 + ["HK", "US", "MM"],
}


class Operations:
    """Columns of `rows` operations over `days`, in order of time; keys follow a Zipf law where asked."""

    def __init__(self, rows: int, days: int, *, exponent: float = 0.0, seed: int = 1) -> None:
        self.rows = rows
        self.rng = np.random.default_rng(seed)
        span = days * DAY
        self.at = START + np.sort(self.rng.choice(span // 50, rows, replace=False).astype(np.int64)) * 50
        self.exponent = exponent

    def keys(self, prefix: str, count: int) -> np.ndarray:
        """Texts of one kind of handle."""
        if not self.exponent:
            drawn = self.rng.integers(0, count, self.rows)
        else:
            weights = 1 / np.arange(1, count + 1) ** self.exponent
            drawn = np.searchsorted(np.cumsum(weights) / weights.sum(), self.rng.random(self.rows))
        names = np.array([f"{prefix}{number}" for number in range(count + 1)], dtype=object)
        return names[drawn]

    def amounts(self) -> np.ndarray:
        return np.minimum(self.rng.lognormal(9, 1.4, self.rows), 1e9).astype(np.int64) + 1

    def column(self, name: str, type_: str) -> pa.Array:
        """One given fact, one in fifty unknown where it may be."""
        sizes = {
            "account": 200_000,
            "device": 220_000,
            "ip": 60_000,
            "counterparty": 50_000,
            "person": 190_000,
        }
        if name in sizes:
            return pa.array(self.keys(name[0], min(sizes[name], max(1, self.rows // 5))))
        if name == "occurred_at":
            return pa.array(self.at)
        hidden = self.rng.random(self.rows) < 0.02
        if name in WORDS:
            drawn = np.array(WORDS[name], dtype=object)[self.rng.integers(0, len(WORDS[name]), self.rows)]
            return pa.array(drawn, mask=hidden & (name != "kind"))
        if name == "local_hour":
            return pa.array(self.at // 3_600_000_000 % 24)
        if name == "local_weekday":
            return pa.array((self.at // DAY + 3) % 7 + 1)
        if name == "kyc_level":
            return pa.array(self.rng.integers(0, 5, self.rows), mask=hidden)
        if type_ == "boolean":
            common = name in ("home_ip", "known_device", "home_place")
            return pa.array(self.rng.random(self.rows) < (0.8 if common else 0.05), mask=hidden)
        if name == "amount":
            return pa.array(self.amounts(), mask=hidden)
        assert name == "tenure", f"no column {name} here"
        return pa.array((self.rng.lognormal(4, 1.5, self.rows) * DAY).astype(np.int64), mask=hidden)


def facts_table(operations: Operations, specs: Any, folder: Path) -> FactsTable:
    """The facts table of these given facts, in parts on disk."""
    rows = operations.rows
    given = {f"given.{one.name}": operations.column(one.name, one.type.value) for one in specs}
    first = {
        "seq": pa.array(np.arange(1, rows + 1, dtype=np.int64) * 2),
        "id": pa.array([f"o{number}" for number in range(rows)]),
        "at": pa.array(operations.at),
        "kind": given["given.kind"],
        "account": given["given.account"],
        "outcome": pa.nulls(rows, pa.string()),
        "label": pa.nulls(rows, pa.bool_()),
        "label_seq": pa.nulls(rows, pa.int64()),
    }
    table = pa.table({**first, **given})
    parts = []
    for number, start in enumerate(range(0, rows, PART_ROWS)):
        part = folder / f"{number:04}.parquet"
        pq.write_table(table.slice(start, PART_ROWS), part)
        parts.append(part)
    return FactsTable(tuple(parts), rows)
