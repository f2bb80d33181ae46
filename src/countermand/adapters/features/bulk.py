"""Loads millions of recorded observations: first into flat columns, then all links and records at once."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable
from itertools import accumulate, count, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from countermand.adapters.features.layout import WORD_BITS, Accumulator, Chain, Kind
from countermand.adapters.features.names import RECORDS_ADDED, SHARDS, Names
from countermand.adapters.features.tape import GIANT, GONE, Entity, Tape
from countermand.policy.plan import Observation, Value

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Observations held as objects at one time: few enough to stay in the processor's cache.
CHUNK = 1_000
WORD = (1 << WORD_BITS) - 1
SUM_SAFE = 1 << 29


class _Interning:
    """Ids of one table while it is being filled: in order of appearance, with gaps.

    The gaps let one call look up a whole chunk: each value is offered the next number, taken or not.
    """

    def __init__(self) -> None:
        self._ids: dict[Hashable, int] = {None: 0}
        self._offered = 1

    def take(self, values: tuple[Hashable, ...]) -> list[int]:
        """The ids of a chunk; 0 for None."""
        found = list(map(self._ids.setdefault, values, count(self._offered)))
        self._offered += len(values)
        return found

    def settle(self, names: Names, used_in: list[array[int]]) -> None:
        """Close the gaps in every array of ids, and hand the values over."""
        dense = np.zeros(self._offered, np.int32)
        dense[np.fromiter(self._ids.values(), np.int64, len(self._ids))] = np.arange(len(self._ids))
        for ids in used_in:
            view = np.frombuffer(ids, np.int32)
            view[:] = dense[view]
        del self._ids[None]
        names.fill(list(self._ids))
        self._ids.clear()


def load_in_bulk(tape: Tape, observations: Iterable[Observation]) -> int:
    """Fill an empty tape; how many observations were young enough to keep.

    A value of the wrong type leaves the tape unusable: OverflowError or TypeError.
    """
    first = tape.capacity
    interning = {id(names): _Interning() for names in tape.all_names()}
    iterator = iter(observations)
    while chunk := list(islice(iterator, CHUNK)):
        _append(tape, chunk, interning)
    kept = tape.capacity - first
    if not kept:
        return 0
    for names in tape.all_names():
        columns = [tape.ids[column] for column, table in tape.names.items() if table is names]
        threads = [entity.slots for entity in tape.entities if entity.names is names]
        interning.pop(id(names)).settle(names, columns + threads)
        for ids in columns:
            _count_references(names, ids)
    rows = array("i", range(first + 1, first + kept + 1))
    rows[-1] = 0
    tape.arrived[first:] = rows
    tape.oldest, tape.latest = first, first + kept - 1
    for entity in tape.entities:
        if entity.layout.accumulators:
            _Threads(tape, entity, first).build()
    return kept


def _append(tape: Tape, chunk: list[Observation], interning: dict[int, _Interning]) -> None:
    """Put a chunk into the columns, as if observed one by one: what is already too old stays out."""
    kept_micros = tape.layout.plan.kept_micros
    instants = [observation[0] for observation in chunk]
    running = list(accumulate(instants, max, initial=tape.newest))
    if min(instants) <= running[-1] - kept_micros:
        pairs = zip(chunk, running, strict=False)
        chunk = [observation for observation, before in pairs if observation[0] > before - kept_micros]
        instants = [observation[0] for observation in chunk]
    if not chunk:
        return
    tape.newest = running[-1]
    _, keys, masks, values = zip(*chunk, strict=True)
    value_columns = list(zip(*values, strict=True)) or [()] * len(tape.layout.plan.columns)
    tape.at.extend(array("q", instants))
    stored = _masks(tape, masks, value_columns)
    for word, mask in enumerate(tape.masks):
        parts = stored if len(tape.masks) == 1 else [bits >> (word * WORD_BITS) & WORD for bits in stored]
        mask.extend(array("q", parts))
    for column, kept in tape.columns.items():
        known = value_columns[column]
        if None in known:
            known = tuple([0 if value is None else value for value in known])
        kept.frombytes(array(kept.typecode, known).tobytes())
    named = {column: interning[id(names)].take(value_columns[column]) for column, names in tape.names.items()}
    for column, ids in tape.ids.items():
        ids.extend(array("i", named[column]))
    same_texts = {number: column for column, number in tape.layout.shared_names.items()}
    texts_of = list(zip(*keys, strict=True))
    for number, entity in enumerate(tape.entities):
        texts, column = texts_of[entity.layout.keys], same_texts.get(number, -1)
        # Masks repeat: looking at the different ones tells whether any row stays off this entity.
        idle = {mask for mask in set(masks) if not mask & entity.layout.bits_used}
        if column >= 0 and texts == value_columns[column]:
            slots = named[column]
            if idle:
                slots = [0 if mask in idle else slot for slot, mask in zip(slots, masks, strict=True)]
        else:
            pairs = zip(texts, masks, strict=True)
            threaded = tuple([None if m in idle else text for text, m in pairs]) if idle else texts
            slots = interning[id(entity.names)].take(threaded)
        entity.slots.extend(array("i", slots))
    _fill(tape, len(chunk))


def _masks(tape: Tape, masks: tuple[int, ...], columns: list[tuple[Value, ...]]) -> list[int]:
    """Masks with the bits that say which values are known."""
    streams = (1 << tape.layout.plan.streams) - 1
    bits_of = {column: tape.layout.known_bit(column) for column in tape.layout.columns_used}
    partly = [column for column in bits_of if None in columns[column]]
    always = sum(bit for column, bit in bits_of.items() if column not in partly)
    stored = [mask & streams | always for mask in masks]
    for column in partly:
        bit, pairs = bits_of[column], zip(stored, columns[column], strict=True)
        stored = [bits if value is None else bits | bit for bits, value in pairs]
    return stored


def _fill(tape: Tape, added: int) -> None:
    """Grow the arrays that are computed later by as many rows."""
    zeros = bytes(added * 4)
    for values in (tape.arrived, *tape.peak_up, *tape.peak_down):
        values.frombytes(zeros)
    for entity in tape.entities:
        entity.following.frombytes(zeros)
        entity.preceding.frombytes(zeros)


def _count_references(names: Names, ids: array[int]) -> None:
    counts = np.bincount(np.frombuffer(ids, np.int32), minlength=names.top)
    counts[0] = 0
    references = np.frombuffer(names.references, np.int32)
    references += counts.astype(np.int32)


class _Threads:
    """Links and records of one entity, for rows in order of (key, instant, recording)."""

    def __init__(self, tape: Tape, entity: Entity, first: int) -> None:
        self.tape = tape
        self.entity = entity
        slots = np.frombuffer(entity.slots, np.int32)
        at = np.frombuffer(tape.at, np.int64)
        by_time = np.argsort(at[first:], kind="stable") + first
        by_time = by_time[slots[by_time] > 0]
        self.rows = by_time[np.argsort(slots[by_time], kind="stable")]
        self.slot: Ints = slots[self.rows].astype(np.int64)
        self.at: Ints = at[self.rows]
        self.masks = [np.frombuffer(mask, np.int64)[self.rows] for mask in tape.masks]
        self.starts: Flags = np.ones(len(self.rows), dtype=np.bool_)
        self.starts[1:] = self.slot[1:] != self.slot[:-1]
        self.ends: Flags = np.ones(len(self.rows), dtype=np.bool_)
        self.ends[:-1] = self.starts[1:]
        self.keys = entity.names.top
        names = list(entity.layout.fields)
        wide = 1 + len(entity.layout.sums)
        formats = ["<i8"] * wide + ["<i4"] * (len(names) - wide)
        self.records = np.zeros(self.keys, np.dtype({"names": names, "formats": formats}))
        self.giants: dict[int, dict[str, int]] = {}
        self.come: Flags = np.ones(len(self.rows), dtype=np.bool_)

    def build(self) -> None:
        self._link(self.entity.following, self.entity.preceding, np.arange(len(self.rows)))
        last = np.flatnonzero(self.ends)
        self.records["asof"][self.slot[last]] = self.at[last] - self.entity.layout.delay
        self.records["tail"][self.slot[last]] = self.rows[last]
        asof = self.records["asof"][self.slot]
        self.come = self.at <= asof
        if self.entity.layout.delay:
            self._point_to_first("ahead", np.flatnonzero(~self.come))
        backs = {chain: self._chain(chain) for chain in self.entity.layout.chains}
        for group, micros in enumerate(self.entity.layout.lengths):
            inside = self.at > asof - micros
            self._point_to_first(f"l{group}", np.flatnonzero(inside))
            for acc in self.entity.layout.of_group(group):
                self._accumulate(acc, np.flatnonzero(inside & self._holding(acc.bits)), backs, inside)
        for acc in self.entity.layout.of_kind(Kind.LAST):
            self._point_to_last(acc.field, np.flatnonzero(self._holding(acc.bits)))
        self._keep_records()

    def _holding(self, bits: int) -> Flags:
        """Which positions satisfy a condition, of those whose instant has come."""
        held: Flags = self.come.copy()
        for word, mask in enumerate(self.masks):
            part = bits >> (word * WORD_BITS) & WORD
            if part:
                held &= mask & part == part
        return held

    def _link(self, following: array[int], preceding: array[int], chosen: Ints) -> None:
        """Thread the chosen positions of each key in their order."""
        rows, slot = self.rows[chosen], self.slot[chosen]
        same = slot[1:] == slot[:-1]
        forward, backward = np.frombuffer(following, np.int32), np.frombuffer(preceding, np.int32)
        forward[rows] = 0
        backward[rows] = 0
        forward[rows[:-1][same]] = rows[1:][same]
        backward[rows[1:][same]] = rows[:-1][same]

    def _point_to_first(self, field: str, chosen: Ints) -> None:
        slot = self.slot[chosen]
        first = np.ones(len(slot), dtype=np.bool_)
        first[1:] = slot[1:] != slot[:-1]
        self.records[field][slot[first]] = self.rows[chosen[first]]

    def _point_to_last(self, field: str, chosen: Ints) -> None:
        slot = self.slot[chosen]
        last = np.ones(len(slot), dtype=np.bool_)
        last[:-1] = slot[1:] != slot[:-1]
        self.records[field][slot[last]] = self.rows[chosen[last]]

    def _accumulate(self, acc: Accumulator, chosen: Ints, backs: dict[Chain, Ints], inside: Flags) -> None:
        """One field of every record, from the positions inside that satisfy its condition."""
        if acc.kind is Kind.COUNT:
            self.records[acc.field] = np.bincount(self.slot[chosen], minlength=self.keys)
        elif acc.kind is Kind.SUM:
            self._sum(acc, chosen)
        elif acc.kind is Kind.DISTINCT:
            self._count_pairs(acc, chosen)
        elif acc.kind is Kind.FIRST:
            self._point_to_first(acc.field, chosen)
        else:
            assert acc.chain is not None, "what is left is a peak"
            members = backs[acc.chain]
            self._point_to_first(acc.field, members[inside[members]])

    def _sum(self, acc: Accumulator, chosen: Ints) -> None:
        """Exact sums: both halves of each value are added apart, so that nothing leaves 64 bits."""
        values = np.frombuffer(self.tape.columns[acc.column], np.int64)[self.rows[chosen]]
        slot = self.slot[chosen]
        high, low = self._per_key(slot, values >> 32), self._per_key(slot, values & 0xFFFFFFFF)
        fits = np.abs(high) < SUM_SAFE
        self.records[acc.field] = np.where(fits, (high << 32) + low, 0)
        for key in np.flatnonzero(~fits).tolist():
            self.giants.setdefault(key, {})[acc.field] = (int(high[key]) << 32) + int(low[key])

    def _per_key(self, slot: Ints, values: Ints) -> Ints:
        totals = np.zeros(self.keys, np.int64)
        starts = np.flatnonzero(np.diff(slot, prepend=-1))
        if len(starts):
            totals[slot[starts]] = np.add.reduceat(values, starts)
        return totals

    def _count_pairs(self, acc: Accumulator, chosen: Ints) -> None:
        ids = np.frombuffer(self.tape.ids[acc.column], np.int32)[self.rows[chosen]].astype(np.int64)
        pairs, counts = np.unique(self.slot[chosen] << 32 | ids, return_counts=True)
        slot = pairs >> 32
        self.records[acc.field] = np.bincount(slot, minlength=self.keys)
        by_shard = np.argsort(slot & SHARDS - 1, kind="stable")
        ends = np.searchsorted((slot & SHARDS - 1)[by_shard], np.arange(SHARDS + 1))
        for number, shard in enumerate(self.tape.pairs[acc.number]):
            part = by_shard[ends[number] : ends[number + 1]]
            shard.update(zip(pairs[part].tolist(), counts[part].tolist(), strict=True))

    def _chain(self, chain: Chain) -> Ints:
        """Thread the rows that no later one outdoes; their positions."""
        up, down = self.tape.peak_up[chain.number], self.tape.peak_down[chain.number]
        np.frombuffer(down, np.int32)[self.rows] = GONE
        chosen = np.flatnonzero(self._holding(chain.bits))
        if not len(chosen):
            return chosen
        values: npt.NDArray[Any] = np.asarray(self.tape.columns[chain.column])[self.rows[chosen]]
        _, ranks = np.unique(values, return_inverse=True)
        if not chain.largest:
            ranks = len(chosen) - ranks
        # Backwards, each key starts above all ranks of the key after it: the running maximum starts anew.
        backwards = (self.keys - self.slot[chosen[::-1]]) * (len(chosen) + 1) + ranks[::-1]
        running = np.maximum.accumulate(backwards)
        member = np.ones(len(chosen), dtype=np.bool_)
        member[1:] = running[1:] > running[:-1]
        members = chosen[member[::-1]]
        self._link(up, down, members)
        self._point_to_last(chain.back, members)
        return members

    def _keep_records(self) -> None:
        spare = bytes(self.entity.size * RECORDS_ADDED)
        self.entity.names.records[:] = self.records.tobytes() + spare
        fields = self.entity.layout.fields
        for key, sums in self.giants.items():
            record = tuple(sums.get(field, int(self.records[field][key])) for field in fields)
            self.entity.store(key, record)
        assert GIANT not in self.records["asof"], "the instant that marks a giant is no instant"
