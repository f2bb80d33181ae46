"""The transparency log measured: sealing, receipts, proofs, the audit, and what it costs the decisions.

Sealer and signer are processes of their own, as in the product, on a server with fsync. Beside them, in the
same run: a naive hash chain in the same database with the same durability, the disk's own fdatasync, and
pymerkle on SQLite where it is installed (GPL: for the benchmark alone).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
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
from benchmarks.log_waits import receipts, witnessed

from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.server import PrivateServer
from countermand.app import open_house, open_sealing
from countermand.flows.audit_log import audit_log
from countermand.settings import Settings
from countermand.transparency.notes import VerifierKey
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.reading import read_operation

PROGRAM = "from countermand.surfaces.cli.main import main; main()"
GROUP = 64
FILL = """
INSERT INTO journal (at, kind, subject, body, trace_id)
SELECT now(), 'operation.decided', NULL, json_build_object(
    'operation', 'op-' || n, 'decision', 'dec-' || md5(n::text), 'policy', 7, 'outcome', 'allow',
    'score', n % 100,
    'digest', md5(n::text) || md5((n + 1)::text), 'amount_minor', n * 7, 'rules', json_build_array('a', 'b')
), md5(n::text) FROM generate_series(1, $1::int) AS n
"""
FILL_CASES = """
INSERT INTO journal (at, kind, subject, body)
SELECT now(), 'case.changed', NULL, json_build_object(
    'case', 'case-' || md5((n / 10)::text), 'seq', n % 10, 'kind', 'noted', 'actor', 'machine',
    'digest', md5(n::text)
) FROM generate_series(1, $1::int) AS n
"""


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


async def naive(bench: Bench, tables: Any) -> None:
    """The same journal as a plain chain of hashes, a group a transaction; and ours by the same groups."""
    await tables.execute(
        "CREATE TABLE naive_chain (seq bigint PRIMARY KEY, body bytea NOT NULL, hash bytea NOT NULL)"
    )
    count, head, prev, seen = min(bench.options.entries, 20_000), 0, b"", 0
    begun = time.perf_counter()
    while seen < count:
        rows = await tables.fetch(
            "SELECT seq, body::text FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2", head, GROUP
        )
        records = []
        for seq, text in rows:
            body = text.encode()
            prev = hashlib.sha256(prev + body).digest()
            records.append((seq, body, prev))
        async with tables.transaction():
            await tables.copy_records_to_table("naive_chain", records=records)
        head, seen = rows[-1][0], seen + len(rows)
    chain = seen / (time.perf_counter() - begun)
    await tables.execute(FILL, count)
    async with open_sealing(bench.settings) as sealing:
        sealing.terms = type(sealing.terms)(base=sealing.terms.base, rows_max=GROUP)
        sealer = await sealing.begin()
        begun = time.perf_counter()
        while await sealer.sweep() == GROUP:
            pass
        ours = count / (time.perf_counter() - begun)
        await sealer.sign()
    bench.note("groups of 64", naive_chain=chain, ours=ours, ratio=ours / chain)


def floor(folder: Path, count: int = 2000) -> float:
    """Writes of 600 bytes a second that the disk makes durable one by one."""
    with (folder / "floor").open("wb") as file:
        begun = time.perf_counter()
        for _ in range(count):
            file.write(b"x" * 600)
            file.flush()
            os.fdatasync(file.fileno())
        return count / (time.perf_counter() - begun)


async def one_by_one(bench: Bench, tables: Any, count: int = 500) -> None:
    """One fact, committed and then sealed, before the next; the commit of the fact alone is taken off."""
    one = "INSERT INTO journal (at, kind, body) VALUES (now(), 'x', '{\"a\":1}')"
    begun = time.perf_counter()
    for _ in range(count):
        await tables.execute(one)
    commit = (time.perf_counter() - begun) / count
    async with open_sealing(bench.settings) as sealing:
        sealer = await sealing.begin()
        while await sealer.sweep():
            pass
        begun = time.perf_counter()
        for _ in range(count):
            await tables.execute(one)
            await sealer.sweep()
        both = (time.perf_counter() - begun) / count
        await sealer.sign()
    disk = floor(bench.folder)
    bench.note(
        "one at a time", commit_per_second=1 / commit, seal_per_second=1 / (both - commit),
        fdatasync_floor=disk,
        times_the_commit=(both - commit) / commit, times_the_floor=(both - commit) * disk,
    )  # fmt: skip


def pymerkle(bench: Bench, count: int = 500) -> None:
    """The library that one would take, on SQLite."""
    try:
        from pymerkle import SqliteTree
    except ImportError:
        print("pymerkle: NOT MEASURED, it is not installed (GPL: only for the benchmark)", flush=True)
        return
    tree = SqliteTree(str(bench.folder / "merkle.db"), algorithm="sha256")
    begun = time.perf_counter()
    for number in range(count):
        tree.append_entry(b"%d" % number * 60)
    appended = count / (time.perf_counter() - begun)
    begun = time.perf_counter()
    for number in range(1, 200):
        tree.prove_inclusion(number)
    proved = 199 / (time.perf_counter() - begun)
    bench.note("pymerkle on SQLite", appends_per_second=appended, proofs_per_second=proved)


async def proofs(bench: Bench, tables: Any, count: int = 1000) -> None:
    """Inclusion proofs from the tables, one after the other."""
    pool = await asyncpg.create_pool(bench.dsn, min_size=1, max_size=1)
    shelf, chance = PostgresLogShelf(pool), random.Random(bench.options.seed)
    last, taken = await tables.fetchval("SELECT max(fact) FROM log_entry"), []
    for _ in range(count):
        begun = time.perf_counter()
        found = await shelf.proof_of(chance.randrange(1, last))
        taken.append(time.perf_counter() - begun)
        assert found is not None
    await pool.close()
    taken.sort()
    bench.note(
        "inclusion proofs", per_second=count / sum(taken), p50_ms=taken[count // 2] * 1e3,
        p99_ms=taken[count * 99 // 100] * 1e3,
    )  # fmt: skip


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
    "sealing": sealing, "naive": naive, "one": one_by_one,
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
        if "pymerkle" in options.parts:
            pymerkle(bench)
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
    parser.add_argument("--parts", nargs="*", default=[*PARTS, "pymerkle", "overhead"])
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
