"""`python -m countermand.drills.forks --seed N`: forks by a malicious operator, found within a round."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from countermand.drills.forks.operator import HONEST, WAYS
from countermand.drills.forks.round import Outcome, play
from countermand.kernel.clock import SystemClock

FORKS = 200
CONTROLS_PART = 4
SHOWN_MAX = 10


async def drill(seed: int, forks: int) -> list[Outcome]:
    """So many forks, and a quarter as many honest logs, each by a seed of its own."""
    clock = SystemClock()
    ways = [(seed * 1_000_000 + number, WAYS[number % len(WAYS)]) for number in range(forks)]
    ways += [(seed * 1_000_000 + number, HONEST) for number in range(-(-forks // CONTROLS_PART))]
    return [await play(one, way, clock) for one, way in ways]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and return the exit code: 0 where every fork was found and no honest log was suspected."""
    parser = argparse.ArgumentParser(prog="forks", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="every choice follows from it")
    parser.add_argument("--forks", type=int, default=FORKS, help=f"default {FORKS}")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    outcomes = asyncio.run(drill(options.seed, options.forks))
    wrong = [f"{one.way} {one.seed}: {what}" for one in outcomes for what in one.wrong]
    forked = [one for one in outcomes if one.way != HONEST]
    report = {
        "seed": options.seed,
        "forks": len(forked),
        "found": sum(bool(one.proofs or one.alarms) for one in forked),
        "proved": sum(bool(one.proofs) for one in forked),
        "proved_by_way": dict(Counter(one.way for one in forked if one.proofs)),
        "alarms": dict(Counter(alarm for one in forked for alarm in one.alarms)),
        "honest": len(outcomes) - len(forked),
        "seconds": round(time.monotonic() - began, 1),
        "wrong": len(wrong),
        "first_wrong": wrong[:SHOWN_MAX],
    }
    print(json.dumps(report, ensure_ascii=False))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
