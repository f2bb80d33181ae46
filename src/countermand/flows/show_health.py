"""How every part of the house stands now: each asked by itself, time-boxed, one look for all who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from countermand.flows.keep_shadows import ShadowBook
from countermand.flows.log_ports import LogDesk
from countermand.flows.publish_policy import CanaryBook
from countermand.flows.reception import Reception
from countermand.flows.rewrap_keys import check_keys
from countermand.flows.watch_drift import Drift
from countermand.flows.worker import Worker
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.oversight.health import (
    BAD,
    GOOD,
    LATE,
    OFF,
    QUEUE_LATE,
    beat_part,
    child_part,
    database_part,
    disk_part,
    follower_part,
    outsider_part,
    port_part,
    sealing_part,
    signing_part,
)
from countermand.policy.program import Program
from countermand.vocabulary.health import ChildSeen, HealthReading, Outsider, Part, PortWaiting
from countermand.work import Works

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
PART_SECONDS_MAX = 3.0
OUTSIDERS = ("witness", "timestamp", "anchor")
# Parts that a house may be without.
MAIL, WECHAT, BANKING, SCANNER, READING = "mail", "wechat", "banking", "scanner", "reading"
OPTIONAL = (BANKING, MAIL, WECHAT, SCANNER, READING)


class HealthStore(Protocol):
    """What the database knows."""

    async def look(self, now: int) -> HealthReading:
        """One look. Raises Unavailable."""
        ...


@dataclass(slots=True)
class Watched:
    """What only the process that serves can tell: its children by name, and the drift of its models."""

    children: dict[str, Callable[[], ChildSeen]] = field(default_factory=dict)
    drifts: Callable[[], Sequence[Drift]] | None = None


@dataclass(slots=True, kw_only=True)
class HealthDesk:
    """Where it is read. `set_up` are the optional parts and outsiders that the settings name.

    `room` gives the free and all bytes of the disk; `watched` is filled by who serves.
    """

    store: HealthStore
    set_up: frozenset[str]
    room: Callable[[], tuple[int, int]]
    watched: Watched = field(default_factory=Watched)
    kept: tuple[int, list[Part]] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Deciding(Protocol):
    """Who decides."""

    @property
    def waiting(self) -> int: ...


class HealthHouse(Protocol):
    """What this story needs of the house."""

    @property
    def health(self) -> HealthDesk: ...

    @property
    def readiness(self) -> Callable[[], Awaitable[dict[str, bool]]]: ...

    @property
    def decider(self) -> Deciding: ...

    @property
    def program(self) -> Program: ...

    @property
    def canaries(self) -> CanaryBook: ...

    @property
    def shadows(self) -> ShadowBook: ...

    @property
    def worker(self) -> Worker: ...

    @property
    def log(self) -> LogDesk: ...

    @property
    def reception(self) -> Reception: ...

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...


async def show_health(house: HealthHouse) -> tuple[int, list[Part]]:
    """When it was looked at (microseconds UTC), and every part; at most one look in two seconds. Total."""
    desk = house.health
    async with desk.turn:
        now = house.clock.now()
        if desk.kept is None or now - desk.kept[0] >= LOOK_SECONDS * MICROS_PER_SECOND:
            asked = (_deciding, _database, _work, _log, _policy, _shadows, _keys)
            found = await asyncio.gather(*(_boxed(one, house, now) for one in asked))
            beside = [child_part(name, seen(), now) for name, seen in desk.watched.children.items()]
            parts = [part for some in found for part in some]
            desk.kept = (now, [*parts, *beside, *_plain(desk)])
        return desk.kept


async def _boxed(
    ask: Callable[[HealthHouse, int], Awaitable[list[Part]]], house: HealthHouse, now: int
) -> list[Part]:
    """What one of them says; that it does not answer is an answer too."""
    name = ask.__name__.removeprefix("_")
    try:
        async with asyncio.timeout(PART_SECONDS_MAX):
            return await ask(house, now)
    except CountermandError as error:
        return [Part(name, BAD, None, (("fails", {"code": error.code}),))]
    except TimeoutError:
        return [Part(name, BAD, None, (("no_answer", {"seconds": round(PART_SECONDS_MAX)}),))]
    except Exception as error:  # noqa: BLE001  # whatever it is, the other parts must still be told
        # Not with its trace: writing that down takes longer than all the rest.
        log.error("health_part_failed", part=name, error=repr(error))  # noqa: TRY400
        return [Part(name, BAD, None, (("no_answer", {"seconds": round(PART_SECONDS_MAX)}),))]


async def _deciding(house: HealthHouse, now: int) -> list[Part]:
    ready = await house.readiness()
    waiting = house.decider.waiting
    missing = sorted(name for name, good in ready.items() if not good)
    said: list[tuple[str, dict[str, Any]]] = [("queued", {"count": f"{waiting:,}"})]
    said += [("missing", {"what": name}) for name in missing if name != "clock"]
    state = BAD if len(said) > 1 else LATE if waiting >= QUEUE_LATE else GOOD
    reason = house.worker.guard.reason
    clock = Part("clock", GOOD if reason is None else BAD, None, () if reason is None else ((reason, {}),))
    return [Part("deciding", state, now, tuple(said)), clock]


async def _database(house: HealthHouse, now: int) -> list[Part]:
    reading = await house.health.store.look(now)
    worker, set_up = house.worker, house.health.set_up
    known = worker.deliverer.ports
    waits = {one.port: one for one in reading.ports}
    failed = worker.deliverer.failed_of
    names = sorted({*known, *waits})
    ports = [
        port_part(waits.get(name, PortWaiting(name, 0, None, 0)), failed[name], known, now) for name in names
    ]
    signed = (await house.log.standing()).signed
    outsiders = []
    for kind in OUTSIDERS:
        said = [one for one in reading.outsiders if one.kind == kind]
        if kind in set_up:
            latest: list[Outsider | None] = [*said] or [None]
            outsiders += [outsider_part(kind, one, signed, now) for one in latest]
        else:
            outsiders.append(Part("outsider", OFF, None, (("not_set_up", {}),), kind))
    return [
        database_part(reading, now),
        follower_part("notices", reading.notices_behind, now),
        follower_part("alerts", reading.alerts_behind, now),
        *ports,
        *outsiders,
    ]


async def _work(house: HealthHouse, now: int) -> list[Part]:
    timers, deliverer, ear = house.worker.timers, house.worker.deliverer, house.worker.ear
    found = beat_part("timers", timers.beat_at, now)
    if timers.late_seconds >= 1 and found.state is GOOD:
        found = found._replace(state=LATE, said=(("late", {"seconds": round(timers.late_seconds)}),))
    if timers.stuck:
        found = found._replace(said=(*found.said, ("stuck", {"count": timers.stuck})))
    parts = [found, beat_part("outbox", deliverer.beat_at, now)]
    if ear is not None:
        heard = beat_part(MAIL, ear.beat_at, now, 3 * ear.look_seconds)
        if ear.aside:
            heard = heard._replace(said=(*heard.said, ("aside", {"count": ear.aside})))
        parts.append(heard)
    return parts


async def _log(house: HealthHouse, now: int) -> list[Part]:
    standing = await house.log.standing()
    return [sealing_part(standing, now), signing_part(standing, now)]


async def _policy(house: HealthHouse, now: int) -> list[Part]:
    said: list[tuple[str, dict[str, Any]]] = [("live", {"policy": house.program.label})]
    state = GOOD
    newest = next(iter(await house.canaries.canaries()), None)
    if newest is not None and newest.state in ("running", "paused"):
        share = newest.share_permille / 10
        said.append((f"canary_{newest.state}", {"policy": newest.policy, "share": share}))
        state = LATE if newest.state == "paused" else GOOD
    parts = [Part("policy", state, None, tuple(said))]
    drifts = house.health.watched.drifts
    if drifts is None:
        return parts
    found = list(drifts())
    moved = [one for one in found if one.verdict in ("moved", "far") or one.mean_moved]
    far = any(one.verdict == "far" for one in moved)
    remarks: tuple[tuple[str, dict[str, Any]], ...] = tuple(
        ("drifts", {"input": one.name, "index": "–" if one.index is None else f"{one.index:.2f}"})
        for one in moved[:5]
    )
    if not found:
        return [*parts, Part("drift", OFF, None, (("no_model", {}),))]
    return [*parts, Part("drift", BAD if far else LATE if moved else GOOD, now, remarks)]


async def _shadows(house: HealthHouse, _: int) -> list[Part]:
    """Candidates that follow: one that was paused by itself tells nothing any more."""
    parts = []
    for one in await house.shadows.all():
        said = (("seen", {"count": f"{one.operations:,}"}),)
        broken = one.state != "running" and one.reason is not None
        state = LATE if broken else GOOD if one.state == "running" else OFF
        parts.append(Part("shadow", state, None, said, one.name))
    return parts


async def _keys(house: HealthHouse, now: int) -> list[Part]:
    keys = house.reception.keys
    try:
        await check_keys(house.works, keys)
    except Unavailable:
        raise
    except CountermandError as error:
        return [Part("keys", BAD, None, (("fails", {"code": error.code}),))]
    return [Part("keys", GOOD, now, (("service", {"name": keys.service.name}),))]


def _plain(desk: HealthDesk) -> list[Part]:
    """What is known from the settings alone, and the disk."""
    off = [Part(name, OFF, None, (("not_set_up", {}),)) for name in OPTIONAL if name not in desk.set_up]
    on = [Part(name, GOOD, None) for name in (SCANNER, READING, WECHAT) if name in desk.set_up]
    return [*off, *on, disk_part(*desk.room())]
