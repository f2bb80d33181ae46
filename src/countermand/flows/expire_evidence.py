"""What is over its time goes: cases long closed, uploads never finished, tokens nobody uses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import structlog

from countermand.evidence.exhibits import About
from countermand.evidence.retention import Kept
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.run_timers import TimerHandler
from countermand.flows.shred_subjects import shred_case
from countermand.flows.uploads import drop_upload
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR
from countermand.kernel.errors import Conflict
from countermand.vocabulary.facts import INSTRUMENTS_DROPPED, Fact
from countermand.vocabulary.timers import Timer
from countermand.work import Schedule, Unit

log = structlog.get_logger(__name__)
RETENTION_TIMER = "retention"
EVERY_DAY = "every-day"
BATCH = 100
EXPIRED = "expired"
ACTOR = "countermand"
_KEPT = {About.HOLDER: Kept.CASE_DATA, About.THIRD_PARTY: Kept.THIRD_PARTY}


async def expire(room: EvidenceRoom, actor: str = ACTOR) -> dict[str, Any]:
    """Let everything go that is over its time and that nothing holds; what went, by kind.

    Raises Unavailable; what went before that is gone, and the next run goes on.
    """
    done = {"cases": 0, "held": 0, "uploads": 0, "instruments": 0}
    now = room.clock.now()
    for about, kept in _KEPT.items():
        gone, held = await _expire_cases(room, about, now - (room.retention.ends_at(kept, 0)), actor)
        done["cases"] += gone
        done["held"] += held
    while True:
        async with room.works.open() as unit:
            over = await unit.evidence.uploads_over(now, BATCH)
        for row in over:
            await drop_upload(room, row)
            done["uploads"] += 1
        if len(over) < BATCH:
            break
    async with room.works.open() as unit:
        unused_since = now - room.retention.ends_at(Kept.INSTRUMENT, 0)
        done["instruments"] = await unit.instruments.drop_instruments(unused_since)
        if done["instruments"]:
            body = {"count": done["instruments"], "reason": EXPIRED}
            await unit.note([Fact(now, INSTRUMENTS_DROPPED, body)])
    return {**done, "retention": f"{room.retention.id}@{room.retention.version}"}


async def _expire_cases(room: EvidenceRoom, about: About, before: int, actor: str) -> tuple[int, int]:
    """Cases that were closed before an instant; how many went, and how many are held."""
    gone = held = 0
    after = ""
    while True:
        async with room.works.open() as unit:
            over = await unit.evidence.cases_ended(before, after, BATCH)
            numbers = await unit.desk.numbers_of([case for case, _ in over])
        for case, _ in over:
            after = case
            try:
                done = await shred_case(room, numbers[case], actor, EXPIRED, (about,))
                gone += bool(done["keys"])
            except Conflict:  # held, or opened again meanwhile
                held += 1
        if len(over) < BATCH:
            return gone, held


def retention_handler(room: EvidenceRoom) -> TimerHandler:
    """The timer that runs every day; it sets itself again first, so that a failure is no end."""

    async def handle(unit: Unit, timers: Collection[Timer]) -> None:
        next_at = room.clock.now() + MICROS_PER_DAY
        await unit.timers.set([timer._replace(due_at=next_at) for timer in timers])
        done = await expire(room)
        log.info("retention_ran", **done)

    return handle


async def set_retention_timer(room: EvidenceRoom, schedule: Schedule) -> None:
    """Where it is not set yet, in an hour, then every day; a start anew does not put it off."""
    if RETENTION_TIMER in await schedule.timers_due([RETENTION_TIMER]):
        return
    async with room.works.open() as unit:
        due_at = room.clock.now() + MICROS_PER_HOUR
        await unit.timers.set([Timer(RETENTION_TIMER, EVERY_DAY, due_at)])
