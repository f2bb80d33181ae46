"""Many messages scored at once: Chinese pieces are looked up as numbers, all of them in a few array steps.

Gives what `LinearReader.margins` gives for each message, up to the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countermand.intake import grams

CONCEPTS_MAX = 63  # one bit each
ROWS_AT_ONCE = 4096  # as many rows of the table as a processor keeps near
_FIRST, _FIRST_HAN, _LAST_HAN = "\u3400", 0x3400, 0x9FFF
_BITS = 15  # of one Chinese character
_HASH = np.uint64(0x9E3779B97F4A7C15)

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


class Meanings(Protocol):
    """What the reader of one message knows: rows and concept of a word, rows of a set of concepts."""

    def word(self, word: str) -> tuple[tuple[int, ...], str | None]: ...

    def meanings(self, meant: frozenset[str | None]) -> tuple[int, ...]: ...


class ManyReader:
    """`row` and `concepts` as the reader of one message has them; `table` ends with the squared lengths."""

    def __init__(
        self, row: Mapping[str, int], concepts: Mapping[str, str], table: Floats, one: Meanings
    ) -> None:
        self._table, self._one, self._nothing = table, one, len(row)
        self._names = sorted(set(concepts.values()))
        bit = {name: 1 << number for number, name in enumerate(self._names)}
        self._near = {
            piece: ((row[piece],) if piece in row else (), bit.get(concepts.get(piece, ""), 0))
            for piece in {*row, *concepts}
            if " " in piece
        }
        self._bit = bit
        chinese = sorted(piece for piece in {*row, *concepts} if _is_whole(piece))
        self._lookup = _Lookup(np.array([_key(piece) for piece in chinese], dtype=np.int64))
        self._rows = np.array([row.get(piece, -1) for piece in chinese] + [-1], dtype=np.int64)
        self._bits = np.array(
            [bit.get(concepts.get(piece, ""), 0) for piece in chinese] + [0], dtype=np.int64
        )
        self._words: dict[str, tuple[tuple[int, ...], int]] = {}
        self._meant: dict[int, tuple[int, ...]] = {}

    def summed(self, texts: Sequence[str]) -> Floats:
        """The sum of the table's rows of each message; shape (n, columns of the table)."""
        normals = [grams.normal(text) for text in texts]
        owners, rows, bits = self._chinese(normals)
        told: list[tuple[int, ...]] = []
        for place, normal in enumerate(normals):
            found, meant = self._others(normal)
            meant |= int(bits[place])
            known = self._meant.get(meant)
            told.append((*found, *(self._meaning(meant) if known is None else known), self._nothing))
        sizes = np.fromiter(map(len, told), dtype=np.int64, count=len(told))
        stride = self._nothing + 1
        keys = np.concatenate(
            [
                owners * stride + rows,
                np.repeat(np.arange(len(texts)), sizes) * stride
                + np.fromiter(chain.from_iterable(told), dtype=np.int64, count=int(sizes.sum())),
            ]
        )
        keys.sort()
        keys = keys[np.append(True, keys[1:] != keys[:-1])]
        return self._sums(keys // stride, keys % stride, len(texts))

    def _sums(self, owners: Whole, rows: Whole, count: int) -> Floats:
        """Row sums by owner; each owner has at least the row of nothing. Whole messages at a time."""
        starts = np.searchsorted(owners, np.arange(count + 1))
        sums = np.empty((count, self._table.shape[1]), dtype=np.float32)
        first = 0
        while first < count:
            last = int(np.searchsorted(starts, starts[first] + ROWS_AT_ONCE, side="right")) - 1
            last = min(max(last, first + 1), count)
            part = self._table.take(rows[starts[first] : starts[last]], axis=0)
            sums[first:last] = np.add.reduceat(part, starts[first:last] - starts[first], axis=0)
            first = last
        return sums

    def _chinese(self, normals: Sequence[str]) -> tuple[Whole, Whole, Whole]:
        """Owner and row of every known Chinese piece, and the concepts of each message as bits."""
        letters = np.frombuffer("\n".join(normals).encode("utf-32-le", "surrogatepass"), dtype="<u4")
        sizes = np.fromiter(map(len, normals), dtype=np.int64, count=len(normals)) + 1
        owner = np.repeat(np.arange(len(normals)), sizes)[: len(letters)]
        chinese = (letters >= _FIRST_HAN) & (letters <= _LAST_HAN)
        code = np.where(chinese, letters.astype(np.int64) - _FIRST_HAN + 1, 0)
        places, keys = np.flatnonzero(chinese), code[chinese]
        owners, found = [owner[places]], [self._lookup.places(keys)]
        for length in range(1, grams.CHINESE_MAX):
            inside = places + length < len(code)
            places, keys = places[inside], keys[inside]
            following = code[places + length]
            places, keys = places[following > 0], (keys << _BITS | following)[following > 0]
            owners.append(owner[places])
            found.append(self._lookup.places(keys))
        owning, at = np.concatenate(owners), np.concatenate(found)
        known = at < len(self._bits) - 1
        owning, at = owning[known], at[known]
        bits = np.zeros(len(normals), dtype=np.int64)
        meaning = self._bits[at]
        np.bitwise_or.at(bits, owning[meaning > 0], meaning[meaning > 0])
        rows = self._rows[at]
        return owning[rows >= 0], rows[rows >= 0], bits

    def _others(self, normal: str) -> tuple[list[int], int]:
        """The rows and concepts of words and of neighbouring runs."""
        runs = grams.runs(normal)
        rows: list[int] = []
        meant = 0
        for run in runs:
            if run < _FIRST:
                known = self._words.get(run)
                if known is None:
                    known = self._remembered(run)
                rows += known[0]
                meant |= known[1]
        if len(runs) > 1:
            for near in filter(None, map(self._near.get, grams.pairs(runs))):
                rows += near[0]
                meant |= near[1]
        return rows, meant

    def _remembered(self, word: str) -> tuple[tuple[int, ...], int]:
        rows, concept = self._one.word(word)
        known = rows, self._bit.get(concept or "", 0)
        if len(self._words) < grams.WORDS_REMEMBERED_MAX:
            self._words[word] = known
        return known

    def _meaning(self, bits: int) -> tuple[int, ...]:
        meant = frozenset(name for name, bit in self._bit.items() if bits & bit)
        rows = self._one.meanings(meant) if meant else ()
        if len(self._meant) < grams.WORDS_REMEMBERED_MAX:
            self._meant[bits] = rows
        return rows


class _Lookup:
    """Numbers -> their places, without a loop over them.

    Levels of tables, each for what found its slot taken in the last.
    """

    def __init__(self, keys: Whole) -> None:
        self._none = len(keys)
        self._keys = np.append(keys, -1)
        self._levels: list[tuple[np.uint64, np.uint64, NDArray[np.int32]]] = []
        left, size, factor = np.arange(len(keys)), 18, _HASH
        while len(left):
            table = np.full(1 << size, self._none, dtype=np.int32)
            slots = _slots(keys[left], factor, np.uint64(64 - size))
            table[slots] = left
            self._levels.append((factor, np.uint64(64 - size), table))
            left = left[table[slots] != left]
            size, factor = 14, np.uint64((int(factor) * 0xD1342543DE82EF95 | 1) % (1 << 64))

    def places(self, keys: Whole) -> Whole:
        """The place of each key; the number of all keys for one that is unknown."""
        placed = np.full(len(keys), self._none, dtype=np.int64)
        for factor, shift, table in self._levels:
            at = table[_slots(keys, factor, shift)]
            placed = np.where(self._keys[at] == keys, at, placed)
        return placed


def _slots(keys: Whole, factor: np.uint64, shift: np.uint64) -> NDArray[np.uint64]:
    slots: NDArray[np.uint64] = (keys.astype(np.uint64) * factor) >> shift
    return slots


def _is_whole(piece: str) -> bool:
    """Whether a piece is of Chinese characters only, no pair of runs."""
    return len(piece) <= grams.CHINESE_MAX and all(_FIRST_HAN <= ord(one) <= _LAST_HAN for one in piece)


def _key(piece: str) -> int:
    key = 0
    for one in piece:
        key = key << _BITS | (ord(one) - _FIRST_HAN + 1)
    return key
