"""`python -m countermand.drills.forgeries --seed N`: receipts and bundles, forged; none is believed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from countermand.drills.forgeries.bundle_mutations import BUNDLE_MUTATIONS, INSIDERS
from countermand.drills.forgeries.bundles import BundleWorld
from countermand.drills.forgeries.memory_log import SECONDS
from countermand.drills.forgeries.mutations import MUTATIONS
from countermand.drills.forgeries.receipts import World
from countermand.transparency.verify import Question, Verdict, verify_receipt
from countermand.transparency.verify_bundle import verify_bundle


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


def bundle_campaign(seed: int, count: int) -> Score:
    """Forge `count` bundles, as `campaign` does receipts; insiders hold the institution's own seal."""
    world, score = BundleWorld(seed), Score()
    for number in range(count):
        way = world.chance.choice(list(BUNDLE_MUTATIONS))
        forged = BUNDLE_MUTATIONS[way](world, world.chance.choice(world.bundles))
        findings = verify_bundle(BytesIO(forged), world.question)
        score.judged[way, findings.verdict] += 1
        if world.believed(findings, forged, insider=way in INSIDERS):
            score.believed.append((number, way, forged))
    return score


def main() -> int:
    """Print the scores; exit code 1 if one forgery was believed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000, help="of receipts, and of bundles")
    parser.add_argument("--of", choices=("receipts", "bundles", "both"), default="both")
    parser.add_argument("--keep", type=Path, help="folder for forgeries that were believed")
    chosen = parser.parse_args()
    believed = 0
    for what, run, ways, ending in (
        ("receipts", campaign, MUTATIONS, "zip"),
        ("bundles", bundle_campaign, BUNDLE_MUTATIONS, "asice"),
    ):
        if chosen.of in (what, "both"):
            began = time.monotonic()
            score = run(chosen.seed, chosen.count)
            _print(what, score, list(ways))
            believed += len(score.believed)
            seconds = time.monotonic() - began
            print(
                f"{chosen.count} forged, {len(score.believed)} believed, seed {chosen.seed}, {seconds:.0f} s"
            )
            for number, way, forged in score.believed:
                print(f"believed: number {number}, {way}")
                if chosen.keep is not None:
                    chosen.keep.joinpath(f"believed-{number}.{ending}").write_bytes(forged)
    return 1 if believed else 0


def _print(what: str, score: Score, ways: list[str]) -> None:
    print(f"{what:12}{'forged':>9}{'incomplete':>12}{'nothing false':>15}")
    for way in ways:
        found = [
            score.judged[way, verdict] for verdict in (Verdict.FORGED, Verdict.INCOMPLETE, Verdict.VALID)
        ]
        print(f"{way:12}{found[0]:>9}{found[1]:>12}{found[2]:>15}")


if __name__ == "__main__":
    sys.exit(main())
