"""Texts and other values as small integers, reusable, and invisible to the garbage collector."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Hashable, Iterable

import numpy as np

# One dict of millions of entries stops the process for a third of a second when it grows; 64 do not.
SHARDS = 64
_CHUNK_BITS = 12
_CHUNK = 1 << _CHUNK_BITS
RECORDS_ADDED = 1024


class Names:
    """Ids from 1 for values; 0 stands for none.

    Ids are looked up directly: `shards[hash(value) & 63].get(value)`. A dict of texts to integers is not
    tracked by the collector, nor is an object array, so millions of names cost it nothing.

    Where the values are the keys of an entity, each has a record of `record_bytes`, all zero at first,
    and `in_use(id)` tells whether a value without references must stay because its record holds something.
    """

    __slots__ = (
        "_chunks",
        "_free",
        "_in_use",
        "_no_record",
        "bytes_held",
        "records",
        "references",
        "shards",
        "top",
    )

    def __init__(self, record_bytes: int = 0, in_use: Callable[[int], bool] | None = None) -> None:
        self._in_use = in_use
        self._no_record = bytes(record_bytes)
        self.records = bytearray(record_bytes * RECORDS_ADDED)
        self.shards: tuple[dict[Hashable, int], ...] = tuple({} for _ in range(SHARDS))
        self.references = array("i", [0])
        self.top = 1
        self.bytes_held = 0
        self._chunks = [np.empty(_CHUNK, dtype=object)]
        self._free = array("i")

    def __len__(self) -> int:
        return self.top - 1 - len(self._free)

    def add(self, value: Hashable) -> int:
        """A new id for a value that has none yet, with no references."""
        if self._free:
            name = self._free.pop()
        else:
            name = self.top
            self.top += 1
            self.references.append(0)
            size = len(self._no_record)
            if size * self.top > len(self.records):
                self.records.extend(bytes(size * RECORDS_ADDED))
            if name >> _CHUNK_BITS == len(self._chunks):
                self._chunks.append(np.empty(_CHUNK, dtype=object))
        self.shards[hash(value) & 63][value] = name
        self._chunks[name >> _CHUNK_BITS][name & _CHUNK - 1] = value
        self.bytes_held += sys.getsizeof(value)
        return name

    def value(self, name: int) -> Hashable:
        """The value of an id; None for 0."""
        found: Hashable = self._chunks[name >> _CHUNK_BITS][name & _CHUNK - 1]
        return found

    def refer(self, value: Hashable) -> int:
        """The id of a value, made if new, with one reference more."""
        name = self.shards[hash(value) & 63].get(value) or self.add(value)
        self.references[name] += 1
        return name

    def release(self, name: int) -> None:
        """One reference less; the id of a value nobody refers to is given to another."""
        left = self.references[name] - 1
        self.references[name] = left
        if not left and (self._in_use is None or not self._in_use(name)):
            self._drop(name)

    def close(self, name: int) -> None:
        """Forget a key without rows, unless its text is still somebody's value."""
        size = len(self._no_record)
        self.records[name * size : (name + 1) * size] = self._no_record
        if not self.references[name]:
            self._drop(name)

    def _drop(self, name: int) -> None:
        """Forget a value; its id is given to another."""
        chunk = self._chunks[name >> _CHUNK_BITS]
        value = chunk[name & _CHUNK - 1]
        del self.shards[hash(value) & 63][value]
        chunk[name & _CHUNK - 1] = None
        self.bytes_held -= sys.getsizeof(value)
        self._free.append(name)

    def refer_all(self, values: Iterable[Hashable]) -> list[int]:
        """Ids of many values, 0 for None, without references: the caller counts them afterwards."""
        shards, add = self.shards, self.add
        if self._free:
            return [
                0 if value is None else shards[hash(value) & 63].get(value) or add(value) for value in values
            ]
        # One search a value, found or not: a new one is entered under the id it would get.
        top, names, new = self.top, [], []
        for value in values:
            if value is None:
                names.append(0)
                continue
            name = shards[hash(value) & 63].setdefault(value, top)
            if name == top:
                top += 1
                new.append(value)
            names.append(name)
        self._enter(new)
        return names

    def _enter(self, values: list[Hashable]) -> None:
        """Complete what `add` does for values that already stand in their shard, in the order of their ids."""
        entered = 0
        while entered < len(values):
            name = self.top
            if name >> _CHUNK_BITS == len(self._chunks):
                self._chunks.append(np.empty(_CHUNK, dtype=object))
            start = name & _CHUNK - 1
            part = values[entered : entered + _CHUNK - start]
            self._chunks[name >> _CHUNK_BITS][start : start + len(part)] = part
            entered += len(part)
            self.top += len(part)
        self.references.frombytes(bytes(4 * len(values)))
        self.bytes_held += sum(map(sys.getsizeof, values))
        missing = len(self._no_record) * self.top - len(self.records)
        if missing > 0:
            self.records.extend(bytes(missing))

    def bytes(self) -> int:
        """An estimate of the memory held, in bytes: tables, values, and the ids as objects."""
        tables = sum(sys.getsizeof(shard) for shard in self.shards)
        flat = len(self.references) * 4 + len(self._chunks) * _CHUNK * 8 + len(self._free) * 4
        flat += len(self.records)
        return tables + flat + self.bytes_held + 32 * len(self)
