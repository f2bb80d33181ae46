"""The public door: reports without login per second beside decisions, each with number, receipt and hold.

Every report comes from an address of its own (through a proxy that the server trusts), behind a solved
puzzle, in words of the labelled messages; its time is from when it was due to be sent until its answer, which
comes after the commit of bytes, case, containment, clocks and facts.
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
from pathlib import Path

from benchmarks.contain import ACCOUNTS, Lines, at, at_rate, make_key, operation, quantiles
from benchmarks.http import free_port, stop, wait_ready

import countermand
from countermand.adapters.postgres.server import PrivateServer
from countermand.intake.puzzles import solved

GOAL_MS = 2_000.0
_SERVE = "from countermand.surfaces.cli.main import main; main()"


def messages() -> list[str]:
    """The texts of the labelled messages that come with the product."""
    folder = Path(countermand.__file__).parent / "triage_data"
    lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


def from_address(number: int) -> bytes:
    """The header that a trusted proxy sets for the sender of a number."""
    return f"x-forwarded-for: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n".encode()


async def puzzles(lines: Lines, count: int) -> list[tuple[str, str]]:
    """So many puzzles, solved beforehand: a person's page does that before they press the button."""
    found = []
    for number in range(count):
        line = await lines.free.get()
        header = from_address(number)
        _, body = await line.ask("GET", "/v1/not-me/puzzle", headers=header)
        lines.free.put_nowait(line)
        asked = json.loads(body)
        found.append((asked["puzzle"], solved(asked["puzzle"], asked["bits"])))
    return found


async def measure(options: argparse.Namespace, port: int, key: str) -> dict[str, object]:
    # Connections of their own: what waits at the one door must not count against the other.
    lines, people = Lines(port, key), Lines(port, key)
    draw, texts = random.Random(options.seed), messages()
    ready = await puzzles(people, int(options.reports * options.seconds))
    contained = 0

    async def decide(number: int) -> None:
        await lines.ask("/v1/operations", operation(draw, f"op-{options.seed}-{number}", "payment"))

    async def report(number: int) -> None:
        nonlocal contained
        puzzle, answer = ready[number]
        said = {
            "puzzle": puzzle, "answer": answer, "text": draw.choice(texts),
            "account": f"a-{draw.randrange(ACCOUNTS)}",
        }  # fmt: skip
        line = await people.free.get()
        try:
            status, body = await line.ask(
                "POST", "/v1/not-me", json.dumps(said).encode(), from_address(100_000 + number)
            )
        finally:
            people.free.put_nowait(line)
        assert status == 200, (status, body[:300])
        contained += b'"scope":null' not in body

    await at_rate(200, 3, lambda n: decide(10**6 + n))  # warm
    decisions, reports = await asyncio.gather(
        at_rate(options.decisions, options.seconds, decide),
        at_rate(options.reports, options.seconds, report),
    )
    return {
        "reports": len(reports),
        "contained": contained,
        "reports_per_second": options.reports,
        "decisions_per_second": options.decisions,
        "receipt_ms": quantiles(reports),
        "decision_ms_beside": quantiles(decisions),
        "verdict": "goal met" if at(reports, 0.99) <= GOAL_MS else "goal missed",
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks door", description=__doc__)
    parser.add_argument("--reports", type=float, default=200)
    parser.add_argument("--decisions", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    directory = Path(tempfile.mkdtemp(prefix="countermand-bench-"))
    try:
        with PrivateServer(directory, shared_buffers_mb=256) as dsn:
            key, port = asyncio.run(make_key(dsn)), free_port()
            environment = {
                **os.environ,
                "COUNTERMAND_DATABASE_URL": dsn,
                "COUNTERMAND_LOG_LEVEL": "warning",
                "COUNTERMAND_TRUSTED_PROXIES": "127.0.0.0/8",
            }
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
