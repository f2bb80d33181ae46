"""`python -m countermand.drills.crashes --seed N`: kill everything between any two steps; then check."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from countermand.app import open_bank, open_desk, settlement_of
from countermand.drills.crashes.checker import HoldRow, violations_of
from countermand.drills.crashes.customers import Consenting, Customers, Seen
from countermand.drills.crashes.lives import Killed, Lives
from countermand.drills.crashes.world import World, open_world
from countermand.flows.reconcile_bank import reconcile_bank
from countermand.flows.settle_holds import move_on, take_hold
from countermand.vocabulary.confirmations import ConsentReceipt

SHOWN_MAX = 20
SETTLE_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.25
HOLDS = """
SELECT operation, account, amount_minor, state, coalesce(cause, ''),
       EXISTS (SELECT FROM timer AS t WHERE t.kind = 'hold' AND t.ref = operation)
       OR EXISTS (SELECT FROM effect AS e WHERE e.id = 'execute-' || operation AND e.state = 'pending')
FROM hold
"""
WAITING = "SELECT count(*) FROM hold WHERE state IN ('open', 'released')"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it: injections at most, minutes at most."""

    seed: int = 1
    injections: int = 1000
    minutes: float = 30.0
    workers: int = 3
    customers: int = 4


SHORT = {"injections": 25, "minutes": 0.5, "workers": 2, "customers": 3}


async def play(plan: Plan, directory: Path) -> tuple[dict[str, Any], list[str]]:
    """Play the plan on an empty directory: the figures, and all violations."""
    began, seen, killed = time.monotonic(), Seen(), Killed(plan.injections)
    async with open_world(directory) as world, _consenting(world) as consent:
        lives = Lives(world, plan.seed, killed)
        customers = Customers(world, plan.seed, seen, consent)
        lives.start(plan.workers)
        people = [asyncio.create_task(customers.be(number)) for number in range(plan.customers)]
        try:
            while not killed.enough and time.monotonic() - began < plan.minutes * 60:
                await asyncio.sleep(LOOK_SECONDS)
                lives.check()
                for person in people:
                    if person.done():
                        person.result()
            customers.stopped = True
            lives.make_peace()
            await asyncio.gather(*people)
            settled = await _settled(world)
        finally:
            for person in people:
                person.cancel()
            if not killed.enough:
                lives.make_peace()
        holds = await _holds(world)
        async with open_bank(world.settings) as bank, open_desk(world.settings) as desk:
            reconciled = await reconcile_bank(desk.executions, bank)
            entries = [entry async for entry in _all(bank)]
        await lives.stop()
    found = list(islice(violations_of(seen, holds, entries), 1000))
    found += [f"reconciliation: {one}" for one in reconciled["disagreements"]]
    if not settled:
        found.append(f"holds were waiting still after {SETTLE_SECONDS_MAX:.0f} seconds")
    return _report(plan, seen, holds, killed, time.monotonic() - began), found


@asynccontextmanager
async def _consenting(world: World) -> AsyncIterator[Consenting]:
    async with open_desk(world.settings) as desk:
        settlement = settlement_of(world.settings, desk.clock, desk.ids)

        async def consent(operation: str) -> None:
            receipt = ConsentReceipt(
                operation=operation,
                shown="A payment.",
                statement="payment",
                version="1",
                language="zh",
                given_at=desk.clock.now(),
                given_by="customer",
            )
            async with desk.works.open() as unit:
                hold = await take_hold(unit, operation)
                await unit.consents.keep(receipt)
                await move_on(unit, [hold], desk.clock.now(), settlement)

        yield consent


async def _settled(world: World) -> bool:
    connection = await asyncpg.connect(world.settings.database_url)
    try:
        ends = time.monotonic() + SETTLE_SECONDS_MAX
        while await connection.fetchval(WAITING):
            if time.monotonic() > ends:
                return False
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()
    return True


async def _holds(world: World) -> dict[str, HoldRow]:
    connection = await asyncpg.connect(world.settings.database_url)
    try:
        return {row[0]: HoldRow(*row) for row in await connection.fetch(HOLDS)}
    finally:
        await connection.close()


async def _all(bank: Any) -> AsyncIterator[Any]:
    after = 0
    while page := await bank.entries(after, 1000):
        for entry in page:
            yield entry
        after = page[-1].number


def _report(
    plan: Plan, seen: Seen, holds: dict[str, HoldRow], killed: Killed, seconds: float
) -> dict[str, Any]:
    return {
        "seed": plan.seed,
        "injections": killed.count,
        "killed": dict(sorted(killed.by_place.items())),
        "holds": len(holds),
        "states": dict(Counter(hold.state for hold in holds.values())),
        "causes": dict(Counter(hold.cause for hold in holds.values())),
        "revocations_acknowledged": len(seen.revoked),
        "cancellations_asked": len(seen.asked_bank),
        "revocations_too_late": len(seen.too_late),
        "seconds": round(seconds, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and return the exit code: 0 without a violation."""
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="every choice follows from it")
    parser.add_argument("--injections", type=int, help="default 1000")
    parser.add_argument("--minutes", type=float, help="of injections at most, default 30")
    parser.add_argument("--short", action="store_true", help="25 injections, half a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(arguments)
    given = {name: getattr(options, name) for name in ("injections", "minutes")}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    plan = Plan(seed=options.seed, **{**(SHORT if options.short else {}), **chosen})
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    directory = Path(tempfile.mkdtemp(prefix="countermand-crashes-"))
    try:
        report, violations = asyncio.run(play(plan, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report["violations"] = len(violations)
    if options.json:
        print(json.dumps({**report, "first_violations": violations[:SHOWN_MAX]}))
    else:
        for name, value in report.items():
            print(f"{name:>26}: {value}")
        for violation in violations[:SHOWN_MAX]:
            print(f"  VIOLATION {violation}")
    if violations:
        print(f"again: python -m countermand.drills.crashes --seed {plan.seed}", file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
