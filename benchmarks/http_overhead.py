"""CPU per request of the HTTP door alone: a decider that answers at once, on different servers.

    python benchmarks/http_overhead.py [--rounds 5] [--seconds 3] [--connections 32]

Every server gets the same handler (key check, trace, parse, count, answer: surfaces.http.hot), is pinned to a
core and driven by wrk on another; servers alternate within a round. What is compared is the server process's
CPU time per answered request, as a median over the rounds, and the ratio to the door within each round.

    door   uvicorn's protocol with the short cut for hot routes (what `countermand serve` runs)
    front  uvicorn, the Front as a plain ASGI application
    asgi   granian, embedded, the same Front over ASGI (skipped where granian is not installed)
    rsgi   granian, embedded, the hot handler over RSGI (the same)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

KEY = "cm_k-1_bench"
BODY = (
    '{"id":"op-1","kind":"withdrawal","account":"a-1","person":"p-1","occurred_at":"2026-11-21T10:00:00Z",'
    '"channel":"app","amount":{"minor":120050,"currency":"CNY"},"counterparty":{"id":"c-9","institution":"bank"},'
    '"device":{"id":"d-1","signals":{"emulator":false}},"ip":"203.0.113.7","session":"s-1","attributes":{"a":1}}'
)
ANSWER = (
    b'{"operation":"op-1","decision":{"id":"dec-1","outcome":"allow","score":0,"reasons":[],"unknown":[],'
    b'"counterfactual":[],"obligations":[],"policy":"none@1","decided_at":"2026-11-21T10:00:00.000000Z"}}'
)
SERVERS = ("door", "front", "asgi", "rsgi")


class InstantDecider:
    """Answers at once."""

    waiting = 0
    meter = None

    async def decide(self, operation: Any, trace: str | None) -> bytes:
        return ANSWER


class OneKey:
    """Knows one key."""

    name = "bench"

    def check(self, presented: str, scope: str) -> OneKey:
        assert presented == KEY
        return self


def front() -> Any:
    """The Front over the instant decider; the ordinary routes are there and not called."""
    from countermand.kernel.clock import SystemClock
    from countermand.surfaces.http.front import make_front

    return make_front(SimpleNamespace(decider=InstantDecider(), keys=OneKey(), clock=SystemClock()))


async def serve_door(application: Any, port: int, stop: asyncio.Event) -> None:
    from countermand.surfaces.http.server import open_door

    async with open_door(application, "127.0.0.1", port):
        await stop.wait()
        report(application)


async def serve_front(application: Any, port: int, stop: asyncio.Event) -> None:
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    from uvicorn.server import ServerState

    config = Config(
        application, ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False
    )
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    await loop.create_server(
        lambda: HttpToolsProtocol(config, state, {}, loop), "127.0.0.1", port, backlog=4096
    )
    await stop.wait()
    report(application)


async def serve_granian(application: Any, port: int, stop: asyncio.Event, *, rsgi: bool) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    server = Server(
        rsgi_of(application) if rsgi else application,
        port=port,
        interface=Interfaces.RSGI if rsgi else Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=4096,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await stop.wait()
    report(application)
    server.stop()
    await serving


def rsgi_of(application: Any) -> Any:
    """The hot handler in RSGI's terms, with as little in between as possible."""
    from countermand.surfaces.http.hot import Head

    routes = {path.decode(): route for path, route in application.lane.routes.items()}
    wanted = (
        "authorization",
        "content-type",
        "content-length",
        "traceparent",
        "idempotency-key",
        "accept-language",
    )

    async def handle(scope: Any, protocol: Any) -> None:
        route = routes[scope.path]
        given = scope.headers
        head = Head(
            [(name.encode(), value.encode()) for name in wanted if (value := given.get(name)) is not None]
        )
        assert route.refusal_of(head) is None
        reply = await route.reply(head, await protocol())
        headers = [("content-type", "application/json"), ("cache-control", "no-store")]
        headers += [("traceparent", reply.traceparent), ("x-trace-id", reply.trace_id)]
        protocol.response_bytes(reply.status, headers, reply.body)

    return handle


def cpu_seconds() -> float:
    """CPU time of this process, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def report(application: Any) -> None:
    """CPU seconds since the start of serving, and how many were answered."""
    print(cpu_seconds() - application.cpu_seconds_at_start, application.measures.answers["allow"], flush=True)


async def run_server(name: str, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    application = front()
    application.cpu_seconds_at_start = cpu_seconds()
    if name == "door":
        await serve_door(application, port, stop)
    elif name == "front":
        await serve_front(application, port, stop)
    else:
        await serve_granian(application, port, stop, rsgi=name == "rsgi")


def measure(name: str, script: Path, seconds: int, connections: int) -> tuple[float, float]:
    """CPU microseconds per request, and requests per second, of one server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cores = sorted(os.sched_getaffinity(0))
    server = subprocess.Popen(
        ["taskset", "-c", str(cores[0]), sys.executable, __file__, "--serve", name, "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    load = subprocess.run(
        ["taskset", "-c", str(cores[-1]), "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(script),
         f"http://127.0.0.1:{port}/v1/operations"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    server.send_signal(signal.SIGTERM)
    assert server.stdout is not None
    spent, answered = server.stdout.readline().split()
    server.wait(30)
    assert "Non-2xx" not in load.stdout, load.stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", load.stdout)[1])
    return float(spent) / int(answered) * 1e6, rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve", choices=SERVERS)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    if given.serve:
        import uvloop

        uvloop.run(run_server(given.serve, given.port))
        return
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed (apt install wrk)")
    import importlib.util

    names = [name for name in SERVERS if name in ("door", "front") or importlib.util.find_spec("granian")]
    found: dict[str, list[float]] = {name: [] for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "post.lua"
        script.write_text(
            f"wrk.method='POST'\nwrk.body=[[{BODY}]]\n"
            f"wrk.headers['Content-Type']='application/json'\nwrk.headers['Authorization']='Bearer {KEY}'\n"
        )
        for number in range(given.rounds):
            for name in names if number % 2 == 0 else names[::-1]:
                cost, rate = measure(name, script, given.seconds, given.connections)
                found[name].append(cost)
                rates[name].append(rate)
    print("server  CPU us/request  requests/s  CPU against the door (median of rounds)")
    for name in names:
        ratio = statistics.median(a / b for a, b in zip(found[name], found["door"], strict=True))
        cost, rate = statistics.median(found[name]), statistics.median(rates[name])
        print(f"{name:6} {cost:14.1f} {rate:11,.0f} {ratio:11.2f}")


if __name__ == "__main__":
    main()
