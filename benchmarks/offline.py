"""The offline engine: a backtest of a large policy, and window features beside DuckDB, PostgreSQL and pandas.

Every peer computes the same 16 features: count over 1 h, 24 h and 7 d and sum over 24 h, each by account,
device, ip and payee. Checksums are compared before any ratio is printed. One thread each; CPU seconds count.
`--growth 1000000,5000000,10000000` tells how time and memory grow instead, each measured in a fresh process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from benchmarks import engine_rules
from benchmarks.offline_data import Operations, facts_table
from benchmarks.peers import offline_features

from countermand.adapters.offline.duckdb import DuckDbEngine, Limits
from countermand.policy.package import compile_recorded
from countermand.vocabulary.facts_table import FactsTable

ENTITIES = ("account", "device", "ip", "counterparty")
SPANS = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days"}


def features_yaml() -> str:
    """The 16 features in the policy language."""
    lines = []
    for entity in ENTITIES:
        for name, span in SPANS.items():
            lines.append(f"  {entity}_{name}: {{count: operations, by: {entity}, over: {span}}}")
        lines.append(f"  {entity}_sum: {{sum: amount, by: {entity}, over: 24 hours}}")
    return "\n".join(lines) + "\n"


def large_policy() -> Any:
    """175 rules over 30 windows."""
    files = engine_rules.policy(50, copies=5)
    files["features.yaml"] += features_yaml()
    return compile_recorded(files)


def sixteen() -> Any:
    """The features alone."""
    features = "features:\n" + features_yaml()
    return compile_recorded({"policy.yaml": engine_rules.HEAD, "features.yaml": features})


def generated(program: Any, rows: int, days: int, folder: Path, **more: Any) -> FactsTable:
    """A facts table on disk for this policy."""
    folder.mkdir()
    return facts_table(Operations(rows, days, **more), program.specs[: program.given_count], folder)


def backtest(rows: int, folder: Path) -> dict[str, Any]:
    """Facts on disk to results in memory, one thread."""
    program = large_policy()
    facts = generated(program, rows, 30, folder / "backtest")
    warm(folder)
    started, wall = time.process_time(), time.perf_counter()
    with DuckDbEngine(Limits(threads=1)).run(program.package, facts, settle=True) as run:
        results = run.results()
    spent = time.process_time() - started
    assert results.num_rows == rows
    return {
        "rows": rows,
        "rules": len(program.rules),
        "windows": len(program.plan.windows),
        "cpu_seconds": round(spent, 1),
        "seconds": round(time.perf_counter() - wall, 1),
        "rows_per_cpu_second": round(rows / spent),
        "fired": sum(len(one) for one in results["fired"].to_pylist()),
    }


def warm(folder: Path) -> None:
    """Compile, or load what was compiled: a process does it once, whatever comes after."""
    small = folder / "warm"
    if not small.exists():
        program = sixteen()
        ours(program, generated(program, 1_000, 30, small))


def ours(program: Any, facts: FactsTable) -> tuple[float, list[int]]:
    """CPU seconds, and a checksum of every feature."""
    started = time.process_time()
    with DuckDbEngine(Limits(threads=1, memory_mib=8192)).run(program.package, facts, settle=False) as run:
        names = [window.name for window in program.plan.windows]
        sums = ", ".join(f"sum({run.policy.column(name)})" for name in names)
        found = run.connection.execute(f"SELECT {sums} FROM known").fetchone()
    return time.process_time() - started, [int(one) for one in found]


def theirs(facts: FactsTable) -> tuple[float, list[int]]:
    """The same by hand: one statement, a window clause each."""
    started = time.process_time()
    with duckdb.connect(config={"threads": 1, "memory_limit": "8192MiB"}) as connection:
        found = connection.execute(offline_features.duckdb_sql(facts.parts)).fetchone()
    return time.process_time() - started, [int(one) for one in found]


def against_duckdb(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Alternated; the order changes every round."""
    program = sixteen()
    facts = generated(program, rows, 30, folder / f"duckdb{rows}")
    warm(folder)
    ratios, mine, peer = [], [], []
    for number in range(rounds):
        if number % 2:
            (spent, sums), (other, expected) = ours(program, facts), theirs(facts)
        else:
            (other, expected), (spent, sums) = theirs(facts), ours(program, facts)
        assert sums == expected, f"checksums differ: {sums} and {expected}"
        mine.append(spent)
        peer.append(other)
        ratios.append(other / spent)
    return {
        "rows": rows,
        "ours_rows_per_cpu_second": round(rows / statistics.median(mine)),
        "duckdb_rows_per_cpu_second": round(rows / statistics.median(peer)),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(one, 2) for one in ratios],
        "peak_gib": _peak_gib(),
    }


def against(name: str, peer: Any, rows: int, folder: Path) -> dict[str, Any]:
    """A peer that is slower by far: once each, on a smaller table."""
    program = sixteen()
    warm(folder)
    facts = generated(program, rows, 30, folder / name)
    seconds, expected = peer(pq.read_table(list(facts.parts)))
    spent, sums = ours(program, facts)
    assert sums == expected, f"checksums differ: {sums} and {expected}"
    return {
        "rows": rows,
        f"{name}_rows_per_cpu_second": round(rows / seconds),
        "ours_rows_per_cpu_second": round(rows / spent),
        "ratio": round(seconds / spent, 1),
    }


def grown(rows: int, folder: Path, *, peer: bool) -> dict[str, Any]:
    """Time and memory at one size, the features and the large policy each in a fresh process."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        place, program = Path(temporary), large_policy()
        facts = _elsewhere(_generated, rows, place / "facts")
        size = sum(part.stat().st_size for part in facts.parts)
        features = _elsewhere(_features_alone, facts)
        decided = _elsewhere(_decided, facts)
        found = {
            "rows": rows,
            "parquet_gib": round(size / 2**30, 2),
            "features_cpu_seconds": round(features["seconds"], 1),
            "features_rows_per_cpu_second": round(rows / features["seconds"]),
            "features_peak_gib": features["peak_gib"],
            "backtest_rules": len(program.rules),
            "backtest_cpu_seconds": round(decided["seconds"], 1),
            "backtest_rows_per_cpu_second": round(rows / decided["seconds"]),
            "backtest_peak_gib": decided["peak_gib"],
        }
        if peer:
            other = _elsewhere(_features_by_hand, facts)
            assert other["sums"] == features["sums"], "checksums differ"
            found["duckdb_cpu_seconds"] = round(other["seconds"], 1)
            found["duckdb_peak_gib"] = other["peak_gib"]
            found["ratio"] = round(other["seconds"] / features["seconds"], 2)
        return found


def _elsewhere(work: Any, *arguments: Any) -> Any:
    """In a process of its own, so that its peak of memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _generated(rows: int, folder: Path) -> FactsTable:
    return generated(large_policy(), rows, 30, folder)


def _features_alone(facts: FactsTable) -> dict[str, Any]:
    _warmed()
    seconds, sums = ours(sixteen(), facts)
    return {"seconds": seconds, "sums": sums, "peak_gib": _peak_gib()}


def _features_by_hand(facts: FactsTable) -> dict[str, Any]:
    seconds, sums = theirs(facts)
    return {"seconds": seconds, "sums": sums, "peak_gib": _peak_gib()}


def _decided(facts: FactsTable) -> dict[str, Any]:
    _warmed()
    started = time.process_time()
    with DuckDbEngine(Limits(threads=1)).run(large_policy().package, facts, settle=True) as run:
        assert run.results().num_rows == facts.rows
    return {"seconds": time.process_time() - started, "peak_gib": _peak_gib()}


def _warmed() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        warm(Path(temporary))


def _peak_gib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def compared(chosen: argparse.Namespace, folder: Path, told: Any) -> None:
    """The backtest, then the features beside each peer."""
    told("backtest", backtest(chosen.rows, folder))
    told("duckdb", against_duckdb(chosen.rows, chosen.rounds, folder))
    if chosen.more_rows:
        told("duckdb_more", against_duckdb(chosen.more_rows, 1, folder))
    if chosen.pandas_rows:
        told("pandas", against("pandas", offline_features.pandas_sums, chosen.pandas_rows, folder))
    if chosen.postgres_rows:
        peer = lambda table: asyncio.run(offline_features.postgres_sums(table))  # noqa: E731
        told("postgres", against("postgres", peer, chosen.postgres_rows, folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--more-rows", type=int, default=5_000_000, help="once more, larger; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres-rows", type=int, default=300_000, help="0 leaves it out")
    parser.add_argument("--pandas-rows", type=int, default=100_000, help="0 leaves it out")
    parser.add_argument("--growth", metavar="ROWS,...", help="only these sizes, and how time and memory grow")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}

    def told(name: str, found: dict[str, Any]) -> None:
        figures[name] = found
        print(name)
        for key, value in found.items():
            print(f"  {key:32} {value}", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if chosen.growth:
            for rows in map(int, chosen.growth.split(",")):
                told(f"growth_{rows}", grown(rows, folder, peer=chosen.rounds > 0))
        else:
            compared(chosen, folder, told)
    text = json.dumps(figures)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
