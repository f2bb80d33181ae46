"""Durable decisions over HTTP, against the plain service a team would write (FastAPI, asyncpg, SQL).

Both decide by the same policy on the same history in the same PostgreSQL server with synchronous commit, both
are asked the same things by wrk, in turns. A case passes only if the machine was quiet enough to say so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
from benchmarks.http_history import ACCOUNTS, load_history, operations
from benchmarks.peers import FORMS

from countermand.adapters.postgres.server import PrivateServer
from countermand.app import open_desk, open_house, read_policy
from countermand.flows.manage_keys import create_key
from countermand.policy.package import compile_policy
from countermand.settings import Settings

HERE = Path(__file__).parent
POLICY = "cn-consumer-finance"
NOISE_MAX = 1.5
COMPARED = 200
READY_SECONDS_MAX = 600
_SERVE = "from countermand.surfaces.cli.main import main; main()"


@dataclass
class Bench:
    """What all cases share."""

    options: argparse.Namespace
    directory: Path
    dsn: str = ""
    peer_dsn: str = ""
    key: str = ""
    ports: tuple[int, int] = (0, 0)
    seed: int = 0
    report: dict[str, object] = None  # type: ignore[assignment]

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def prepare(bench: Bench) -> None:
    """Both databases with the same history, and a key."""
    options, settings = bench.options, Settings(database_url=bench.dsn, policy=POLICY)
    async with open_house(settings):
        pass  # migrates, and records the policy
    async with open_desk(settings) as desk:
        _, bench.key = await create_key(desk, "bench", ["decide", "contain"], "bench")
    connection = await asyncpg.connect(bench.dsn)
    await connection.execute("CREATE DATABASE peer TEMPLATE template0")
    bench.peer_dsn = urlunsplit(urlsplit(bench.dsn)._replace(path="/peer"))
    peer = await asyncpg.connect(bench.peer_dsn)
    program = compile_policy(read_policy(POLICY))
    sql = FORMS[options.peer](program)
    await peer.execute(sql.schema)
    policy_id = await connection.fetchval("SELECT max(id) FROM policy_version")
    began = time.monotonic()
    now = time.time_ns() // 1000
    await load_history(connection, peer, program, policy_id, options.seed, options.history, now, options.peer)
    await peer.execute(sql.indexes)
    for one in (connection, peer):
        await one.execute("VACUUM ANALYZE")
        await one.close()
    bench.say(f"history: {options.history:,} operations loaded into both in {time.monotonic() - began:.0f} s")


def start_ours(bench: Bench) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _SERVE, "serve", "--port", str(bench.ports[0]), "--policy", POLICY]
    environment = {**os.environ, "COUNTERMAND_DATABASE_URL": bench.dsn, "COUNTERMAND_LOG_LEVEL": "warning"}
    return subprocess.Popen(command, env=environment, cwd=bench.directory)


def start_peer(bench: Bench) -> subprocess.Popen[bytes]:
    workers = bench.options.peer_workers
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.peers.fastapi_service:app",
        "--port",
        str(bench.ports[1]),
    ]
    command += ["--workers", str(workers), "--no-access-log", "--log-level", "warning", "--loop", "uvloop"]
    environment = {
        **os.environ,
        "PEER_DATABASE": bench.peer_dsn,
        "PEER_CONNECTIONS": str(max(8, 16 // workers)),
        "PEER_FORM": bench.options.peer,
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(command, env=environment, cwd=bench.directory)


def ask(port: int, key: str, body: bytes) -> tuple[int, bytes]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/operations", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_ready(port: int, process: subprocess.Popen[bytes]) -> float:
    """Seconds until it accepts connections."""
    began = time.monotonic()
    while time.monotonic() - began < READY_SECONDS_MAX:
        if process.poll() is not None:
            raise SystemExit(f"a server ended with {process.returncode} before it was ready")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return time.monotonic() - began
        time.sleep(0.05)
    raise SystemExit("a server was not ready in time")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def compare(bench: Bench) -> int:
    """The same new operations to both, one after the other: the same decisions. How many were compared."""
    now = time.time_ns() // 1000
    pairs = list(operations(bench.options.seed + 1, COMPARED, now))
    draw = random.Random(bench.options.seed)
    seconds = now - now % 10**6
    for n, (operation, _) in enumerate(pairs):
        at = msgspec.json.decode(msgspec.json.encode(operation))
        at |= {
            "id": f"cmp-{n}",
            "account": f"a-{draw.randrange(40)}",
            "occurred_at": _moment(seconds - 60 * 10**6),
        }
        body = msgspec.json.encode(at)
        answers = []
        for port in bench.ports:
            status, answer = ask(port, bench.key, body)
            if status != 200:
                raise SystemExit(f"{body!r} was answered {status}: {answer!r}")
            decision = msgspec.json.decode(answer)["decision"]
            answers.append(
                {k: v for k, v in decision.items() if k not in ("id", "decided_at", "obligations")}
            )
        if answers[0] != answers[1]:
            raise SystemExit(f"outputs differ for {body!r}:\n{answers[0]}\n{answers[1]}")
    return COMPARED


def _moment(micros: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(micros // 10**6))


def wrk(bench: Bench, side: int, case: str, connections: int, seconds: float) -> dict[str, float]:
    """One round of load on one side."""
    bench.seed += 1
    seed = f"{bench.options.seed}{os.getpid() % 1000:03d}{bench.seed:04d}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
    command += ["-s", str(HERE / "http_load.lua"), f"http://127.0.0.1:{bench.ports[side]}", "--"]
    command += [case, seed, bench.key, str(ACCOUNTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise SystemExit(f"wrk said nothing: {done.stdout}{done.stderr}")
    result = json.loads(line.removeprefix("RESULT "))
    if result["refused"] or result["broken"]:
        raise SystemExit(
            f"{case}: {result['refused']} refused, {result['broken']} broken requests on side {side}"
        )
    result["rate"] = result["requests"] / result["seconds"]
    return result


def calibrate() -> float:
    """Seconds a fixed loop takes: the machine's mood."""
    began = time.perf_counter()
    total = 0
    for n in range(2_000_000):
        total += n & 7
    return time.perf_counter() - began


def rounds(bench: Bench, case: str, connections: int) -> dict[str, object]:
    """Ours and theirs in turns: medians, and the deciles of the ratios per round."""
    options = bench.options
    sides: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    moods = []
    for n in range(options.rounds + 1):
        moods.append(calibrate())
        for side in (0, 1) if n % 2 else (1, 0):
            result = wrk(bench, side, case, connections, options.seconds)
            if n:  # the first round warms up
                sides[side].append(result)
    noise = max(moods) / min(moods)
    faster = sorted(a["rate"] / b["rate"] for a, b in zip(*sides, strict=True))
    slower = sorted(a["p99"] / b["p99"] for a, b in zip(*sides, strict=True))
    report = {"case": case, "connections": connections, "noise": round(noise, 2)}
    for name, side in (("ours", sides[0]), ("peer", sides[1])):
        report[name] = {
            k: round(statistics.median(r[k] for r in side), 2) for k in ("rate", "p50", "p99", "p999", "max")
        }
    report["times_as_many"] = _deciles(faster)
    report["share_of_p99"] = _deciles(slower)
    met = statistics.median(faster) >= 4 and statistics.median(slower) <= 0.5
    report["verdict"] = "too noisy" if noise > NOISE_MAX else "goal met" if met else "goal missed"
    bench.say(json.dumps(report))
    return report


def _deciles(values: list[float]) -> dict[str, float]:
    return {
        "p20": round(values[int(0.2 * (len(values) - 1))], 3),
        "median": round(statistics.median(values), 3),
        "p80": round(values[round(0.8 * (len(values) - 1))], 3),
    }


def ours_alone(bench: Bench, case: str, connections: int, seconds: float) -> dict[str, object]:
    """Ours only: the tail, and the load's effect over time."""
    result = wrk(bench, 0, case, connections, seconds)
    report = {"case": case, "connections": connections, **{k: round(v, 2) for k, v in result.items()}}
    bench.say(json.dumps(report))
    return report


async def set_flush_delay(directory: Path, dsn: str, micros: int) -> None:
    """Every flush of the log waits this much longer: by commit_delay, so no compiler is needed."""
    password = (directory / "superuser.password").read_text().strip()
    parts = urlsplit(dsn)
    admin = urlunsplit(parts._replace(netloc=f"postgres:{password}@", path="/postgres"))
    connection = await asyncpg.connect(admin)
    await connection.execute(f"ALTER SYSTEM SET commit_delay = {micros}")
    await connection.execute("ALTER SYSTEM SET commit_siblings = 0")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await asyncio.sleep(0.5)


def run(bench: Bench) -> list[dict[str, object]]:
    options, reports = bench.options, []
    asyncio.run(prepare(bench))
    bench.ports = (free_port(), free_port())
    ours, peer = start_ours(bench), start_peer(bench)
    try:
        seconds = wait_ready(bench.ports[0], ours)
        wait_ready(bench.ports[1], peer)
        reports.append(
            {"case": "restart", "operations": options.history, "seconds_to_ready": round(seconds, 1)}
        )
        bench.say(json.dumps(reports[-1]))
        reports.append({"case": "outputs", "compared": compare(bench), "different": 0})
        bench.say(json.dumps(reports[-1]))
        for case in options.cases.split(","):
            if case in ("uniform", "hot", "nat"):
                reports += [rounds(bench, case, n) for n in options.connections]
            elif case == "tail":
                reports.append(ours_alone(bench, "uniform", 16, options.tail_seconds))
            elif case == "fsync":
                for micros in (0, 2000):
                    asyncio.run(set_flush_delay(bench.directory, bench.dsn, micros))
                    report = ours_alone(bench, "uniform", 64, options.seconds)
                    reports.append({**report, "case": f"flush +{micros} us"})
    finally:
        stop(ours)
        stop(peer)
    return reports


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks http", description=__doc__)
    parser.add_argument("--history", type=int, default=5_000_000, help="operations loaded into both")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5, help="per side and round")
    parser.add_argument("--tail-seconds", type=float, default=60)
    parser.add_argument(
        "--connections", type=lambda text: [int(n) for n in text.split(",")], default=[16, 64]
    )
    parser.add_argument("--cases", default="uniform,hot,nat,tail,fsync")
    parser.add_argument(
        "--peer", choices=["plain", "tuned"], default="plain", help="how it writes its features"
    )
    parser.add_argument("--peer-workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if shutil.which("wrk") is None:
        print("wrk is not installed (apt install wrk): not measured", file=sys.stderr)
        return 1
    directory = Path(tempfile.mkdtemp(prefix="countermand-bench-"))
    bench = Bench(options, directory)
    try:
        with PrivateServer(directory, shared_buffers_mb=2048) as dsn:
            bench.dsn = dsn
            reports = run(bench)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for report in reports:
        print(json.dumps(report) if options.json else "  ".join(f"{k}: {v}" for k, v in report.items()))
    return 1 if any(report.get("verdict") == "goal missed" for report in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
