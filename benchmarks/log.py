"""The transparency log measured: sealing, receipts, proofs, the audit, and what it costs the decisions.

Sealer and signer are processes of their own, as in the product, on a server with fsync; `log_peers` has what
they are measured against.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import asyncpg
from benchmarks.log_journal import FILL, FILL_CASES
from benchmarks.log_peers import groups, one_by_one, proofs
from benchmarks.log_waits import receipts, witnessed

from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.server import PrivateServer
from countermand.app import open_house, open_sealing
from countermand.flows.audit_log import audit_log
from countermand.settings import Settings
from countermand.transparency.notes import VerifierKey
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.reading import read_operation

PROGRAM = "from countermand.surfaces.cli.main import main; main()"


class Bench:
    """A durable server of its own, and where sealer and signer work."""

    def __init__(self, options: argparse.Namespace, folder: Path, dsn: str) -> None:
        self.options, self.folder, self.dsn = options, folder, dsn
        self.found: dict[str, Any] = {}
        self.settings = Settings(
            database_url=dsn, data_dir=folder, log_origin="bench.example/countermand/main", log_level="error"
        )

    def note(self, name: str, **figures: Any) -> None:
        self.found[name] = figures
        print(f"{name}: " + ", ".join(f"{key} {value:,.4g}" for key, value in figures.items()), flush=True)

    @contextmanager
    def process(self, *arguments: str, **more: str) -> Any:
        """A process of the product beside us."""
        given = {
            "COUNTERMAND_DATABASE_URL": self.dsn, "COUNTERMAND_DATA_DIR": str(self.folder),
            "COUNTERMAND_LOG_ORIGIN": self.settings.log_origin, "COUNTERMAND_LOG_LEVEL": "error", **more,
        }  # fmt: skip
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env={**os.environ, **given})
        try:
            yield child
        finally:
            child.terminate()
            child.wait()

    async def signer_answers(self) -> None:
        path = self.folder / "signer" / "socket"
        while not path.exists():  # noqa: ASYNC110 - another process sends no event
            await asyncio.sleep(0.05)


async def sealing(bench: Bench, tables: Any) -> None:
    """A journal that was there already, in chunks, each chunk signed."""
    count = bench.options.entries
    await tables.execute(FILL, count * 4 // 5)
    await tables.execute(FILL_CASES, count - count * 4 // 5)
    await tables.execute("CHECKPOINT")
    async with open_sealing(bench.settings) as sealing:
        sealer = await sealing.begin()
        begun, cpu, notes = time.perf_counter(), time.process_time(), 0
        while await sealer.sweep() == sealer.terms.rows_max:
            await sealer.sign()
            notes += 1
        await sealer.sign()
        taken, busy = time.perf_counter() - begun, time.process_time() - cpu
        bench.note(
            "sealed and signed", per_second=count / taken, entries=count, checkpoints=notes + 1,
            sealer_cpu_share=busy / taken,
        )  # fmt: skip
    size = await tables.fetchval(
        "SELECT pg_total_relation_size('log_entry') + pg_total_relation_size('log_tile')"
    )
    bench.note("room", bytes_per_entry=size / count)


async def audited(bench: Bench, tables: Any) -> None:
    """The whole log against the journal."""
    keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
    audit = PostgresLogAudit(bench.dsn)
    await audit.open()
    begun, cpu = time.perf_counter(), time.process_time()
    report = await audit_log(audit, keys)
    taken, busy = time.perf_counter() - begun, time.process_time() - cpu
    await audit.close()
    assert report.finding is None, report.finding
    bench.note(
        "audit", entries=report.entries, seconds=taken, per_second=report.entries / taken,
        ten_million_extrapolated_seconds=taken * 1e7 / report.entries, auditor_cpu_share=busy / taken,
    )  # fmt: skip


async def overhead(bench: Bench) -> None:
    """Decisions as fast as they go, in turns with the sealer and without."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    async with open_house(bench.settings) as house:
        for turn in range(2 * bench.options.rounds):
            beside = bool(turn % 2)
            with bench.process("log", "seal") if beside else nullcontext():
                await asyncio.sleep(4.0)
                speeds[beside].append(await decisions(house, turn, bench.options.seconds))
    alone, beside = statistics.median(speeds[False]), statistics.median(speeds[True])
    bench.note("decisions per second", alone=alone, beside_the_sealer=beside, cost=1 - beside / alone)


async def decisions(house: Any, turn: int, seconds: int) -> float:
    """Batches from eight callers."""
    done, end = 0, time.perf_counter() + seconds

    async def caller(number: int) -> None:
        nonlocal done
        count = 0
        while time.perf_counter() < end:
            batch = [operation(turn, number, count + place) for place in range(64)]
            count += 64
            await house.decider.decide_many(batch, None)
            done += 64

    begun = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(8)))
    return done / (time.perf_counter() - begun)


def operation(turn: int, caller: int, count: int) -> Operation:
    """One operation of this moment."""
    account = (caller * 7919 + count) % 5000
    return read_operation(
        json.dumps(
            {
                "id": f"b-{turn}-{caller}-{count}", "kind": "login", "account": f"a-{account}",
                "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            }
        ).encode()
    )  # fmt: skip


PARTS: dict[str, Callable[..., Any]] = {
    "sealing": sealing, "naive": groups, "one": one_by_one,
    "proofs": proofs, "audit": audited, "receipts": receipts,
    "witnessed": witnessed,
}  # fmt: skip


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def measure(options: argparse.Namespace, folder: Path, dsn: str) -> dict[str, Any]:
    await migrate(dsn)
    bench = Bench(options, folder, dsn)
    with bench.process("log", "sign"):
        await bench.signer_answers()
        async with connected(dsn) as tables:
            for name, part in PARTS.items():
                if name in options.parts:
                    await part(bench, tables)
        if "overhead" in options.parts:
            await overhead(bench)
    return bench.found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="*", default=[*PARTS, "overhead"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="countermand-bench-"))
    try:
        with PrivateServer(folder, shared_buffers_mb=512) as dsn:
            found = asyncio.run(measure(options, folder, dsn))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
