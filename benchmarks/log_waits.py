"""How long it takes from a committed fact to a signed checkpoint that has it, and to two witnesses."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any

import asyncpg

from countermand.app.witnessing import add_witnessed_log, make_witness_keys, open_witness
from countermand.transparency.notes import VerifierKey

COVERED = """
SELECT EXISTS (
    SELECT FROM log_entry e JOIN log_checkpoint c ON c.shard = e.shard AND c.size > e.index WHERE e.fact = $1
)
"""
COSIGNED = """
SELECT s.size FROM (SELECT size, count(*) FROM log_cosignature GROUP BY size) AS s (size, count)
WHERE s.count >= $1 ORDER BY s.size DESC LIMIT 1
"""
SIGNED = "SELECT max(size) FROM log_checkpoint WHERE $1 = 0"
WITNESSES = 2


async def receipts(bench: Any, tables: Any) -> None:
    """Facts at a steady rate, each its own commit; until a signed checkpoint that covers it can be read."""
    with bench.process("log", "seal"):
        await sealing_begun(tables)
        await waited(bench, tables, "commit to signed receipt", SIGNED, 0)


async def witnessed(bench: Any, tables: Any) -> None:
    """The same, until two witnesses of their own processes have cosigned such a checkpoint."""
    log = next(VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key"))
    lines, serving = [f"log {log}"], []
    for number in range(WITNESSES):
        folder, name = bench.folder / f"witness-{number}", f"witness.example/w{number}"
        make_witness_keys(folder, name)
        add_witnessed_log(folder, str(log))
        with open_witness(folder) as house:
            keys = [one.key for one in house.cosigners]
        port = free_port()
        lines.append(f"witness w{number} {keys[0]} http://127.0.0.1:{port}")
        serving.append(("witness", "serve", "--folder", str(folder), "--port", str(port)))
    names = " ".join(f"w{number}" for number in range(WITNESSES))
    policy = bench.folder / "policy.txt"
    policy.write_text("\n".join([*lines, f"group all {WITNESSES} {names}", "quorum all", ""]))
    with ExitStack() as stack:
        for arguments in serving:
            stack.enter_context(bench.process(*arguments))
        stack.enter_context(bench.process("log", "seal"))
        stack.enter_context(bench.process("log", "ask", COUNTERMAND_TRUST_POLICY=str(policy)))
        await sealing_begun(tables)
        while not await tables.fetchval(COSIGNED, WITNESSES):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await waited(bench, tables, "commit to two witnesses", COSIGNED, WITNESSES)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def sealing_begun(tables: Any) -> None:
    """Something new is signed: everybody is at work."""
    before = await tables.fetchval("SELECT max(size) FROM log_checkpoint")
    await tables.execute("INSERT INTO journal (at, kind, body) VALUES (now(), 'x', '{}')")
    while await tables.fetchval("SELECT max(size) FROM log_checkpoint") == before:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def waited(bench: Any, tables: Any, name: str, covering: str, count: int) -> None:
    """Facts at a steady rate; how long each waits until `covering` ($1 `count`) tells a size that has it."""
    seconds, rate = bench.options.seconds, bench.options.rate
    committed: dict[int, float] = {}
    pool = await asyncpg.create_pool(bench.dsn, min_size=10, max_size=10)

    async def report(at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        seq = await pool.fetchval(
            "INSERT INTO journal (at, kind, body) VALUES (now(), 'report.received', $1) RETURNING seq",
            json.dumps({"case": f"case-{random.randrange(10**9)}", "channel": "app"}),
        )
        committed[seq] = time.perf_counter()

    covered: list[tuple[float, int]] = [(0.0, 0)]

    async def watch() -> None:
        while True:
            found = await pool.fetchval(covering, count)
            if found != covered[-1][1]:
                covered.append((time.perf_counter(), found))
            await asyncio.sleep(0.003)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter() + 0.2
    await asyncio.gather(*(report(begun + number / rate) for number in range(seconds * rate)))
    while not await tables.fetchval(COVERED, max(committed)):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    places = dict(await tables.fetch("SELECT fact, index FROM log_entry WHERE fact >= $1", min(committed)))
    while covered[-1][1] <= max(places[seq] for seq in committed):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await pool.close()
    waits = sorted(
        next(at for at, size in covered if size > places[seq]) - when for seq, when in committed.items()
    )
    bench.note(
        name, per_second=rate, facts=len(waits), p50_ms=waits[len(waits) // 2] * 1e3,
        p99_ms=waits[len(waits) * 99 // 100] * 1e3, max_ms=waits[-1] * 1e3,
    )  # fmt: skip
