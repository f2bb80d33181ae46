"""Texts and other values as small integers, reusable, and invisible to the garbage collector."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Hashable

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

    def fill(self, values: list[Hashable]) -> None:
        """Give the ids 1, 2, ... to different values, when no other has one; all without references."""
        count = len(values)
        objects = np.empty(count, dtype=object)
        objects[:] = values
        shard_of = np.fromiter(map(hash, values), np.int64, count) & SHARDS - 1
        by_shard = np.argsort(shard_of, kind="stable")
        ends = np.searchsorted(shard_of[by_shard], np.arange(SHARDS + 1))
        for number, shard in enumerate(self.shards):
            part = by_shard[ends[number] : ends[number + 1]]
            shard.update(zip(objects[part].tolist(), (part + 1).tolist(), strict=True))
        padded = np.empty((count // _CHUNK + 1) * _CHUNK, dtype=object)
        padded[1 : count + 1] = objects
        self._chunks[:] = [padded[at : at + _CHUNK].copy() for at in range(0, len(padded), _CHUNK)]
        self.top = count + 1
        del self._free[:]
        self.references[:] = array("i", bytes(4 * self.top))
        self.bytes_held = sum(map(sys.getsizeof, values))
        self.records[:] = bytes(len(self._no_record) * (self.top + RECORDS_ADDED))

    def bytes(self) -> int:
        """An estimate of the memory held, in bytes: tables, values, and the ids as objects."""
        tables = sum(sys.getsizeof(shard) for shard in self.shards)
        flat = len(self.references) * 4 + len(self._chunks) * _CHUNK * 8 + len(self._free) * 4
        flat += len(self.records)
        return tables + flat + self.bytes_held + 32 * len(self)
