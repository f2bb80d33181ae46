"""`python -m countermand.drills.flips --seed N`: change one byte of a record at a time; each must be found.

Rows of the journal, the log, the vault, cases and accounts; files of the exported log and sealed exhibits.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from countermand.app import open_database
from countermand.drills.flips.campaign import Score, open_campaign
from countermand.settings import Settings

FILES_SHARE = 0.15


async def campaign(seed: int, count: int, seconds: float, steps: int) -> Score:
    """So many changes, or as many as the time allows."""
    with tempfile.TemporaryDirectory(prefix="countermand-drill-") as folder:
        path = Path(folder) / "data"
        async with (
            open_database(Settings(data_dir=path)) as dsn,
            open_campaign(dsn, path, seed, steps) as campaign,
        ):
            assert (found := await campaign.unharmed()) == [], found
            until = time.monotonic() + seconds
            while campaign.score.flips.total() < count and time.monotonic() < until:
                files = campaign.chance.random() < FILES_SHARE
                await (campaign.flip_file() if files else campaign.flip_row())
            assert (found := await campaign.unharmed()) == [], found
            return campaign.score


def main() -> int:
    """Print the score; exit code 1 if one change was not found and named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--steps", type=int, default=400)
    chosen = parser.parse_args()
    began = time.monotonic()
    score = asyncio.run(campaign(chosen.seed, chosen.count, chosen.seconds, chosen.steps))
    for name, count in sorted(score.flips.items()):
        print(f"{name:20}{count:>6}")
    for missed in score.missed:
        print(f"missed: {missed}")
    print(
        f"{score.flips.total()} flips, {len(score.missed)} not found and named, "
        f"{score.refused.total()} refused by the database, seed {chosen.seed}, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if score.missed else 0


if __name__ == "__main__":
    sys.exit(main())
