"""What five shadow policies cost the live path: answers under a steady load, with them and without, in turns.

One server decides by the shipped policy. Requests leave at fixed times, whether or not earlier ones were
answered, and each latency counts from its time. Between rounds the shadows are added or removed; two of the
five have longer windows of their own. The follower's CPU time is read beside its database process', and the
bytes that the results take are those of their tables with all indexes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import asyncpg
from benchmarks.http import calibrate, free_port, start_ours, stop, wait_ready

from countermand.adapters.postgres.server import PrivateServer
from countermand.app import open_desk, open_house, read_policy
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings

POLICY = "cn-consumer-finance"
GOAL_TIMES = 1.10
ACCOUNTS = 5_000
TICKS = os.sysconf("SC_CLK_TCK")
RESULT_TABLES = ("shadow_chunk", "shadow_difference")


class Bench:
    """One server, its address and key, and what was asked so far."""

    def __init__(self, options: argparse.Namespace, directory: Path, dsn: str) -> None:
        self.options, self.directory, self.dsn = options, directory, dsn
        self.ports = (free_port(), 0)
        self.key = ""
        self.asked = 0
        self.draw = random.Random(options.seed)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def call(self, method: str, path: str, value: object = None) -> dict:
        body = None if value is None else json.dumps(value).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}{path}", body, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def operation(self) -> dict[str, object]:
        """One operation of this moment."""
        self.asked += 1
        account, now = self.draw.randrange(ACCOUNTS), time.time()
        fields = {
            "id": f"s-{self.options.seed}-{self.asked}",
            "kind": "login",
            "account": f"a-{account}",
            "person": f"p-{account}",
            "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "channel": "app",
            "device": {"id": f"d-{account if self.draw.random() < 0.9 else self.draw.randrange(ACCOUNTS)}"},
            "ip": f"10.0.{self.draw.randrange(256)}.{self.draw.randrange(256)}",
        }
        if self.draw.random() < 0.7:
            fields |= {
                "kind": self.draw.choice(["payment", "payment", "transfer", "withdrawal"]),
                "amount": {"minor": self.draw.randrange(100, 600_000), "currency": "CNY"},
                "counterparty": {"id": f"c-{self.draw.randrange(2_000)}"},
            }
        return fields

    def request(self) -> bytes:
        """One operation as bytes on the wire."""
        body = json.dumps(self.operation()).encode()
        head = (
            "POST /v1/operations HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {self.key}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def load(bench: Bench, seconds: float) -> list[float]:
    """Requests at a fixed rate over as many connections as are needed; latencies in milliseconds."""
    loop, rate = asyncio.get_running_loop(), bench.options.rate
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    latencies: list[float] = []

    async def one(due: float, request: bytes) -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", bench.ports[0])
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append((loop.time() - due) * 1000)
        idle.append((reader, writer))

    began, tasks = loop.time(), []
    for number in range(round(seconds * rate)):
        due = began + number / rate
        request = bench.request()
        await asyncio.sleep(max(0.0, due - loop.time()))
        tasks.append(asyncio.create_task(one(due, request)))
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return latencies


def candidates(count: int) -> list[dict[str, str]]:
    """The live policy under other versions; two of them with windows that nobody has recorded."""
    found = []
    for number in range(count):
        files = dict(read_policy(POLICY))
        files["policy.yaml"] = files["policy.yaml"].replace('version: "', f'version: "candidate-{number}.')
        if number in (1, 2):
            features = files["features.yaml"]
            files["features.yaml"] = features.replace("over: 24 hours", f"over: {30 + number} hours")
        if number == 3:
            files["limits.yaml"] = files["limits.yaml"].replace("cny(200000)", "cny(5500)", 1)
        found.append(files)
    return found


def seconds_of(process: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def follower_of(server: int) -> int | None:
    """The follower's process number."""
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == server and b"shadow" in command and b"run" in command:
            return int(process.name)
    return None


async def add_all(bench: Bench) -> None:
    for number, files in enumerate(candidates(bench.options.shadows)):
        await asyncio.to_thread(bench.call, "POST", "/v1/shadows", {"files": files, "name": f"c-{number}"})


async def remove_all(bench: Bench) -> None:
    for number in range(bench.options.shadows):
        await asyncio.to_thread(bench.call, "DELETE", f"/v1/shadows/c-{number}")


async def stored(bench: Bench, connection: asyncpg.Connection) -> dict[str, object]:
    """Many operations at once: how fast the follower takes them, and the bytes of an answer of a shadow."""
    await add_all(bench)
    batches = bench.options.stored // 1000
    for _ in range(batches):
        operations = [bench.operation() for _ in range(1000)]
        await asyncio.to_thread(bench.call, "POST", "/v1/operations/batch", {"operations": operations})
    behind = "SELECT (SELECT max(seq) FROM operation) - min(position) FROM shadow"
    began, first = time.monotonic(), await connection.fetchval(behind)
    while await connection.fetchval(behind):  # noqa: ASYNC110 - another process sends no event
        await asyncio.sleep(0.1)
    took = time.monotonic() - began
    evaluated = await connection.fetchval("SELECT sum(operations)::bigint FROM shadow")
    size = 0
    for table in RESULT_TABLES:
        await connection.execute(f"VACUUM FULL {table}")
        size += await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
    differing = await connection.fetchval("SELECT count(*) FROM shadow_difference")
    await remove_all(bench)
    return {
        "bytes_per_answer": round(size / evaluated, 2),
        "other_outcome_share": round(differing / evaluated, 4),
        "caught_up_operations_per_second": round(first / took),
    }


async def with_shadows(bench: Bench, connection: asyncpg.Connection, server: int) -> dict[str, float]:
    """One round with the shadows: latencies, what the follower used, and what it wrote."""
    await add_all(bench)
    await load(bench, bench.options.warm_seconds)
    backend = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'countermand shadow' LIMIT 1"
    )
    follower = follower_of(server)
    assert follower is not None, "the follower is there after the warm-up"
    before = seconds_of(follower), seconds_of(backend)
    latencies = await load(bench, bench.options.seconds)
    used = seconds_of(follower) - before[0], seconds_of(backend) - before[1]
    states = await connection.fetch("SELECT state FROM shadow")
    assert {row["state"] for row in states} == {"running"}
    await remove_all(bench)
    return {
        "latencies": latencies,
        "follower_cpu": used[0] / bench.options.seconds,
        "database_cpu": used[1] / bench.options.seconds,
    }


async def without_shadows(bench: Bench, server: int) -> list[float]:
    """One round without: the follower has gone."""
    while follower_of(server) is not None:  # noqa: ASYNC110 - another process sends no event
        await asyncio.sleep(0.2)
    await load(bench, bench.options.warm_seconds)
    return await load(bench, bench.options.seconds)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def rounds(bench: Bench, server: int) -> dict[str, object]:
    """In turns, beginning with either; medians over the rounds, and of the ratios within each."""
    connection = await asyncpg.connect(bench.dsn)
    sides: tuple[list[list[float]], list[list[float]]] = ([], [])
    costs, moods = [], []
    for number in range(bench.options.rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            moods.append(calibrate())
            if side:
                cost = await with_shadows(bench, connection, server)
                sides[1].append(cost.pop("latencies"))
                costs.append(cost)
            else:
                sides[0].append(await without_shadows(bench, server))
        p99 = [percentile(side[-1], 0.99) for side in sides]
        bench.say(f"round {number + 1}: p99 {p99[0]:.2f} ms without, {p99[1]:.2f} ms with; {costs[-1]}")
    kept = await stored(bench, connection)
    await connection.close()
    ratios = [percentile(b, 0.99) / percentile(a, 0.99) for a, b in zip(*sides, strict=True)]
    report: dict[str, object] = {
        "case": f"{bench.options.shadows} shadows at {bench.options.rate} operations a second",
        "noise": round(max(moods) / min(moods), 2),
    }
    for name, side in (("without", sides[0]), ("with", sides[1])):
        report[name] = {
            f"p{share}": round(statistics.median(percentile(one, share / 100) for one in side), 3)
            for share in (50, 95, 99)
        }
    report["p99_times"] = {
        "low": round(min(ratios), 3),
        "median": round(statistics.median(ratios), 3),
        "high": round(max(ratios), 3),
    }
    for name in costs[0]:
        report[name] = round(statistics.median(cost[name] for cost in costs), 4)
    report |= kept
    met = statistics.median(ratios) <= GOAL_TIMES
    noisy = max(moods) / min(moods) > 1.5
    report["verdict"] = "too noisy" if noisy else "goal met" if met else "goal missed"
    return report


async def prepare(bench: Bench) -> None:
    settings = Settings(database_url=bench.dsn, policy=POLICY)
    async with open_house(settings):
        pass  # migrates, and records the policy
    async with open_desk(settings) as desk:
        _, bench.key = await create_key(desk, "bench", ["decide", "policy"], "bench")


def run(bench: Bench) -> dict[str, object]:
    asyncio.run(prepare(bench))
    server: subprocess.Popen[bytes] = start_ours(bench)
    try:
        wait_ready(bench.ports[0], server)
        return asyncio.run(rounds(bench, server.pid))
    finally:
        stop(server)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks shadow", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="operations a second")
    parser.add_argument("--shadows", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8, help="per side and round")
    parser.add_argument("--warm-seconds", type=float, default=4)
    parser.add_argument("--stored", type=int, default=20_000, help="operations for the bytes of an answer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", help="where the database lives (default: the temporary folder)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    directory = Path(tempfile.mkdtemp(prefix="countermand-bench-", dir=options.directory))
    try:
        with PrivateServer(directory, shared_buffers_mb=256) as dsn:
            report = run(Bench(options, directory, dsn))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(json.dumps(report) if options.json else "  ".join(f"{k}: {v}" for k, v in report.items()))
    return 1 if report["verdict"] == "goal missed" else 0


if __name__ == "__main__":
    raise SystemExit(main())
