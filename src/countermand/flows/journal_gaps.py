"""Numbers of the journal that were passed by: their facts may still come, until it is certain that not.

A number is drawn before its line is written and long before that is committed, so lines become visible out
of order, and a number whose transaction failed never does. Whoever drew one holds a lock on the journal from
before that until the end of the transaction. So a gap is certain to stay empty once everybody who held such a
lock after it was first seen has ended, and one more look, begun after that, finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from countermand.vocabulary.sealing import Range


@dataclass(slots=True)
class _Gap:
    low: int
    high: int
    # Writers who may still fill it; None before anybody was asked.
    waits_for: frozenset[str] | None = None


class Gaps:
    """Gaps behind the head, in order."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._gaps = [_Gap(low, high) for low, high in ranges]

    def __bool__(self) -> bool:
        return bool(self._gaps)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """From number to number, both included."""
        return tuple((gap.low, gap.high) for gap in self._gaps)

    def ask(self, writers: frozenset[str]) -> None:
        """Who writes now; to be said before each look at the journal."""
        for gap in self._gaps:
            gap.waits_for = writers if gap.waits_for is None else gap.waits_for & writers

    def looked(self, found: Sequence[int]) -> None:
        """What the look found among the gaps, in order; those that nobody can fill any more are over."""
        filled = iter([*found, None])
        number = next(filled)
        left: list[_Gap] = []
        for gap in self._gaps:
            low = gap.low
            while number is not None and number <= gap.high:
                if low < number:
                    left.append(_Gap(low, number - 1, gap.waits_for))
                low, number = number + 1, next(filled)
            if low <= gap.high:
                left.append(_Gap(low, gap.high, gap.waits_for))
        assert number is None, "a gap is where the number was found"
        self._gaps = [gap for gap in left if gap.waits_for is None or gap.waits_for]

    def pass_by(self, head: int, numbers: Sequence[int]) -> int:
        """Move on from the head over these numbers, in order; between them are gaps. The new head."""
        for number in numbers:
            if number > head + 1:
                self._gaps.append(_Gap(head + 1, number - 1))
            head = number
        return head
