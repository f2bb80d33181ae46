"""Random plans and streams for feature stores: small numbers, so that every edge is met often."""

from __future__ import annotations

import random

from countermand.policy.plan import (
    CAN_LOOK_AHEAD,
    LOOKS_BACK,
    MEASURES_UP_TO_NOW,
    Aggregate,
    Column,
    ColumnKind,
    FeaturePlan,
    Observation,
    Value,
    Window,
)

ENTITIES = (("account",), ("device",), ("account", "device"))
COLUMNS = (
    Column("amount", ColumnKind.INTEGER),
    Column("minutes", ColumnKind.INTEGER),
    Column("score", ColumnKind.NUMBER),
    Column("account", ColumnKind.TEXT),
    Column("place", ColumnKind.TEXT),
)
ACCOUNT = COLUMNS[3]  # the very texts that are an entity's keys, most of the time
_KINDS_FOR = {
    Aggregate.SUM: (ColumnKind.INTEGER,),
    Aggregate.AVG: (ColumnKind.INTEGER,),
    Aggregate.MIN: (ColumnKind.INTEGER, ColumnKind.NUMBER),
    Aggregate.MAX: (ColumnKind.INTEGER, ColumnKind.NUMBER),
    Aggregate.DISTINCT: tuple(ColumnKind),
    Aggregate.LAST: tuple(ColumnKind),
}
HUGE = 4 * 10**18  # three of them leave 64 bits


def random_plan(seed: random.Random) -> FeaturePlan:
    """A plan of 1 to 14 windows; now and then with more filters than one machine word has bits."""
    streams = seed.choice((1, 2, 3, 4, 4, 70))
    labelled = seed.choice((0, 0, 1, seed.getrandbits(streams), (1 << streams) - 1))
    history = seed.choice((4, 12, 30))
    lengths = [seed.randint(1, history) for _ in range(seed.choice((1, 2, 3)))]
    delays = (0, 0, *(seed.randint(1, history - 1) for _ in range(2)))
    windows = []
    for number in range(seed.randint(1, 14)):
        aggregate = seed.choice(list(Aggregate))
        kinds = _KINDS_FOR.get(aggregate)
        column = seed.choice([i for i, c in enumerate(COLUMNS) if c.kind in kinds]) if kinds else None
        stream = seed.choice((seed.randrange(streams), 0, streams - 1))
        ahead = aggregate in CAN_LOOK_AHEAD and seed.random() < 0.3
        delay = 0 if ahead or aggregate in MEASURES_UP_TO_NOW else seed.choice(delays)
        can_own = aggregate not in LOOKS_BACK and not delay and not labelled >> stream & 1
        own = can_own and seed.random() < 0.7
        windows.append(
            Window(
                f"w{number}",
                seed.randrange(len(ENTITIES)),
                stream,
                aggregate,
                min(seed.choice(lengths), history - delay),
                column,
                own,
                seed.choice((1, 7, 3600)) if aggregate is Aggregate.RATE else 0,
                ahead,
                delay,
            )
        )
    return FeaturePlan(ENTITIES, COLUMNS, streams, tuple(windows), history, seed.choice((0, 3, 10)), labelled)


class Stream:
    """Observations of one plan: ties, late arrivals within the lateness, missing parts, jumps in time."""

    def __init__(self, seed: random.Random, plan: FeaturePlan) -> None:
        self._seed = seed
        self._plan = plan
        self._newest = 1_000
        self._missing = seed.choice((0.0, 0.1, 0.4))
        self._jump = seed.choice((0.0, 0.02))
        self._late = seed.choice((0.0, 0.3, 0.6))
        self._accounts = "ab"[: seed.choice((1, 2))] + seed.choice(("", "cdefgh"))

    def next(self) -> Observation:
        """One more; time stands still as often as it moves."""
        seed = self._seed
        self._newest += seed.choice((0, 0, 1, 1, 2))
        if seed.random() < self._jump:
            self._newest += seed.choice((self._plan.history_micros, 2 * self._plan.kept_micros))
        late = seed.random() < self._late and self._plan.lateness_micros
        at = self._newest - (seed.randint(1, self._plan.lateness_micros) if late else 0)
        account, device = self._maybe(seed.choice(self._accounts)), self._maybe(seed.choice("xyz"))
        pair = f"{account}\x1f{device}" if account and device else None
        mask = (seed.getrandbits(self._plan.streams) | (seed.random() < 0.3)) & ~self._plan.labelled
        values = [self._value(column) for column in COLUMNS]
        if seed.random() < 0.7:
            values[COLUMNS.index(ACCOUNT)] = account
        return Observation(at, (account, device, pair), mask, tuple(values))

    def labelled(self, observation: Observation) -> Observation | None:
        """What comes in with a label: the same operation, in some of the filters that ask for labels."""
        mask = self._seed.getrandbits(self._plan.streams) & self._plan.labelled
        return observation._replace(mask=mask) if mask else None

    def _maybe(self, value: str) -> str | None:
        return None if self._seed.random() < self._missing else value

    def _value(self, column: Column) -> Value:
        seed = self._seed
        if seed.random() < self._missing:
            return None
        if column.kind is ColumnKind.INTEGER:
            return seed.choice((0, 1, 2, 3, -5, 100, HUGE, -HUGE, seed.randrange(1000)))
        if column.kind is ColumnKind.NUMBER:
            return seed.choice((0.0, -0.0, 0.5, 1, 1.0, -2.5, 1e300, seed.random()))
        return seed.choice(("", "a", "b", "支付宝", "h", f"s{seed.randrange(30)}"))
