"""Time comes from a clock that is handed in; instants are microseconds since 1970 in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

MICROS_PER_SECOND = 1_000_000
MICROS_PER_HOUR = 3600 * MICROS_PER_SECOND
MICROS_PER_DAY = 24 * MICROS_PER_HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> int:
        """The instant, in microseconds since 1970 UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that moves only when told to: for tests, drills and replays.

    >>> clock = ManualClock(0)
    >>> clock.advance(5); clock.now()
    5
    """

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def advance(self, micros: int) -> None:
        self.at += micros


def micros_of(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 UTC, exactly (no float on the way).

    >>> micros_of(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=64)  # the operations of a group carry one instant
def rfc3339(micros: int) -> str:
    """An instant as RFC 3339 text in UTC with microseconds.

    >>> rfc3339(0)
    '1970-01-01T00:00:00.000000Z'
    """
    return moment_of(micros).isoformat(timespec="microseconds").replace("+00:00", "Z")
