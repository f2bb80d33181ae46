"""How fast the in-memory windows are: against river, on a hot key, and loading recorded history.

    python -m benchmarks.features [--rounds 9] [--load 5000000] [--json FILE]

Fairness: outputs are compared before anything is timed; rounds alternate; CPU time of this process; the
ratio is of medians, and a run whose calibrator moves by more than 1.5 is reported as too noisy.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import itertools
import json
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.policy.plan import (
    LOOKS_BACK,
    Aggregate,
    Column,
    ColumnKind,
    FeaturePlan,
    Observation,
    Window,
)

SECOND = 1_000_000
HOUR, DAY = 3600 * SECOND, 86400 * SECOND
START = 1_780_000_000 * SECOND
COLUMNS = (
    Column("amount", ColumnKind.INTEGER),
    Column("device", ColumnKind.TEXT),
    Column("ip", ColumnKind.TEXT),
    Column("account", ColumnKind.TEXT),
    Column("payee", ColumnKind.TEXT),
)


def plan_of_thirty() -> FeaturePlan:
    """Thirty windows over six entities, of every aggregate: what a policy of 200 rules looks at."""
    count, total, average, distinct = Aggregate.COUNT, Aggregate.SUM, Aggregate.AVG, Aggregate.DISTINCT
    wanted: list[tuple[int, int, Aggregate, int, int | None]] = [
        (0, 0, count, HOUR, None),
        (0, 1, count, DAY, None),
        (0, 1, total, DAY, 0),
        (0, 1, total, 7 * DAY, 0),
        (0, 1, average, 30 * DAY, 0),
        (0, 1, Aggregate.MAX, 30 * DAY, 0),
        (0, 0, distinct, 7 * DAY, 1),
        (0, 0, distinct, DAY, 2),
        (0, 1, distinct, DAY, 4),
        (0, 0, Aggregate.TIME_SINCE_LAST, 30 * DAY, None),
        (0, 0, Aggregate.FIRST_SEEN, 30 * DAY, None),
        (0, 0, Aggregate.LAST, 30 * DAY, 2),
        (1, 0, count, HOUR, None),
        (1, 0, distinct, 7 * DAY, 3),
        (1, 1, total, DAY, 0),
        (1, 0, Aggregate.FIRST_SEEN, 30 * DAY, None),
        (1, 0, Aggregate.RATE, DAY, None),
        (2, 0, count, HOUR, None),
        (2, 0, distinct, HOUR, 3),
        (2, 0, count, DAY, None),
        (2, 1, total, DAY, 0),
        (3, 1, count, DAY, None),
        (3, 1, total, DAY, 0),
        (3, 1, distinct, 7 * DAY, 3),
        (3, 1, Aggregate.FIRST_SEEN, 30 * DAY, None),
        (4, 0, Aggregate.FIRST_SEEN, 30 * DAY, None),
        (4, 0, count, 30 * DAY, None),
        (5, 1, Aggregate.FIRST_SEEN, 30 * DAY, None),
        (5, 1, count, 30 * DAY, None),
        (5, 1, Aggregate.MAX, 30 * DAY, 0),
    ]
    windows = tuple(
        Window(f"w{number}", entity, stream, aggregate, micros, column, aggregate not in LOOKS_BACK, HOUR)
        for number, (entity, stream, aggregate, micros, column) in enumerate(wanted)
    )
    entities = (("account",), ("device",), ("ip",), ("payee",), ("account", "device"), ("account", "payee"))
    return FeaturePlan(entities, COLUMNS, 2, windows, 30 * DAY, 7 * DAY)


def zipf_picks(seed: random.Random, population: int, exponent: float, count: int) -> list[int]:
    """Numbers below `population`, the k-th as often as k to the power of -exponent."""
    weights = list(itertools.accumulate((k + 1) ** -exponent for k in range(population)))
    return seed.choices(range(population), cum_weights=weights, k=count)


def operations(
    count: int, accounts: int, seconds: int, *, hot: float = 0.0, exponent: float = 0.0, start: int = START
) -> Iterator[Observation]:
    """A seeded stream: mostly an account's own device and place; one in five pays, mostly a known payee."""
    seed = random.Random(20261121)
    step = seconds * SECOND // count
    for offset in range(0, count, 100_000):
        size = min(100_000, count - offset)
        picks = zipf_picks(seed, accounts, exponent, size)
        for number, account in enumerate(picks, offset):
            person = 0 if seed.random() < hot else account
            own = seed.random() < 0.9
            device = f"d{person if own else seed.randrange(accounts)}"
            ip = f"10.{person % 251}.{person // 251 % 251}" if own else f"11.{seed.randrange(accounts // 5)}"
            name, payee, both = f"a{person}", None, None
            if seed.random() < 0.2:
                known = seed.random() < 0.8
                payee = (
                    f"p{(person * 7 + seed.randrange(4)) % accounts if known else seed.randrange(accounts)}"
                )
                both = f"{name}\x1f{payee}"
            keys = (name, device, ip, payee, f"{name}\x1f{device}", both)
            amount = seed.randrange(100, 500_000)
            yield Observation(
                start + number * step, keys, 3 if payee else 1, (amount, device, ip, name, payee)
            )


def cpu_micros(body: Callable[[Observation], object], stream: list[Observation]) -> float:
    """CPU microseconds per operation."""
    started = time.process_time()
    for observation in stream:
        body(observation)
    return (time.process_time() - started) / len(stream) * 1e6


def calibrator() -> float:
    started = time.process_time()
    total = 0
    for number in range(300_000):
        total += number & 7
    return time.process_time() - started


class RiverWindows:
    """Sixteen features with river's TimeRolling: one object per key and feature, as it documents."""

    PERIODS = (HOUR, DAY, 7 * DAY)

    def __init__(self) -> None:
        from river import stats, utils

        self._make = lambda: (
            # river's Count cannot be rolled; a sum of ones is its cheapest counter that can.
            *(utils.TimeRolling(stats.Sum, period=dt.timedelta(microseconds=p)) for p in self.PERIODS),
            utils.TimeRolling(stats.Sum, period=dt.timedelta(days=1)),
        )
        self._keys: tuple[dict[str, tuple[Any, ...]], ...] = ({}, {}, {}, {})

    def step(self, observation: Observation) -> list[float | None]:
        # river compares with a datetime of its own that has no zone.
        moment = dt.datetime(2026, 1, 1) + dt.timedelta(microseconds=observation.at - START)  # noqa: DTZ001
        answers: list[float | None] = []
        for held, key in zip(self._keys, observation.keys, strict=False):
            if key is None:
                answers += [None] * 4
                continue
            windows = held.get(key)
            if windows is None:
                windows = held[key] = self._make()
            for window, value in zip(windows, (1, 1, 1, observation.values[0]), strict=True):
                window.update(value, t=moment)
                answers.append(window.get())
        return answers


def plan_of_sixteen() -> FeaturePlan:
    windows = [
        Window(f"w{entity}", entity, 0, aggregate, micros, column)
        for entity in range(4)
        for aggregate, micros, column in (
            *((Aggregate.COUNT, period, None) for period in RiverWindows.PERIODS),
            (Aggregate.SUM, DAY, 0),
        )
    ]
    entities = (("account",), ("device",), ("ip",), ("payee",))
    return FeaturePlan(entities, COLUMNS, 2, tuple(windows), 7 * DAY, 0)


def stepper(store: MemoryFeatureStore) -> Callable[[Observation], list[Any]]:
    """Read, then observe: what one decision asks of the store."""
    read, observe = store.read, store.observe

    def step(observation: Observation) -> list[Any]:
        values = read(observation)
        observe(observation)
        return values

    return step


def against_river(rounds: int, accounts: int) -> dict[str, Any]:
    """The fewer accounts, the more operations a window holds: river copies its list when one leaves."""
    size = 4_000
    stream = [
        Observation(at, (keys[0], keys[1], keys[2], keys[3] or f"p{at % 97}"), mask, values)
        for at, keys, mask, values in operations(size * (rounds + 1), accounts, 9 * 86400, exponent=1.05)
    ]
    ours, theirs = stepper(MemoryFeatureStore(plan_of_sixteen())), RiverWindows().step
    for observation in stream[:size]:
        mine, peer = ours(observation), theirs(observation)
        assert mine == peer, f"outputs differ: {mine} and {peer}"
    seconds: dict[str, list[float]] = {"ours": [], "river": [], "calibrator": []}
    for number in range(1, rounds + 1):
        part = stream[number * size : (number + 1) * size]
        order = [("ours", ours), ("river", theirs)]
        for name, body in order if number % 2 else order[::-1]:
            seconds[name].append(cpu_micros(body, part))
        seconds["calibrator"].append(calibrator())
    ratios = [peer / mine for mine, peer in zip(seconds["ours"], seconds["river"], strict=True)]
    return {
        "ours_micros": round(statistics.median(seconds["ours"]), 2),
        "river_micros": round(statistics.median(seconds["river"]), 2),
        "ratio_of_medians": round(
            statistics.median(seconds["river"]) / statistics.median(seconds["ours"]), 1
        ),
        "ratio_deciles_2_8": [round(q, 1) for q in statistics.quantiles(ratios, n=10)][1:8:6],
        "too_noisy": max(seconds["calibrator"]) > 1.5 * min(seconds["calibrator"]),
        "compared": size * 16,
    }


def hot_key(rounds: int) -> dict[str, Any]:
    """The same plan on uniform keys, on an account with 7 % of traffic, and slightly out of order."""
    size = 10_000
    plan = plan_of_thirty()
    total = size * (rounds + 5)
    # 1.2 million operations a day: the hot account makes 84,000, its window of 30 days fills meanwhile.
    spread = total * 86400 // 1_200_000
    shuffled = random.Random(7)
    streams = {
        "uniform": list(operations(total, 500_000, spread)),
        "hot": list(operations(total, 500_000, spread, hot=0.07)),
    }
    streams["hot_disordered"] = [o._replace(at=o.at - shuffled.randrange(5 * SECOND)) for o in streams["hot"]]
    steps = {name: stepper(MemoryFeatureStore(plan)) for name in streams}
    micros: dict[str, list[float]] = {name: [] for name in streams}
    for number in range(rounds + 5):
        for name, stream in streams.items():
            spent = cpu_micros(steps[name], stream[number * size : (number + 1) * size])
            if number >= 5:
                micros[name].append(spent)
    medians = {name: round(statistics.median(spent), 1) for name, spent in micros.items()}
    return {
        "read_and_observe_micros": medians,
        "hot_over_uniform": round(medians["hot"] / medians["uniform"], 2),
    }


def memory_now() -> int:
    """Bytes resident in this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def loading(count: int) -> dict[str, Any]:
    """Load recorded history, then go on: time, memory, and the cost of an operation in steady state."""
    gc.collect()
    calibrators = [calibrator()]
    before = memory_now()
    store = MemoryFeatureStore(plan_of_thirty())
    made = 0.0

    def recorded() -> Iterator[Observation]:
        nonlocal made
        source = operations(count, 500_000, 37 * 86400, exponent=0.8)
        while True:
            started = time.process_time()
            chunk = list(itertools.islice(source, 1_000))
            made += time.process_time() - started
            if not chunk:
                return
            yield from chunk

    started = time.process_time()
    kept = store.load(recorded())
    spent = time.process_time() - started - made
    after = memory_now()
    calibrators.append(calibrator())
    follow = list(operations(60_000, 500_000, 37 * 86400 * 60_000 // count, start=START + 37 * DAY))
    step = stepper(store)
    steady = [cpu_micros(step, follow[part : part + 10_000]) for part in range(0, 60_000, 10_000)]
    gc.collect()
    held = store.stats()
    return {
        "observations": kept,
        "load_cpu_seconds": round(spent, 1),
        "calibrator_ms_before_and_after": [round(1000 * seconds, 1) for seconds in calibrators],
        "keys": held["keys"],
        "resident_bytes_per_observation": round((after - before) / kept),
        "estimated_bytes_per_observation": round(held["bytes"] / kept),
        "peak_resident_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "steady_micros": round(statistics.median(steady), 1),
        "steady_micros_worst_round": round(max(steady), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--load", type=int, default=5_000_000, help="observations to load; 0 leaves it out")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    gc.disable()
    figures: dict[str, Any] = {
        "river_2000_accounts": against_river(chosen.rounds, 2_000),
        "river_200_accounts": against_river(chosen.rounds, 200),
        "hot_key": hot_key(chosen.rounds),
    }
    if chosen.load:
        figures["load"] = loading(chosen.load)
    for part, found in figures.items():
        print(part)
        for name, value in found.items():
            print(f"  {name:34} {value}")
    text = json.dumps(figures)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
