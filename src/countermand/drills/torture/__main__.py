"""`python -m countermand.drills.torture --seed N`: load, freeze, retry, kill, restart; then check."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from countermand.drills.torture.checker import violations_of
from countermand.drills.torture.clients import FROZEN_ACCOUNTS, Client, Desk, Load
from countermand.drills.torture.history import History
from countermand.drills.torture.record import read_record, violations_after_restart
from countermand.drills.torture.victim import Victim, as_json

VIOLATIONS_SHOWN_MAX = 20
REPLAYED_SAMPLE = 300
BACKEND_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it. kills: of the server or of its database connections; minutes: of load, at most."""

    seed: int = 1
    operations: int = 200_000
    clients: int = 64
    kills: int = 12
    minutes: float = 20.0
    sample: int = REPLAYED_SAMPLE


SHORT = {"operations": 5_000, "clients": 24, "kills": 2, "sample": 100}


async def torture(plan: Plan, directory: Path) -> tuple[History, list[str], dict[str, float]]:
    """Play the plan on an empty directory: what was seen, all violations, the seconds of each part."""
    victim, history, seconds = Victim(directory), History(), {}
    began = time.monotonic()
    await victim.make_key()
    await victim.start()
    load = Load(plan.seed, victim.port, victim.key, plan.operations, history)
    seconds["start"] = time.monotonic() - began
    try:
        await _play(plan, victim, load)
    finally:
        seconds["load"] = time.monotonic() - began - seconds["start"]
        await victim.stop()
    history.count("server starts", victim.started)
    checking = time.monotonic()
    record = await read_record(victim.settings)
    history.count("operations recorded", len(record.rows))
    found = list(islice(violations_of(history, record), 1000))
    draw = random.Random(f"{plan.seed}/replay")
    found += await violations_after_restart(victim.settings, record, draw, plan.sample)
    seconds["check"] = time.monotonic() - checking
    return history, found, seconds


async def _play(plan: Plan, victim: Victim, load: Load) -> None:
    """All clients until everything is answered; desks and the killer beside them."""
    beside = [asyncio.create_task(Desk(load, number).run()) for number in range(FROZEN_ACCOUNTS)]
    killer = asyncio.create_task(_kill_now_and_then(plan, victim, load))
    timer = asyncio.get_running_loop().call_later(plan.minutes * 60, setattr, load, "stopped", True)
    clients = [asyncio.create_task(Client(load, number).run()) for number in range(plan.clients)]
    try:
        # A killer that fails leaves a dead server, and the clients would insist for ever.
        killer.add_done_callback(
            lambda done: done.cancelled() or done.exception() is None or working.cancel()
        )
        working = asyncio.gather(*clients)
        try:
            await working
        except asyncio.CancelledError:
            if killer.done():
                killer.result()
            raise
    finally:
        timer.cancel()
        for task in (*beside, killer, *clients):
            task.cancel()
        for task in (*beside, killer, *clients):
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.sleep(0)  # the connections they closed have their last word


async def _kill_now_and_then(plan: Plan, victim: Victim, load: Load) -> None:
    draw = random.Random(f"{plan.seed}/kills")
    moments = sorted(draw.randrange(plan.operations) for _ in range(plan.kills))
    kinds = [draw.random() < BACKEND_SHARE for _ in moments]
    if plan.kills > 1:  # both ways to die, in a short form too
        kinds[:2] = [False, True]
    for moment, backends in zip(moments, kinds, strict=True):
        while load.history.acknowledged < moment:  # noqa: ASYNC110 - a count, not an event
            await asyncio.sleep(0.005)
        await asyncio.sleep(draw.random() * 0.05)
        if backends:
            load.history.count("database connections killed", await victim.kill_backends())
        else:
            await victim.kill()
            load.history.count("servers killed")
            await victim.start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and return the exit code: 0 without a violation."""
    plan, options = _read(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    directory = Path(tempfile.mkdtemp(prefix="countermand-torture-"))
    try:
        history, violations, seconds = _run(plan, directory)
        report = {
            "seed": plan.seed,
            "operations": history.acknowledged,
            "clients": plan.clients,
            **history.counts,
            "freezes": len(history.frozen),
            "outcomes": outcomes_of(history),
            "operations_per_second": round(history.acknowledged / seconds["load"]),
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
            "violations": len(violations),
        }
        _print(report, violations, json=options.json)
    finally:
        if options.keep:
            print(f"kept: {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if violations:
        sizes = f"--operations {plan.operations} --clients {plan.clients} --kills {plan.kills}"
        print(f"again: python -m countermand.drills.torture --seed {plan.seed} {sizes}", file=sys.stderr)
    return 1 if violations else 0


def _run(plan: Plan, directory: Path) -> tuple[History, list[str], dict[str, float]]:
    import uvloop

    return uvloop.run(torture(plan, directory))


def outcomes_of(history: History) -> dict[str, int]:
    """How many operations got which answer."""
    counts: dict[str, int] = {}
    for sent in history.sent.values():
        if sent.outcome:
            counts[sent.outcome] = counts.get(sent.outcome, 0) + 1
    return counts


def _print(report: dict[str, object], violations: Sequence[str], *, json: bool) -> None:
    if json:
        print(as_json({**report, "first_violations": list(violations[:VIOLATIONS_SHOWN_MAX])}))
        return
    for name, value in report.items():
        print(f"{name:>28}: {value}")
    for violation in violations[:VIOLATIONS_SHOWN_MAX]:
        print(f"  VIOLATION {violation}")


def _read(arguments: Sequence[str] | None) -> tuple[Plan, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="every choice follows from it")
    parser.add_argument("--operations", type=int, help="default 200000")
    parser.add_argument("--clients", type=int, help="concurrent clients, default 64")
    parser.add_argument("--kills", type=int, help="default 12")
    parser.add_argument("--minutes", type=float, help="of load at most, default 20")
    parser.add_argument("--short", action="store_true", help="5,000 operations, 24 clients, 2 kills")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--keep", action="store_true", help="keep the data directory")
    options = parser.parse_args(arguments)
    given = {name: getattr(options, name) for name in ("operations", "clients", "kills", "minutes")}
    chosen = {name: value for name, value in given.items() if value is not None}
    return Plan(seed=options.seed, **{**(SHORT if options.short else {}), **chosen}), options


if __name__ == "__main__":
    raise SystemExit(main())
