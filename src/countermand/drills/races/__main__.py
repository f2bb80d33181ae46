"""`python -m countermand.drills.races --seed N`: operations race containments; none passes a stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import structlog

from countermand.app import open_desk, open_house
from countermand.drills.races.stopped import Case, Operation, cases, operation
from countermand.flows.contain_now import contain_now
from countermand.flows.desk import Desk
from countermand.flows.house import House
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Unavailable
from countermand.settings import Settings
from countermand.vocabulary import operations as schema
from countermand.vocabulary.incidents import AppealRequest, ContainRequest

POLICY = Path(__file__).parent / "policy"
SUBJECTS, CLIENTS, DESKS = 6, 48, 8
EVERYBODY_SHARE, PERSON_SHARE = 0.04, 0.4
PAUSE_SECONDS_MAX = 0.03
REPLAYED_SAMPLE = 200
VIOLATIONS_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it; every choice follows from the seed."""

    seed: int = 1
    operations: int = 100_000


SHORT = 3_000


@dataclass(slots=True)
class Stop:
    """A containment as its desk saw it: asked, acknowledged, lift asked, lift acknowledged (nanoseconds)."""

    case: Case
    account: str | None
    person: str | None
    asked: int
    since: int = 2**63
    until: int = 2**63
    gone: int = 2**63


@dataclass(slots=True)
class Sent:
    """An operation as its client saw it."""

    name: str
    about: Operation
    account: str
    person: str | None
    invoked: int
    answered: int = 0
    outcome: str = ""


@dataclass(slots=True)
class Race:
    """All that was seen."""

    plan: Plan
    house: House
    desk: Desk
    stops: list[Stop] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    over: bool = False
    refused: int = 0

    async def client(self, number: int) -> None:
        """Sends operations, one after the other, until all were sent."""
        draw = random.Random(f"{self.plan.seed}/client/{number}")
        while len(self.sent) < self.plan.operations:
            about = operation(draw)
            account = f"a-{draw.randrange(SUBJECTS)}"
            person = f"p-{draw.randrange(SUBJECTS)}" if draw.random() < 0.7 else None
            one = Sent(f"op-{len(self.sent)}", about, account, person, time.monotonic_ns())
            self.sent.append(one)
            answer = await self._insist(_operation(one, self.house.clock.now()))
            one.answered = time.monotonic_ns()
            one.outcome = msgspec.json.decode(answer)["decision"]["outcome"]

    async def _insist(self, asked: schema.Operation) -> bytes:
        """Guards that move faster than a group is decided make it ask for a repetition, which is safe."""
        while True:
            try:
                return await self.house.decider.decide(asked, None)
            except Unavailable:
                self.refused += 1
                await asyncio.sleep(0)

    async def contain(self, number: int) -> None:
        """Contains and lifts by chance, through connections of its own, until the clients are done."""
        draw = random.Random(f"{self.plan.seed}/desk/{number}")
        while not self.over:
            case = draw.choice(cases(draw))
            whom = _whom(draw, case.measure)
            request = msgspec.convert(
                {**case.request, **whom, "reason": "drill", "source": "desk"}, ContainRequest
            )
            stop = Stop(case, whom.get("account"), whom.get("person"), time.monotonic_ns())
            self.stops.append(stop)
            shown = await contain_now(self.desk, request, f"{number}/{len(self.stops)}", "drill")
            stop.since = time.monotonic_ns()
            await asyncio.sleep(draw.random() * PAUSE_SECONDS_MAX)
            stop.until = time.monotonic_ns()
            await uphold_appeal(self.desk, shown["incident"], AppealRequest(reason="drill"), "drill")
            stop.gone = time.monotonic_ns()
            await asyncio.sleep(draw.random() * PAUSE_SECONDS_MAX)


def _whom(draw: random.Random, measure: str) -> dict[str, Any]:
    what = draw.random()
    if what < EVERYBODY_SHARE and measure in ("freeze", "stop_outgoing", "stop_kinds", "stop_channels"):
        return {"everybody": True}
    if what < EVERYBODY_SHARE + PERSON_SHARE:
        return {"person": f"p-{draw.randrange(SUBJECTS)}"}
    return {"account": f"a-{draw.randrange(SUBJECTS)}"}


def _operation(one: Sent, now: int) -> schema.Operation:
    about = one.about
    wire: dict[str, Any] = {
        "id": one.name,
        "kind": about["kind"],
        "account": one.account,
        "occurred_at": rfc3339(now),
        "amount": {"minor": about["minor"], "currency": "CNY"},
        "person": one.person,
        "channel": about["channel"],
        "session": about["session"],
        "device": None if about["device"] is None else {"id": about["device"]},
        "counterparty": None if about["payee"] is None else {"id": about["payee"]},
        "attributes": None if about["card"] is None else {"instrument": about["card"]},
    }
    return msgspec.convert(wire, schema.Operation)


def violations_of(sent: Sequence[Sent], stops: Sequence[Stop]) -> list[str]:
    """Operations that passed under an acknowledged order, and such as were stopped by none."""
    found = []
    about: dict[tuple[str | None, str | None], list[Stop]] = {}
    for stop in stops:
        about.setdefault((stop.account, stop.person), []).append(stop)
    for one in sent:
        whom = {(one.account, None), (None, one.person), (None, None)}
        concerned = [
            stop
            for subject in whom
            for stop in about.get(subject, ())
            if stop.asked < one.answered and one.invoked < stop.gone and stop.case.stops(one.about)
        ]
        if one.outcome == "allow":
            found += [
                f"{one.name}: {one.about['kind']} allowed under {stop.case.measure}"
                for stop in concerned
                if stop.since < one.invoked and one.answered < stop.until
            ]
        elif not concerned:
            found.append(f"{one.name}: {one.about['kind']} got {one.outcome}, and no order was about it")
    return found


async def race(plan: Plan, directory: Path) -> tuple[Race, list[str], float]:
    """Play the plan on an empty directory: what was seen, all violations, the seconds it took."""
    settings = Settings(data_dir=directory, policy=str(POLICY), shared_buffers_mb=128, log_level="warning")
    async with open_house(settings) as house, open_desk(settings) as desk:
        played, began = Race(plan, house, desk), time.monotonic()
        desks = [asyncio.create_task(played.contain(number)) for number in range(DESKS)]
        try:
            await asyncio.gather(*(played.client(number) for number in range(CLIENTS)))
        finally:
            played.over = True
            await asyncio.gather(*desks)
        seconds = time.monotonic() - began
        violations = violations_of(played.sent, played.stops)
        draw = random.Random(f"{plan.seed}/replay")
        for one in draw.sample(played.sent, min(REPLAYED_SAMPLE, len(played.sent))):
            if not (await replay_decision(house, one.name))["identical"]:
                violations.append(f"{one.name}: decided again it gets other bytes")
    return played, violations, seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and return the exit code: 0 without a violation."""
    parser = argparse.ArgumentParser(prog="races", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="every choice follows from it")
    parser.add_argument("--operations", type=int, default=100_000, help="default 100000")
    parser.add_argument("--short", action="store_true", help=f"{SHORT} operations")
    options = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    plan = Plan(options.seed, SHORT if options.short else options.operations)
    directory = Path(tempfile.mkdtemp(prefix="countermand-races-"))
    try:
        played, violations, seconds = asyncio.run(race(plan, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report = {
        "seed": plan.seed,
        "operations": len(played.sent),
        "containments": len(played.stops),
        "measures": dict(Counter(stop.case.measure for stop in played.stops)),
        "outcomes": dict(Counter(one.outcome for one in played.sent)),
        "refused_for_now": played.refused,
        "seconds": round(seconds, 1),
        "violations": len(violations),
        "first_violations": violations[:VIOLATIONS_SHOWN_MAX],
    }
    print(json.dumps(report, ensure_ascii=False))
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
