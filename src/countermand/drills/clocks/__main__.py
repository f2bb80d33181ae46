"""`python -m countermand.drills.clocks --seed N`: random clocks, the engine against a counter of minutes."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from countermand.cases.calendars import Calendar, CalendarTerms
from countermand.cases.clocks import due
from countermand.drills.clocks.counter import Counted, Walks, count, fast_walks
from countermand.drills.clocks.minutes import Minutes, minutes_of
from countermand.drills.clocks.timelines import Timeline, draw, policies
from countermand.drills.clocks.worlds import FIRST, LAST, worlds

CHUNK = 2_000
# A clock that starts later than so many days before the minutes end might not end within them.
TAIL_DAYS = 200
SHOWN_MAX = 10


class World(NamedTuple):
    """A calendar as the engine has it, and its minutes as the counter has them."""

    calendar: Calendar
    minutes: Minutes
    starts_before: int


class Tried(NamedTuple):
    """What came of a chunk: how many by unit, and every clock on which the two disagree."""

    units: Counter[str]
    paused: int
    moved: int
    wrong: list[str]


def world_of(
    terms: CalendarTerms, first: date = FIRST, last: date = LAST, tail_days: int = TAIL_DAYS
) -> World:
    """Everything about one calendar."""
    minutes = minutes_of(terms, first, last)
    return World(Calendar(terms), minutes, len(minutes.day) - tail_days * 24 * 60)


def try_chunk(seed: int, number: int, size: int, places: Sequence[World], walk: Walks) -> Tried:
    """So many clocks; they follow from the seed and the chunk's number alone."""
    chance = random.Random(f"{seed}/{number}")
    drawn = policies(chance, 50)
    tried = Tried(Counter(), 0, 0, [])
    paused = moved = 0
    for _ in range(size):
        place, policy = chance.choice(places), chance.choice(drawn)
        timeline = draw(chance, policy, place.minutes, place.starts_before)
        found = due(
            place.minutes.at(timeline.start), timeline.spans, policy, place.calendar, timeline.extended
        )
        counted = count(timeline, place.minutes, walk)
        said = Counted(found.at, found.warn_at)
        if counted != said or found.paused != timeline.standing:
            tried.wrong.append(_told(seed, number, place, timeline, said, counted))
        tried.units[policy.unit.value] += 1
        paused += bool(timeline.pauses)
        moved += found.counted_to != found.last_day
    return tried._replace(paused=paused, moved=moved)


def _told(
    seed: int, number: int, place: World, timeline: Timeline, said: Counted, counted: Counted | None
) -> str:
    policy = timeline.policy
    rules = (policy.unit.value, policy.start_rule.value, policy.roll_rule.value, policy.end_rule.value)
    return (
        f"seed {seed} chunk {number} calendar {place.calendar.id}: {' '.join(rules)} {policy.count}"
        f"+{timeline.extended} from {place.minutes.at(timeline.start)} pauses {timeline.pauses}: "
        f"engine {said}, counted {counted}"
    )


_worlds: list[World] = []
_walk: Walks = {}


def _prepare(places: list[World]) -> None:
    global _worlds, _walk
    _worlds, _walk = places, fast_walks()


def _run(job: tuple[int, int, int]) -> Tried:
    return try_chunk(*job, _worlds, _walk)


def jobs(seed: int, timelines: int) -> Iterator[tuple[int, int, int]]:
    """The chunks of a run."""
    for number, begins in enumerate(range(0, timelines, CHUNK)):
        yield seed, number, min(CHUNK, timelines - begins)


def run(seed: int, timelines: int, processes: int) -> dict[str, Any]:
    """Try so many clocks; what was tried, how fast, and where the two disagree."""
    began = time.perf_counter()
    with multiprocessing.Pool(processes) as pool:
        places = pool.map(world_of, worlds(), 1)
    built = time.perf_counter()
    units: Counter[str] = Counter()
    paused = moved = 0
    wrong: list[str] = []
    with multiprocessing.Pool(processes, _prepare, (places,)) as pool:
        for tried in pool.imap_unordered(_run, jobs(seed, timelines)):
            units += tried.units
            paused, moved = paused + tried.paused, moved + tried.moved
            wrong += tried.wrong
    ended = time.perf_counter()
    return {
        "seed": seed,
        "timelines": timelines,
        "calendars": len(places),
        "by_unit": dict(sorted(units.items())),
        "with_pauses": paused,
        "rolled_on": moved,
        "mismatches": len(wrong),
        "shown": wrong[:SHOWN_MAX],
        "preparing_seconds": round(built - began, 1),
        "seconds": round(ended - built, 1),
        "per_second": round(timelines / (ended - built)),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the engine and the counter agree on every clock."""
    parser = argparse.ArgumentParser(prog="python -m countermand.drills.clocks", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timelines", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    found = run(given.seed, given.timelines, given.processes)
    print(json.dumps(found, indent=2))
    return 1 if found["mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
