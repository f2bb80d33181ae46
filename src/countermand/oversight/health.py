"""When a part of the house is well, late or bad: plain bounds over what was read of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.health import (
    STATES_IN_ORDER,
    ChildSeen,
    HealthReading,
    Outsider,
    Part,
    PartState,
    PortWaiting,
)
from countermand.vocabulary.sealing import LogStanding

# A beat that should come every few seconds, or as long as one delivery may take.
BEAT_SECONDS_MAX = 30
BEHIND_SECONDS_LATE, BEHIND_SECONDS_BAD = 10, 60
EFFECT_SECONDS_LATE, EFFECT_SECONDS_BAD = 60, 600
SEAL_SECONDS_LATE, SEAL_SECONDS_BAD = 5, 60
DATABASE_MILLISECONDS_LATE = 250.0
CONNECTIONS_SHARE_LATE = 0.8
DISK_SHARE_LATE, DISK_SHARE_BAD = 0.15, 0.05
OUTSIDER_SECONDS_LATE = {"witness": 600, "timestamp": 900, "anchor": 14_400}
QUEUE_LATE = 2_000
STEADY_SECONDS = 2.0
GOOD, LATE, BAD, OFF = PartState.GOOD, PartState.LATE, PartState.BAD, PartState.OFF


def worst(parts: Sequence[Part]) -> PartState:
    """How the house stands: as its worst part does.

    >>> worst([Part("a", GOOD), Part("b", LATE), Part("c", OFF)]).value
    'late'
    """
    return max((part.state for part in parts), key=STATES_IN_ORDER.index, default=OFF)


def by_age(age_seconds: float, late: float, bad: float) -> PartState:
    """Well while younger than `late`, bad from `bad` on; seconds."""
    return GOOD if age_seconds < late else LATE if age_seconds < bad else BAD


def beat_part(name: str, beat_at: int | None, now: int, seconds_max: float = BEAT_SECONDS_MAX) -> Part:
    """A part that comes round by itself every few seconds; one that never did does not run here."""
    if beat_at is None:
        return Part(name, BAD, None, (("never_ran", {}),))
    age = (now - beat_at) / MICROS_PER_SECOND
    return Part(name, by_age(age, seconds_max, 4 * seconds_max), beat_at)


def database_part(reading: HealthReading, now: int) -> Part:
    """It answered; how fast, and whether there are connections left."""
    crowded = reading.connections >= CONNECTIONS_SHARE_LATE * reading.connections_max
    slow = reading.milliseconds >= DATABASE_MILLISECONDS_LATE
    said = (
        ("answered_in", {"milliseconds": round(reading.milliseconds, 1)}),
        ("connections", {"used": reading.connections, "most": reading.connections_max}),
    )
    return Part("database", LATE if crowded or slow else GOOD, now, said)


def follower_part(name: str, behind_since: int | None, now: int) -> Part:
    """Who looks at each decision afterwards: how old the oldest is that it has not seen."""
    if behind_since is None:
        return Part(name, GOOD, now)
    age = (now - behind_since) / MICROS_PER_SECOND
    said = (("behind", {"seconds": round(age)}),)
    return Part(name, by_age(age, BEHIND_SECONDS_LATE, BEHIND_SECONDS_BAD), behind_since, said)


def port_part(waiting: PortWaiting, failed: int, known: Collection[str], now: int) -> Part:
    """One target of the outbox: what is due waits, some was refused for good, or nobody here does it."""
    said: list[tuple[str, dict[str, object]]] = [("waiting", {"count": waiting.waiting})]
    state = GOOD
    if waiting.oldest_at is not None:
        age = (now - waiting.oldest_at) / MICROS_PER_SECOND
        said.append(("oldest", {"seconds": round(age), "tries": waiting.attempts}))
        state = by_age(age, EFFECT_SECONDS_LATE, EFFECT_SECONDS_BAD)
    if failed:
        said.append(("refused", {"count": failed}))
        state = max(state, LATE, key=STATES_IN_ORDER.index)
    if waiting.port not in known and waiting.oldest_at is not None:
        said.append(("nobody", {}))
        state = BAD
    return Part("port", state, waiting.oldest_at, tuple(said), waiting.port)


def child_part(name: str, seen: ChildSeen, now: int) -> Part:
    """A process beside the server: it runs, comes back, or nobody wants it now."""
    at = now - round(seen.since_seconds * MICROS_PER_SECOND)
    said = (("ends", {"count": seen.ends}),) if seen.ends else ()
    if not seen.wanted:
        return Part("child", OFF, None, (("not_wanted", {}), *said), name)
    if not seen.running:
        return Part("child", BAD, at, (("gone", {}), *said), name)
    # One that ended a moment ago may end again: it is well when it has stayed for a while.
    shaky = bool(seen.ends) and seen.since_seconds < STEADY_SECONDS
    return Part("child", LATE if shaky else GOOD, at, said, name)


def sealing_part(log: LogStanding, now: int) -> Part:
    """The log: refused, or how old the oldest fact is that is not sealed."""
    if log.refused is not None:
        return Part("sealing", BAD, log.refused_at, (("refused_code", {"code": log.refused}),))
    if log.oldest_at is None:
        return Part("sealing", GOOD, log.signed_at, (("entries", {"count": f"{log.entries:,}"}),))
    age = (now - log.oldest_at) / MICROS_PER_SECOND
    said = (("unsealed", {"count": f"{log.behind:,}", "seconds": round(age)}),)
    return Part("sealing", by_age(age, SEAL_SECONDS_LATE, SEAL_SECONDS_BAD), log.oldest_at, said)


def signing_part(log: LogStanding, now: int) -> Part:
    """The signer: entries that no checkpoint covers while the last one grows old."""
    unsigned = log.entries - log.signed
    if not unsigned:
        return Part("signing", GOOD, log.signed_at)
    age = (now - (log.signed_at or now)) / MICROS_PER_SECOND
    said = (("unsigned", {"count": f"{unsigned:,}"}),)
    state = by_age(age, SEAL_SECONDS_LATE, SEAL_SECONDS_BAD) if log.signed_at else LATE
    return Part("signing", state, log.signed_at, said)


def outsider_part(kind: str, said_last: Outsider | None, signed: int, now: int) -> Part:
    """A witness, a time stamp or an anchor that is set up: old while there is something new to show it."""
    if said_last is None:
        state = LATE if signed else GOOD
        return Part("outsider", state, None, (("nothing_yet", {}),), kind)
    age = (now - said_last.at) / MICROS_PER_SECOND
    late = said_last.size < signed and age > OUTSIDER_SECONDS_LATE[kind]
    said = (("covers", {"size": f"{said_last.size:,}", "of": f"{signed:,}"}),)
    return Part("outsider", LATE if late else GOOD, said_last.at, said, f"{kind} {said_last.name}")


def disk_part(free: int, total: int) -> Part:
    """Room on the disk of the data directory, in bytes."""
    share = free / total if total else 0.0
    state = BAD if share < DISK_SHARE_BAD else LATE if share < DISK_SHARE_LATE else GOOD
    return Part(
        "disk", state, None, (("free", {"gigabytes": f"{free / 1e9:,.1f}", "percent": round(share * 100)}),)
    )
