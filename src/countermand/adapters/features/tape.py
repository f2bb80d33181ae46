"""The tape: every observation as one row of flat arrays, threaded by key, and one packed record per key."""

from __future__ import annotations

import struct
import sys
from array import array

import numpy as np

from countermand.adapters.features.layout import EntityLayout, PlanLayout
from countermand.adapters.features.names import SHARDS, Names
from countermand.policy.plan import ColumnKind

# Row 0 is "none". It is later than everything and satisfies every condition, so loops stop at it unasked.
NEVER = (1 << 63) - 1
GONE = -1
# A record whose sums left 64 bits lives in `Entity.giants`; this instant in its place says so.
GIANT = -(1 << 63)
ROWS_ADDED = 8192


class Entity:
    """The keys of one entity: their slots, the links of their rows, and their packed records."""

    __slots__ = ("following", "giants", "layout", "names", "packing", "preceding", "size", "slots")

    def __init__(self, layout: EntityLayout) -> None:
        self.layout = layout
        self.packing = struct.Struct(layout.packing)
        self.size = self.packing.size
        self.names = Names(self.size, self._has_rows)
        self.giants: dict[int, tuple[int, ...]] = {}
        # Per row: the key's slot (0: the row is on no chain here), and the neighbours in order of time.
        self.slots = array("i")
        self.following = array("i")
        self.preceding = array("i")

    def _has_rows(self, slot: int) -> bool:
        return self.record(slot)[self.layout.fields.index("tail")] != 0

    def close_slot(self, slot: int) -> None:
        """Forget a key that lost its last row."""
        if self.giants:
            self.giants.pop(slot, None)
        self.names.close(slot)

    def record(self, slot: int) -> tuple[int, ...]:
        """The fields of a key, as `layout.fields` names them."""
        fields: tuple[int, ...] = self.packing.unpack_from(self.names.records, slot * self.size)
        return self.giants[slot] if fields[0] == GIANT else fields

    def store(self, slot: int, fields: tuple[int, ...]) -> None:
        """Put a key's fields back, wherever they fit."""
        try:
            self.packing.pack_into(self.names.records, slot * self.size, *fields)
        except struct.error:
            self.giants[slot] = fields
            struct.pack_into("<q", self.names.records, slot * self.size, GIANT)

    def arrays(self) -> tuple[array[int], ...]:
        return (self.slots, self.following, self.preceding)


class Tape:
    """Rows, free rows, and the order of arrival. Knows nothing of what windows compute."""

    def __init__(self, layout: PlanLayout) -> None:
        plan = layout.plan
        self.layout = layout
        self.at = array("q")
        self.masks = tuple(array("q") for _ in range(layout.words))
        self.columns: dict[int, array[int] | array[float]] = {
            column: array("q" if plan.columns[column].kind is ColumnKind.INTEGER else "d")
            for column in layout.columns_kept
        }
        self.ids = {column: array("i") for column in layout.columns_named}
        self.entities = tuple(Entity(entity) for entity in layout.entities)
        self.names = {
            column: self.entities[layout.shared_names[column]].names
            if column in layout.shared_names
            else Names()
            for column in layout.columns_named
        }
        # Per chain of smallest or largest rows: the next and previous member; GONE in `peak_down`: no member.
        self.peak_up = tuple(array("i") for _ in layout.chains)
        self.peak_down = tuple(array("i") for _ in layout.chains)
        # Per table of distinct values: how often each (key, value) occurs inside the window.
        self.pairs: tuple[tuple[dict[int, int], ...], ...] = tuple(
            tuple({} for _ in range(SHARDS)) for _ in range(layout.distincts)
        )
        # The next row in order of arrival, or the next free row.
        self.arrived = array("i")
        self.oldest = 0
        self.latest = 0
        self.free = 0
        self.newest = GIANT
        self.extend(1)
        self.at[0] = NEVER
        for mask in self.masks:
            mask[0] = GONE
        self.free = 0

    @property
    def capacity(self) -> int:
        return len(self.at)

    @property
    def rows(self) -> int:
        """How many observations are held."""
        return int(np.count_nonzero(np.frombuffer(self.masks[0], np.int64) != GONE))

    def row_arrays(self) -> list[array[int] | array[float]]:
        """Every array that has one element per row."""
        found: list[array[int] | array[float]] = [self.at, *self.masks, *self.columns.values()]
        found += [*self.ids.values(), *self.peak_up, *self.peak_down, self.arrived]
        for entity in self.entities:
            found += entity.arrays()
        return found

    def all_names(self) -> list[Names]:
        """Every table of names once: a column may share its table with an entity."""
        tables = {id(names): names for names in self.names.values()}
        tables |= {id(entity.names): entity.names for entity in self.entities}
        return list(tables.values())

    def extend(self, count: int = ROWS_ADDED) -> None:
        """More free rows, in place: generated code holds on to the arrays."""
        first = self.capacity
        zeros = bytes(count * 8)
        for values in self.row_arrays():
            values.frombytes(memoryview(zeros)[: count * values.itemsize])
        last = first + count - 1
        for mask in self.masks:
            for row in range(first, last + 1):
                mask[row] = GONE
        for row in range(first, last):
            self.arrived[row] = row + 1
        self.arrived[last] = self.free
        self.free = first

    def give_back(self, row: int) -> None:
        """Free a row that is on no chain any more."""
        self.at[row] = NEVER
        self.arrived[row] = self.free
        self.free = row

    def forget_values(self, row: int) -> None:
        """Mark a row as gone and let its interned values go."""
        for mask in self.masks:
            mask[row] = GONE
        for column, ids in self.ids.items():
            if ids[row]:
                self.names[column].release(ids[row])
                ids[row] = 0

    def bytes_held(self) -> int:
        """An estimate of all memory held, in bytes."""
        total = sum(sys.getsizeof(values) for values in self.row_arrays())
        total += sum(names.bytes() for names in self.all_names())
        # A pair's key is an integer object of its own; small counts are shared objects.
        total += sum(sys.getsizeof(shard) + 36 * len(shard) for table in self.pairs for shard in table)
        return total
