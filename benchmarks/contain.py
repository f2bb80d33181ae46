"""From "not me" to everything committed: reports per second beside decisions, over HTTP on one server.

A report freezes, ends sessions, stops mandates, takes holds back, and writes effects, evidence and facts; its
time is from when it was due to be sent (so a queue counts) until its answer, which comes after the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.http import free_port, stop, wait_ready

from countermand.adapters.postgres.server import PrivateServer
from countermand.app import open_desk
from countermand.drills.torture.wire import Connection
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import rfc3339
from countermand.settings import Settings

ACCOUNTS = 20_000
GOAL_MS = 500.0
LINES = 64
_SERVE = "from countermand.surfaces.cli.main import main; main()"


class Lines:
    """Connections, one request on each at a time."""

    def __init__(self, port: int, key: str) -> None:
        self.free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for _ in range(LINES):
            self.free.put_nowait(Connection(port, key))

    async def ask(self, path: str, body: dict[str, object]) -> bytes:
        line = await self.free.get()
        try:
            status, answer = await line.ask("POST", path, json.dumps(body).encode())
        finally:
            self.free.put_nowait(line)
        assert status == 200, (status, answer[:300])
        return answer


async def at_rate(rate: float, seconds: float, act: Callable[[int], Awaitable[None]]) -> list[float]:
    """Start `act` at a steady rate, whatever the earlier ones do; milliseconds from due to done, sorted."""
    began, taken, tasks = time.monotonic(), [], []

    async def one(number: int, due: float) -> None:
        await act(number)
        taken.append((time.monotonic() - due) * 1000)

    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    return sorted(taken)


def operation(draw: random.Random, name: str, kind: str) -> dict[str, object]:
    number = draw.randrange(ACCOUNTS)
    return {
        "id": name, "kind": kind, "account": f"a-{number}", "person": f"p-{number}",
        "occurred_at": rfc3339(time.time_ns() // 1000), "amount": {"minor": 5_000, "currency": "CNY"},
        "device": {"id": f"d-{number}"}, "session": f"s-{number}", "channel": "app",
        "counterparty": {"id": f"m-{draw.randrange(500)}"},
    }  # fmt: skip


async def measure(options: argparse.Namespace, port: int, key: str) -> dict[str, object]:
    lines, draw = Lines(port, key), random.Random(options.seed)
    allowed_after = 0

    async def decide(number: int) -> None:
        await lines.ask("/v1/operations", operation(draw, f"op-{options.seed}-{number}", "payment"))

    async def report(number: int) -> None:
        nonlocal allowed_after
        account = draw.randrange(ACCOUNTS)
        body = {
            "account": f"a-{account}", "person": f"p-{account}", "reason": "not me", "preset": "everything",
        }  # fmt: skip
        await lines.ask("/v1/contain", body)
        if number % 10 == 0:  # and see that it binds
            late = operation(draw, f"late-{options.seed}-{number}", "payment") | {"account": f"a-{account}"}
            allowed_after += b'"outcome":"allow"' in await lines.ask("/v1/operations", late)

    await at_rate(200, 3, lambda n: decide(10**6 + n))  # warm
    alone = await at_rate(options.decisions, options.seconds, lambda n: decide(2 * 10**6 + n))
    decisions, reports = await asyncio.gather(
        at_rate(options.decisions, options.seconds, decide),
        at_rate(options.reports, options.seconds, report),
    )
    return {
        "reports": len(reports),
        "reports_per_second": options.reports,
        "decisions_per_second": options.decisions,
        "contained_ms": quantiles(reports),
        "decision_ms_beside": quantiles(decisions),
        "decision_ms_alone": quantiles(alone),
        "allowed_after": allowed_after,
        "verdict": "goal met" if at(reports, 0.99) <= GOAL_MS and not allowed_after else "goal missed",
    }


def at(taken: list[float], share: float) -> float:
    return round(taken[min(len(taken) - 1, int(share * len(taken)))], 1)


def quantiles(taken: list[float]) -> dict[str, float]:
    return {"p50": at(taken, 0.5), "p99": at(taken, 0.99), "p999": at(taken, 0.999), "max": at(taken, 1.0)}


async def make_key(dsn: str) -> str:
    async with open_desk(Settings(database_url=dsn)) as desk:
        _, key = await create_key(desk, "bench", ["decide", "contain"], "bench")
    return key


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks contain", description=__doc__)
    parser.add_argument("--reports", type=float, default=50)
    parser.add_argument("--decisions", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    directory = Path(tempfile.mkdtemp(prefix="countermand-bench-"))
    try:
        with PrivateServer(directory, shared_buffers_mb=256) as dsn:
            key, port = asyncio.run(make_key(dsn)), free_port()
            environment = {**os.environ, "COUNTERMAND_DATABASE_URL": dsn, "COUNTERMAND_LOG_LEVEL": "warning"}
            command = [sys.executable, "-c", _SERVE, "serve", "--port", str(port)]
            server = subprocess.Popen(command, env=environment, cwd=directory)
            try:
                wait_ready(port, server)
                report = asyncio.run(measure(options, port, key))
            finally:
                stop(server)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(json.dumps(report) if options.json else "\n".join(f"{k}: {v}" for k, v in report.items()))
    return 0 if report["verdict"] == "goal met" else 1


if __name__ == "__main__":
    raise SystemExit(main())
