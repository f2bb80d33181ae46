"""Reads that come before a key's instant: the record, corrected on the side, never disturbed."""

from __future__ import annotations

from collections.abc import Callable

from countermand.adapters.features.layout import Accumulator, Chain, EntityLayout, Kind
from countermand.adapters.features.peaks import condition
from countermand.adapters.features.tape import Tape

Rows = list[int]


class LateReader:
    """Answers for one entity as of an instant before the record's own.

    The cost is one step for each row between the two instants, at either end of a window: a few when
    concurrent clients arrive slightly out of order.
    """

    def __init__(self, tape: Tape, layout: EntityLayout) -> None:
        self._tape = tape
        self._layout = layout
        self._entity = tape.entities[layout.number]
        self._index = {field: index for index, field in enumerate(layout.fields)}
        self._holds: dict[str, Callable[[int], bool]] = {
            acc.field: condition(tape, acc.bits) for acc in layout.accumulators
        }
        self._longest = tape.layout.plan.history_micros

    def read(
        self, now: int, slot: int, own_ids: tuple[int, ...], own_holds: tuple[bool, ...]
    ) -> tuple[int, ...]:
        """The accumulators as of `now`, then whether the operation adds one to each distinct count it is in.

        own_ids and own_holds: for each of those counts, the operation's own value and whether it counts.
        """
        fields = self._entity.record(slot)
        asof = fields[0]
        at, preceding = self._tape.at, self._entity.preceding
        newer: Rows = []
        newest = row = fields[self._index["tail"]]
        if self._layout.delay and (ahead := fields[self._index["ahead"]]):
            row = preceding[ahead]  # what waits is in nothing yet
        while row and at[row] > now:
            newer.append(row)
            row = preceding[row]
        present = row
        gained = [self._gained(group, fields, now, newest) for group in range(len(self._layout.lengths))]
        lost = [[row for row in newer if at[row] > asof - micros] for micros in self._layout.lengths]
        values: Rows = []
        adds: Rows = []
        own = iter(zip(own_ids, own_holds, strict=True)) if own_ids else None
        wanted = self._tape.layout.distinct_own(self._layout.number)
        for acc in self._layout.accumulators:
            field = fields[self._index[acc.field]]
            if acc.kind is Kind.LAST:
                values.append(self._last(acc, field, present, now))
                continue
            enter, leave = gained[acc.group], lost[acc.group]
            if acc.ahead:
                enter, leave = self._gained(acc.group, fields, now, newest, ahead=True), []
            if acc.kind is Kind.DISTINCT:
                own_id, holds = next(own) if own is not None and acc.field in wanted else (0, False)
                count, new = self._distinct(acc, slot, field, enter, leave, own_id)
                values.append(count)
                if acc.field in wanted:
                    adds.append(holds and new)
            elif acc.kind is Kind.FIRST:
                values.append(self._first(acc, field, enter, now))
            elif acc.kind is Kind.PEAK:
                values.append(self._peak(acc, field, enter, present, now))
            else:
                values.append(field + self._change(acc, enter, leave))
        return (*values, *adds)

    def _gained(
        self, group: int, fields: tuple[int, ...], now: int, newest: int, *, ahead: bool = False
    ) -> Rows:
        """Rows inside the window as of `now` that the record's window has left behind, newest first."""
        at, preceding = self._tape.at, self._entity.preceding
        left = fields[self._index[f"l{group}"]]
        row = preceding[left] if left else newest
        start = now - self._layout.lengths[group]
        rows: Rows = []
        while row and at[row] > start:
            if ahead or at[row] <= now:
                rows.append(row)
            row = preceding[row]
        return rows

    def _change(self, acc: Accumulator, enter: Rows, leave: Rows) -> int:
        holds = self._holds[acc.field]
        if acc.kind is Kind.COUNT:
            return sum(map(holds, enter)) - sum(map(holds, leave))
        column = self._tape.columns[acc.column]
        gain = sum(int(column[row]) for row in enter if holds(row))
        return gain - sum(int(column[row]) for row in leave if holds(row))

    def _distinct(
        self, acc: Accumulator, slot: int, count: int, enter: Rows, leave: Rows, own_id: int
    ) -> tuple[int, bool]:
        """How many different values, and whether the operation's own is not among them."""
        holds, ids = self._holds[acc.field], self._tape.ids[acc.column]
        pairs = self._tape.pairs[acc.number][slot & 63]
        base = slot << 32
        changes: dict[int, int] = {}
        for row in enter:
            if holds(row):
                changes[ids[row]] = changes.get(ids[row], 0) + 1
        for row in leave:
            if holds(row):
                changes[ids[row]] = changes.get(ids[row], 0) - 1
        for name, change in changes.items():
            inside = pairs.get(base | name, 0)
            count += (inside + change > 0) - (inside > 0)
        return count, pairs.get(base | own_id, 0) + changes.get(own_id, 0) == 0

    def _first(self, acc: Accumulator, field: int, enter: Rows, now: int) -> int:
        holds = self._holds[acc.field]
        for row in reversed(enter):
            if holds(row):
                return row
        return field if field and self._tape.at[field] <= now else 0

    def _last(self, acc: Accumulator, field: int, present: int, now: int) -> int:
        at = self._tape.at
        if field and at[field] <= now:
            return field
        holds, preceding = self._holds[acc.field], self._entity.preceding
        row, start = present, now - self._longest
        while row and at[row] > start:
            if holds(row):
                return row
            row = preceding[row]
        return 0

    def _peak(self, acc: Accumulator, front: int, enter: Rows, present: int, now: int) -> int:
        """The row with the peak value; the whole window is searched if the record's peak is a newer row."""
        at, holds = self._tape.at, self._holds[acc.field]
        assert acc.chain is not None, "a peak runs along a chain"
        if not front or at[front] <= now:
            candidates = [row for row in enter if holds(row)]
            if front:
                candidates.append(front)
            return self._best(acc.chain, candidates)
        candidates = []
        row, start = present, now - self._layout.lengths[acc.group]
        while row and at[row] > start:
            if holds(row):
                candidates.append(row)
            row = self._entity.preceding[row]
        return self._best(acc.chain, candidates)

    def _best(self, chain: Chain, rows: Rows) -> int:
        values = self._tape.columns[chain.column]
        return (max if chain.largest else min)(rows, key=values.__getitem__, default=0)
