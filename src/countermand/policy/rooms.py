"""Room left for a value: what tests made so far still allow it to be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from countermand.policy.terms import Scalar, Symbol, Type

_COUNTED_MAX = 1000  # up to so many whole numbers are looked at one by one


@dataclass(frozen=True, slots=True)
class Room:
    """The values something may still have.

    unknown: it may be NULL. known: it may be something else than NULL, namely a value between `low` and
    `high`, one of `only` (None: of all) and none of `never`. whole: only whole numbers lie in between.
    """

    unknown: bool = True
    known: bool = True
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    only: frozenset[Scalar] | None = None
    never: frozenset[Scalar] = frozenset()
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is left, not even NULL."""
        return not self.unknown and not self._has_value()

    def must_be_unknown(self) -> Room:
        return replace(self, known=False) if self.known else self

    def must_be_known(self) -> Room:
        return replace(self, unknown=False) if self.unknown else self

    def compared(self, operator: str, value: float) -> Room:
        """After `value > 5` and the like were found true."""
        low, high = self.low, self.high
        low_open, high_open = self.low_open, self.high_open
        if operator in (">", ">=") and (value > low or (value == low and operator == ">")):
            low, low_open = value, operator == ">"
        if operator in ("<", "<=") and (value < high or (value == high and operator == "<")):
            high, high_open = value, operator == "<"
        return replace(self, unknown=False, low=low, high=high, low_open=low_open, high_open=high_open)

    def one_of(self, values: frozenset[Scalar]) -> Room:
        return replace(self, unknown=False, only=values if self.only is None else self.only & values)

    def none_of(self, values: frozenset[Scalar]) -> Room:
        return replace(self, unknown=False, never=self.never | values)

    def not_below(self, other: Room) -> Room:
        """Where known, at least what `other` is at least."""
        if (other.low, other.low_open) <= (self.low, self.low_open):
            return self
        return replace(self, low=other.low, low_open=other.low_open)

    def not_above(self, other: Room) -> Room:
        """Where known, at most what `other` is at most."""
        if (-other.high, other.high_open) <= (-self.high, self.high_open):
            return self
        return replace(self, high=other.high, high_open=other.high_open)

    def fitting(self, fits: Callable[[str], bool]) -> Room:
        """After a test of a text that says yes or no to each word."""
        if self.only is None:
            return self.must_be_known()
        return self.one_of(frozenset(word for word in self.only if isinstance(word, str) and fits(word)))

    def _has_value(self) -> bool:
        if not self.known:
            return False
        if self.only is not None:
            return any(value not in self.never and self._between(value) for value in self.only)
        low, high = self.low, self.high
        if self.whole:
            low, high = self._first_whole(), self._last_whole()
            if high - low < _COUNTED_MAX:
                return any(value not in self.never for value in range(int(low), int(high) + 1))
            return low <= high
        if low == high:
            return not (self.low_open or self.high_open) and low not in self.never
        return low < high

    def _between(self, value: Scalar) -> bool:
        if isinstance(value, (str, bool)) or value is None:
            return True
        above = value > self.low or (value == self.low and not self.low_open)
        below = value < self.high or (value == self.high and not self.high_open)
        return above and below and (not self.whole or value == math.floor(value))

    def _first_whole(self) -> float:
        if math.isinf(self.low):
            return self.low
        first = math.ceil(self.low)
        return first + 1 if self.low_open and first == self.low else first

    def _last_whole(self) -> float:
        if math.isinf(self.high):
            return self.high
        last = math.floor(self.high)
        return last - 1 if self.high_open and last == self.high else last


def room_of(symbol: Symbol, *, whole: bool) -> Room:
    """Everything a name may stand for."""
    return Room(
        unknown=symbol.nullable,
        low=-math.inf if symbol.minimum is None else symbol.minimum,
        high=math.inf if symbol.maximum is None else symbol.maximum,
        only=frozenset({True, False}) if symbol.type is Type.BOOLEAN else symbol.domain,
        whole=whole,
    )


def side_by_side(left: Room, right: Room, difference: Room) -> tuple[Room, Room]:
    """What is left for two known values whose difference has one of these signs; words have no bounds.

    >>> side_by_side(Room(high=4), Room(low=2, high=6), Room(only=frozenset({1})))[0].low
    2
    """
    signs = difference.only or frozenset()
    if -1 not in signs:
        left, right = _above(left, right, strictly=0 not in signs)
    if 1 not in signs:
        right, left = _above(right, left, strictly=0 not in signs)
    return left, right


def _above(more: Room, less: Room, *, strictly: bool) -> tuple[Room, Room]:
    """The first is above the second, so above its least; the second below the greatest of the first."""
    low, low_open, high, high_open = less.low, less.low_open, more.high, more.high_open
    if not math.isinf(low):
        more = more.compared(">" if strictly or low_open else ">=", low)
    if not math.isinf(high):
        less = less.compared("<" if strictly or high_open else "<=", high)
    return more, less
