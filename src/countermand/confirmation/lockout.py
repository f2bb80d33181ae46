"""How many wrong answers are taken before an attacker waits, without ever making the owner wait for them.

Every method of an account has two budgets: one for the devices that are known as its holder's, one for all
strangers together, wherever they come from. Strangers can only use up their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.authenticators import Method


class Standing(StrEnum):
    """Where an answer comes from."""

    KNOWN = "known"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockoutTerms:
    """Wrong answers that are free, how the waiting grows, and the most in one window, in seconds.

    The overall cap is the sum of both budgets, so guessing a code of eight digits succeeds with a chance
    below one in a million a day, and neither side can spend what is the other's.
    """

    known_free: int = 4
    stranger_free: int = 2
    wait_seconds: int = 30
    wait_seconds_max: int = 3600
    stranger_wait_seconds_max: int = 24 * 3600
    known_max: int = 30
    stranger_max: int = 20
    window_seconds: int = 24 * 3600

    @property
    def overall_max(self) -> int:
        """The most wrong answers to one method of one account in a window."""
        return self.known_max + self.stranger_max


class Strikes(msgspec.Struct, frozen=True, kw_only=True):
    """Wrong answers to one method of one account from one standing. Instants are microseconds UTC."""

    account: str
    method: Method
    standing: Standing
    failures: int = 0
    window_at: int = 0
    locked_until: int = 0


def locked_until(strikes: Strikes, now: int) -> int | None:
    """Until when no answer is looked at, or None."""
    return strikes.locked_until if strikes.locked_until > now else None


def struck(strikes: Strikes, now: int, terms: LockoutTerms) -> Strikes:
    """One more wrong answer: the first ones are free, then each makes the next wait twice as long."""
    window = terms.window_seconds * MICROS_PER_SECOND
    fresh = now - strikes.window_at >= window
    failures = 1 if fresh else strikes.failures + 1
    window_at = now if fresh else strikes.window_at
    known = strikes.standing is Standing.KNOWN
    free, most = (terms.known_free, terms.known_max) if known else (terms.stranger_free, terms.stranger_max)
    until = 0
    if failures >= most:
        until = window_at + window
    elif failures > free:
        cap = terms.wait_seconds_max if known else terms.stranger_wait_seconds_max
        until = now + min(terms.wait_seconds << (failures - free - 1), cap) * MICROS_PER_SECOND
    return msgspec.structs.replace(strikes, failures=failures, window_at=window_at, locked_until=until)


def forgiven(strikes: Strikes) -> Strikes:
    """After a right answer from a known place its own failures are forgotten; a stranger's are kept."""
    if strikes.standing is Standing.STRANGER:
        return strikes
    return msgspec.structs.replace(strikes, failures=0, locked_until=0)
