"""The uncommon steps on a chain of smallest or largest rows: a late row comes in, a member goes out."""

from __future__ import annotations

from collections.abc import Callable

from countermand.adapters.features.layout import WORD_BITS, Accumulator, Chain, EntityLayout
from countermand.adapters.features.tape import GONE, Tape


class PeakSteps:
    """Changes one chain of one key and the fronts of the windows that look at it.

    `fronts` are the members that are first inside each window, `cuts` the instants where those windows
    begin (a row at the cut is outside), both in the order of the layout's accumulators.
    """

    def __init__(self, tape: Tape, layout: EntityLayout, chain: Chain) -> None:
        self._tape = tape
        self._up = tape.peak_up[chain.number]
        self._down = tape.peak_down[chain.number]
        self._values = tape.columns[chain.column]
        self._preceding = tape.entities[layout.number].preceding
        self._holds = condition(tape, chain.bits)
        self._largest = chain.largest

    def _outdoes(self, value: float, other: float) -> bool:
        return value > other if self._largest else value < other

    def insert(self, row: int, back: int, fronts: tuple[int, ...], cuts: tuple[int, ...]) -> tuple[int, ...]:
        """Take in a row that is not the key's newest; the new back, then the new fronts."""
        at, up, down, values = self._tape.at, self._up, self._down, self._values
        instant, value = at[row], values[row]
        later, member = 0, back
        while member and at[member] > instant:
            later, member = member, down[member]
        if later and not self._outdoes(value, values[later]):
            down[row] = GONE
            return (back, *fronts)
        while member and not self._outdoes(values[member], value):
            outdone, member = member, down[member]
            down[outdone] = GONE
        down[row] = member
        up[row] = later
        if member:
            up[member] = row
        if later:
            down[later] = row
        else:
            back = row
        moved = tuple(
            row if instant > cut and (not front or down[front] == GONE or at[front] > instant) else front
            for front, cut in zip(fronts, cuts, strict=True)
        )
        return (back, *moved)

    def remove(self, row: int, back: int, fronts: tuple[int, ...], cuts: tuple[int, ...]) -> tuple[int, ...]:
        """Take out a member; those it had outdone come back. The new back, then the new fronts."""
        at, up, down, values = self._tape.at, self._up, self._down, self._values
        before, later = down[row], up[row]
        down[row] = GONE
        # Rows older than every window are left out of the chain: no window will ask for them.
        horizon = min(cuts)
        top = later
        candidate = self._preceding[row]
        while candidate and candidate != before and at[candidate] > horizon:
            if self._holds(candidate) and (not top or self._outdoes(values[candidate], values[top])):
                up[candidate] = top
                if top:
                    down[top] = candidate
                else:
                    back = candidate
                top = candidate
            candidate = self._preceding[candidate]
        if before:
            up[before] = top
        if top:
            down[top] = before
        else:
            back = before
        moved = [
            self._first_inside(back, cut) if front == row else front
            for front, cut in zip(fronts, cuts, strict=True)
        ]
        return (back, *moved)

    def _first_inside(self, back: int, cut: int) -> int:
        first, member = 0, back
        while member and self._tape.at[member] > cut:
            first, member = member, self._down[member]
        return first


def condition(tape: Tape, bits: int) -> Callable[[int], bool]:
    """Whether a row has all of these mask bits."""
    word = (1 << WORD_BITS) - 1
    needed = [(mask, part) for i, mask in enumerate(tape.masks) if (part := bits >> (i * WORD_BITS) & word)]
    if len(needed) == 1:
        mask, part = needed[0]
        return lambda row: mask[row] & part == part
    return lambda row: all(mask[row] & part == part for mask, part in needed)


def fronts_of(layout: EntityLayout, chain: Chain) -> tuple[Accumulator, ...]:
    """The accumulators whose front runs along a chain."""
    return tuple(acc for acc in layout.accumulators if acc.chain is chain)
