"""What a feature store must keep: the windows of one policy, free of expressions and of words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Value = int | float | str | None


class Aggregate(StrEnum):
    """How the operations in a window become one value."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    RATE = "rate"
    FIRST_SEEN = "first_seen"
    TIME_SINCE_LAST = "time_since_last"
    LAST = "last"


# These look back from the operation; the operation itself is never part of them.
LOOKS_BACK = frozenset({Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE_LAST, Aggregate.LAST})


# These measure the time up to the operation; a window that ends before it would measure something else.
MEASURES_UP_TO_NOW = frozenset({Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE_LAST})

# These only add up, so what occurred later can be part of them.
CAN_LOOK_AHEAD = frozenset({Aggregate.COUNT, Aggregate.RATE, Aggregate.SUM, Aggregate.AVG})


class ColumnKind(StrEnum):
    """How a column's values are kept: 64-bit integers, doubles, or interned texts."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A value that some window aggregates, by the name of its field."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class Window:
    """One feature: operations of stream `stream` with the same key `entity`, over `(t - micros, t]`.

    `own` tells whether the operation being decided is part of its own window. `per_micros` is the unit of
    a rate. `column` is None for the aggregates that look at operations only. `ahead` counts also what
    occurred later but was recorded before, `(t - micros, ∞)`: so that a limit holds in whatever order
    operations arrive; only for the aggregates in CAN_LOOK_AHEAD. `delay_micros` moves both ends back,
    `(t - delay - micros, t - delay]`; the operation being decided is then never inside.
    """

    name: str
    entity: int
    stream: int
    aggregate: Aggregate
    micros: int
    column: int | None = None
    own: bool = True
    per_micros: int = 0
    ahead: bool = False
    delay_micros: int = 0


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """All windows of a policy.

    entities: each a tuple of field names; an operation belongs to an entity's key when none is missing.
    streams: how many filters there are; bit i of an observation's mask says that filter i held.
    history_micros: the longest window, its delay included. lateness_micros: how far behind an operation may
    arrive. labelled: the filters, as bits, that look at an operation's label; their bits are never in what
    is observed when it is decided, but in a second observation of it that comes with its label.
    """

    entities: tuple[tuple[str, ...], ...]
    columns: tuple[Column, ...]
    streams: int
    windows: tuple[Window, ...]
    history_micros: int
    lateness_micros: int
    labelled: int = 0

    @property
    def kept_micros(self) -> int:
        """How long an observation must be kept so that even a late operation is answered exactly."""
        return self.history_micros + self.lateness_micros


class Observation(NamedTuple):
    """One operation as the windows see it.

    at: microseconds UTC. keys: one per entity, parts joined by U+001F, None where a part is missing.
    mask: the filters that held. values: one per column, None where missing.
    """

    at: int
    keys: tuple[str | None, ...]
    mask: int
    values: tuple[Value, ...]
