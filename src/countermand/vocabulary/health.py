"""How the parts of a house stand: a state, when each last came round, and what is to be said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class PartState(StrEnum):
    """`off`: it is not set up here, which is nobody's fault; `bad` needs somebody now, `late` soon."""

    GOOD = "good"
    OFF = "off"
    LATE = "late"
    BAD = "bad"


# From the mildest; the worst of its parts is how a house stands.
STATES_IN_ORDER = (PartState.OFF, PartState.GOOD, PartState.LATE, PartState.BAD)


class Part(NamedTuple):
    """One part. `name` is the key of its words; `of` tells parts of one name apart (a target, a child).

    `beat_at` is when it last came round or last got something done, microseconds UTC, None where that has no
    meaning. `said` are keys of short remarks with their values.
    """

    name: str
    state: PartState
    beat_at: int | None = None
    said: tuple[tuple[str, dict[str, Any]], ...] = ()
    of: str = ""


class ChildSeen(NamedTuple):
    """A process beside the server: wanted, running, since when, how often it ended by itself."""

    wanted: bool
    running: bool
    since_seconds: float
    ends: int


class PortWaiting(NamedTuple):
    """What waits in the outbox for one target: how much, the oldest due (microseconds), most tries."""

    port: str
    waiting: int
    oldest_at: int | None
    attempts: int


class Outsider(NamedTuple):
    """What somebody outside last said of our log: kind, name, size, and when (microseconds UTC)."""

    kind: str
    name: str
    size: int
    at: int


class HealthReading(NamedTuple):
    """What the database tells in one look; instants in microseconds UTC.

    `notices_behind` and `alerts_behind` are when the oldest decision was received that the follower has not
    looked at.
    """

    milliseconds: float
    connections: int
    connections_max: int
    notices_behind: int | None
    alerts_behind: int | None
    ports: tuple[PortWaiting, ...]
    outsiders: tuple[Outsider, ...]
