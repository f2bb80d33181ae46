"""The ways a simulated bank can misbehave, to be switched on by number of times."""

from __future__ import annotations

from enum import StrEnum


class Mischief(StrEnum):
    """What can go wrong with one instruction.

    `late`: does it, and answers after everybody has stopped waiting. `twice`: two answers to one question.
    `lies`: says another amount than it was told. `claims`: says done, and has done nothing. `down`: 503.
    `hangs_up`: does it, and closes the connection without a word. `dies_before`, `dies_after`: is killed
    before or after the ledger is written, and answers nothing.
    """

    LATE = "late"
    TWICE = "twice"
    LIES = "lies"
    CLAIMS = "claims"
    DOWN = "down"
    HANGS_UP = "hangs_up"
    DIES_BEFORE = "dies_before"
    DIES_AFTER = "dies_after"


class Moods:
    """How often each mischief is still to come, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._coming: list[Mischief] = []

    def ask_for(self, mischief: Mischief, times: int) -> None:
        """The next so many instructions are answered that way."""
        self._coming.extend([mischief] * times)

    def calm(self) -> None:
        """None any more."""
        self._coming.clear()

    def next(self) -> Mischief | None:
        """How to treat the instruction that arrives now."""
        return self._coming.pop(0) if self._coming else None
