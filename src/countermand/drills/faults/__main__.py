"""`python -m countermand.drills.faults --seed N`: plant faults in the shipped packs, count those found."""

from __future__ import annotations

import argparse
import json
import sys
import time

from countermand.app import read_policy
from countermand.drills.faults.pack import Pack
from countermand.drills.faults.scorecard import Scorecard, score

PACKS = ("cn-consumer-finance", "handbook-demo")
FOUND_SHARE_MIN = 0.99


def main() -> int:
    """Print the scorecard; exit code 1 if too few were found, or anything is said about a pack as shipped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-class", type=int, default=50, help="faults of each class (default 50)")
    parser.add_argument("--only", default="", help="one class")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    began = time.monotonic()
    packs = [Pack(name, read_policy(name)) for name in PACKS]
    card = score(packs, chosen.seed, chosen.per_class, chosen.only)
    if chosen.json:
        told = {fault: row.told() for fault, row in card.rows.items()}
        print(
            json.dumps(
                {"seed": chosen.seed, "classes": told, "alarms": card.alarms}, ensure_ascii=False, indent=1
            )
        )
    else:
        _print(card, chosen.seed, time.monotonic() - began)
    return 0 if card.share >= FOUND_SHARE_MIN and not card.alarms else 1


def _print(card: Scorecard, seed: int, seconds: float) -> None:
    print(f"{'class':16}{'planted':>8}{'equivalent':>12}{'found':>7}{'missed':>8}")
    for fault, row in card.rows.items():
        print(f"{fault:16}{row.planted:>8}{row.equivalent:>12}{row.found:>7}{len(row.missed):>8}")
    planted, found = (sum(getattr(row, name) for row in card.rows.values()) for name in ("planted", "found"))
    equivalent = sum(row.equivalent for row in card.rows.values())
    print(
        f"{'all':16}{planted:>8}{equivalent:>12}{found:>7}{planted - found:>8}   {card.share:.2%}, "
        f"seed {seed}, {seconds:.0f} s"
    )
    for fault, row in card.rows.items():
        for missed in row.missed:
            print(f"missed {fault}: {missed}")
    for alarm in card.alarms:
        print(f"false alarm: {alarm}")


if __name__ == "__main__":
    sys.exit(main())
