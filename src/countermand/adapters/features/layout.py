"""What is kept per key: the accumulators that several windows share, and how one key's record is packed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from countermand.policy.plan import (
    CAN_LOOK_AHEAD,
    LOOKS_BACK,
    MEASURES_UP_TO_NOW,
    Aggregate,
    ColumnKind,
    FeaturePlan,
    Window,
)

# Bits per word of a row's mask: a word stays positive, so that -1 can mark a row as gone.
WORD_BITS = 62


class Kind(Enum):
    """What an accumulator holds for one key, as of the key's instant."""

    COUNT = auto()  # how many rows inside satisfy the condition
    SUM = auto()  # the exact sum of a column over them
    DISTINCT = auto()  # how many different values
    FIRST = auto()  # the first such row inside
    LAST = auto()  # the last such row, however old
    PEAK = auto()  # the row inside with the smallest or largest value


@dataclass(frozen=True, slots=True)
class Chain:
    """The rows of a key that no later row outdoes: the front of every min or max over one column."""

    bits: int
    column: int
    largest: bool
    number: int  # among all chains of the plan
    back: str  # the record field that points to the last row of the chain


@dataclass(frozen=True, slots=True)
class Accumulator:
    """One field of a key's record, shared by all windows that need it."""

    kind: Kind
    group: int  # which window length of the entity; -1 for LAST
    bits: int  # the mask bits a row needs: its stream, and that the column is known
    column: int
    field: str
    number: int = -1  # DISTINCT: which table of values, among all of the plan
    chain: Chain | None = None
    ahead: bool = False  # what occurred later counts too


@dataclass(frozen=True, slots=True)
class EntityLayout:
    """The record of one entity's keys. Fields in order: the instant, sums, then 32-bit counts and rows.

    An entity of the plan stands here once for its usual windows, and once more for each delay, and for those
    that look at labels: what comes late is threaded among few rows, and never on the others' chain.
    `keys` is its number in the plan. With a delay the record is as of that long before the operations
    read; rows newer than its instant wait on the chain, the first of them in the field `ahead`.
    """

    number: int
    keys: int
    delay: int
    lengths: tuple[int, ...]
    accumulators: tuple[Accumulator, ...]
    chains: tuple[Chain, ...]
    bits_used: int  # a row with none of these bits is not threaded on this entity

    @property
    def bits_certain(self) -> int:
        """The bit every row of this entity has, if its windows look at one stream only."""
        return self.bits_used if self.bits_used.bit_count() == 1 else 0

    @property
    def sums(self) -> tuple[str, ...]:
        return tuple(acc.field for acc in self.accumulators if acc.kind is Kind.SUM)

    @property
    def fields(self) -> tuple[str, ...]:
        lefts = tuple(f"l{group}" for group in range(len(self.lengths)))
        small = tuple(acc.field for acc in self.accumulators if acc.kind is not Kind.SUM)
        waiting = ("ahead",) if self.delay else ()
        return ("asof", *self.sums, "tail", *waiting, *lefts, *(chain.back for chain in self.chains), *small)

    @property
    def packing(self) -> str:
        wide = 1 + len(self.sums)
        return f"<{wide}q{len(self.fields) - wide}i"

    def of_group(self, group: int) -> tuple[Accumulator, ...]:
        return tuple(acc for acc in self.accumulators if acc.group == group)

    def of_kind(self, kind: Kind) -> tuple[Accumulator, ...]:
        return tuple(acc for acc in self.accumulators if acc.kind is kind)


_KIND = {
    Aggregate.COUNT: Kind.COUNT,
    Aggregate.RATE: Kind.COUNT,
    Aggregate.SUM: Kind.SUM,
    Aggregate.AVG: Kind.SUM,
    Aggregate.DISTINCT: Kind.DISTINCT,
    Aggregate.FIRST_SEEN: Kind.FIRST,
    Aggregate.TIME_SINCE_LAST: Kind.LAST,
    Aggregate.LAST: Kind.LAST,
    Aggregate.MIN: Kind.PEAK,
    Aggregate.MAX: Kind.PEAK,
}
_LETTER = {
    Kind.COUNT: "n",
    Kind.SUM: "s",
    Kind.DISTINCT: "d",
    Kind.FIRST: "f",
    Kind.LAST: "z",
    Kind.PEAK: "x",
}


class PlanLayout:
    """A plan's windows resolved to accumulators, and its columns to arrays.

    Raises ValueError for a plan the store cannot keep exactly: a sum over a column that is not an
    integer, a window longer than the history, or one that claims its own operation and cannot have it.
    """

    def __init__(self, plan: FeaturePlan) -> None:
        for window in plan.windows:
            _check(plan, window)
        self.plan = plan
        self.columns_used = sorted({w.column for w in plan.windows if w.column is not None})
        # Any column that is counted by distinct values is kept as ids; texts are never kept otherwise.
        self.columns_named = sorted(
            {w.column for w in plan.windows if w.column is not None and w.aggregate is Aggregate.DISTINCT}
            | {c for c in self.columns_used if plan.columns[c].kind is ColumnKind.TEXT}
        )
        self.columns_kept = [c for c in self.columns_used if plan.columns[c].kind is not ColumnKind.TEXT]
        # An entity of one field and a column of the same field hold the same texts: they share one table.
        self.shared_names = {
            column: number
            for number, entity in enumerate(plan.entities)
            for column in self.columns_named
            if entity == (plan.columns[column].name,) and plan.columns[column].kind is ColumnKind.TEXT
        }
        self.words = (plan.streams + len(plan.columns)) // WORD_BITS + 1
        self.chains: list[tuple[int, Chain]] = []
        self.distincts = 0
        self._resolved: dict[tuple[Kind, Window], Accumulator] = {}
        self._threads = {(number, 0, False): number for number in range(len(plan.entities))}
        for window in plan.windows:
            self._threads.setdefault(self._thread(window), len(self._threads))
        self.entities = tuple(self._entity(number, *of[:2]) for of, number in self._threads.items())

    def known_bit(self, column: int) -> int:
        """The mask bit that says that a row has a value in this column."""
        return 1 << (self.plan.streams + column)

    def accumulator(self, window: Window, kind: Kind | None = None) -> Accumulator:
        """Where a window finds its value; `avg` also asks for the COUNT of known values."""
        return self._resolved[kind or _KIND[window.aggregate], window]

    def windows_of(self, entity: int) -> list[tuple[int, Window]]:
        """The windows that find their values in an entity's records, with their place in the plan."""
        windows = enumerate(self.plan.windows)
        return [(n, w) for n, w in windows if self._threads[self._thread(w)] == entity]

    def distinct_own(self, entity: int) -> frozenset[str]:
        """The distinct counts of an entity that some window wants with its own operation."""
        return frozenset(
            self.accumulator(window).field
            for _, window in self.windows_of(entity)
            if window.own and window.aggregate is Aggregate.DISTINCT
        )

    def _thread(self, window: Window) -> tuple[int, int, bool]:
        return window.entity, window.delay_micros, bool(self.plan.labelled >> window.stream & 1)

    def _entity(self, number: int, keys: int, delay: int) -> EntityLayout:
        windows = [window for _, window in self.windows_of(number)]
        grouped = {w.micros for w in windows if _KIND[w.aggregate] is not Kind.LAST}
        lengths = tuple(sorted(grouped))
        shared: dict[tuple[object, ...], Accumulator] = {}
        chains: dict[tuple[object, ...], Chain] = {}
        for window in windows:
            kinds = [_KIND[window.aggregate]]
            if window.aggregate is Aggregate.AVG:
                kinds.append(Kind.COUNT)
            for kind in kinds:
                accumulator = self._share(window, kind, lengths, shared, chains)
                self._resolved[kind, window] = accumulator
        used = 0
        for accumulator in shared.values():
            used |= accumulator.bits & ((1 << self.plan.streams) - 1)
        chained = tuple(chains.values())
        return EntityLayout(number, keys, delay, lengths, tuple(shared.values()), chained, used)

    def _share(
        self,
        window: Window,
        kind: Kind,
        lengths: tuple[int, ...],
        shared: dict[tuple[object, ...], Accumulator],
        chains: dict[tuple[object, ...], Chain],
    ) -> Accumulator:
        """The accumulator of one window, made if no earlier window needed the same."""
        looks_at_values = window.column is not None and kind is not Kind.LAST
        bits = 1 << window.stream
        column = -1
        if looks_at_values and window.aggregate not in (
            Aggregate.COUNT,
            Aggregate.RATE,
            Aggregate.FIRST_SEEN,
        ):
            assert window.column is not None
            column = window.column
            bits |= self.known_bit(column)
        group = -1 if kind is Kind.LAST else lengths.index(window.micros)
        largest = window.aggregate is Aggregate.MAX
        # The count of known values does not depend on which column's values they are, but on its bits.
        identity = (kind, group, bits, -1 if kind is Kind.COUNT else column, largest, window.ahead)
        if identity in shared:
            return shared[identity]
        chain = None
        if kind is Kind.PEAK:
            chain = chains.get((bits, column, largest))
            if chain is None:
                chain = Chain(bits, column, largest, len(self.chains), f"b{len(chains)}")
                chains[bits, column, largest] = chain
                self.chains.append((self._threads[self._thread(window)], chain))
        number = -1
        if kind is Kind.DISTINCT:
            number = self.distincts
            self.distincts += 1
        field = f"{_LETTER[kind]}{len(shared)}"
        shared[identity] = Accumulator(kind, group, bits, column, field, number, chain, window.ahead)
        return shared[identity]


def _check(plan: FeaturePlan, window: Window) -> None:
    delay = window.delay_micros
    if not (window.micros > 0 and delay >= 0 and window.micros + delay <= plan.history_micros):
        raise ValueError(f"window {window.name}: it reaches outside the history that is kept")
    if delay and (window.aggregate in MEASURES_UP_TO_NOW or window.ahead):
        raise ValueError(f"window {window.name}: {window.aggregate} cannot be delayed")
    if window.own and (delay or plan.labelled >> window.stream & 1):
        raise ValueError(f"window {window.name}: its own operation cannot be in it")
    if window.own and window.aggregate in LOOKS_BACK:
        raise ValueError(f"window {window.name}: {window.aggregate} never includes its own operation")
    if window.ahead and window.aggregate not in CAN_LOOK_AHEAD:
        raise ValueError(f"window {window.name}: {window.aggregate} cannot look ahead")
    if window.aggregate in (Aggregate.COUNT, Aggregate.RATE, Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE_LAST):
        return
    if window.column is None:
        raise ValueError(f"window {window.name}: {window.aggregate} needs a column")
    kind = plan.columns[window.column].kind
    if window.aggregate in (Aggregate.SUM, Aggregate.AVG) and kind is not ColumnKind.INTEGER:
        raise ValueError(f"window {window.name}: only integers can be summed exactly")
    if window.aggregate in (Aggregate.MIN, Aggregate.MAX) and kind is ColumnKind.TEXT:
        raise ValueError(f"window {window.name}: texts have no smallest or largest")
