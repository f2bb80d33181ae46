"""Clocks of a case: what kinds there are, who has the ball, where each stands, and its row in the record."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from countermand.vocabulary.cases import Ball

# The timer that wakes a clock at its next warning or when it is due; its ref is the clock's id.
CLOCK_TIMER = "clock"


class ClockKind(StrEnum):
    """Whose demand a clock stands for."""

    LEGAL = "legal"
    STAGE = "stage"
    SERVICE = "service"
    PROMISE = "promise"
    MONEY = "money"
    EVIDENCE_TTL = "evidence_ttl"
    PEER = "peer"
    SNOOZE = "snooze"


class ClockState(StrEnum):
    """Where a clock stands; the last four are ends, and a breached clock can still be met late."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    WAIVED = "waived"


# These still wait for something to happen.
LIVE = frozenset({ClockState.RUNNING, ClockState.PAUSED})


class Span(NamedTuple):
    """Who had the ball from when until when, microseconds UTC; `ends` is None while they still have it.

    Whether that pauses a clock is for the clock's policy to say. Between spans the desk has the ball.
    """

    ball: Ball
    begins: int
    ends: int | None
    reason: str = ""


class Extended(NamedTuple):
    """An extension that was granted: which of the policy's, by whom, when (microseconds UTC), and why."""

    id: str
    units: int
    at: int
    by: str
    reason: str
    notice: str


class CalendarVersion(NamedTuple):
    """A version of a calendar that is kept; `terms` as its file has them."""

    id: str
    version: str
    terms: dict[str, Any]


class Reckoned(NamedTuple):
    """What a clock's due instant follows from, and the instants it has; microseconds UTC."""

    id: str
    policy: str
    calendar: str
    started_at: int
    extended: int
    due_at: int
    warn_at: tuple[int, ...]
    provisional: bool
    spans: tuple[Span, ...]


class Clock(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One clock of a case; instants are microseconds UTC.

    `due_at` is never empty: while paused it is when the clock would be due if it ran again at once.
    `warn_at` are the instants of the policy's warn points, `warned` how many of them have passed.
    `calendar` and `calendar_version`, `policy` and `policy_version` say what it was last reckoned by.
    """

    id: str
    case: str
    policy: str
    policy_version: str
    calendar: str
    calendar_version: str
    kind: ClockKind
    owner: str
    started_at: int
    state: ClockState
    due_at: int
    warn_at: tuple[int, ...]
    warned: int = 0
    provisional: bool = False
    spans: tuple[Span, ...] = ()
    extensions: tuple[Extended, ...] = ()
    ended_at: int | None = None
    ended_by: tuple[str, ...] = ()
    why: str | None = None

    @property
    def extended(self) -> int:
        """How many units were granted on top."""
        return sum(one.units for one in self.extensions)


class Breach(NamedTuple):
    """A clock that was not met in time: who answers for it, why, and when it was made good, if it was."""

    clock: str
    case: str
    policy: str
    due_at: int
    noted_at: int
    owner: str
    cause: str
    made_good_at: int | None = None
