"""`python -m countermand.drills.forgeries --seed N`: forge receipts at random; none may be believed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from countermand.drills.forgeries.memory_log import SECONDS
from countermand.drills.forgeries.mutations import MUTATIONS
from countermand.drills.forgeries.receipts import World
from countermand.transparency.verify import Question, Verdict, verify_receipt


@dataclass
class Score:
    """How many forgeries of each way there were, and how they were judged; `believed` should be empty."""

    judged: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    believed: list[tuple[int, str, bytes]] = field(default_factory=list)


def campaign(seed: int, count: int) -> Score:
    """Forge `count` receipts. What is still judged valid must say nothing but the truth.

    A forger may have touched only what proves nothing, such as the read-me.
    """
    world, score = World(seed), Score()
    question = Question(world.log.policy, SECONDS)
    packed = [one.packed() for one in world.receipts]
    for number in range(count):
        way = world.chance.choice(list(MUTATIONS))
        forged = MUTATIONS[way](world, world.chance.choice(packed))
        findings = verify_receipt(forged, question)
        score.judged[way, findings.verdict] += 1
        if world.believed(findings):
            score.believed.append((number, way, forged))
    return score


def main() -> int:
    """Print the score; exit code 1 if one forgery was believed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder for forgeries that were believed")
    chosen = parser.parse_args()
    began = time.monotonic()
    score = campaign(chosen.seed, chosen.count)
    print(f"{'way':12}{'forged':>9}{'incomplete':>12}{'nothing false':>15}")
    for way in MUTATIONS:
        found = [
            score.judged[way, verdict] for verdict in (Verdict.FORGED, Verdict.INCOMPLETE, Verdict.VALID)
        ]
        print(f"{way:12}{found[0]:>9}{found[1]:>12}{found[2]:>15}")
    seconds = time.monotonic() - began
    print(f"{chosen.count} forgeries, {len(score.believed)} believed, seed {chosen.seed}, {seconds:.0f} s")
    for number, way, forged in score.believed:
        print(f"believed: number {number}, {way}")
        if chosen.keep is not None:
            chosen.keep.joinpath(f"believed-{number}.zip").write_bytes(forged)
    return 1 if score.believed else 0


if __name__ == "__main__":
    sys.exit(main())
