"""Decisions raise alerts: tier three gets a task at once, what a rule suspects is contained, then asked.

The record is followed behind the decisions, so no decision waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
import structlog

from countermand.containment.alerts import CONTAIN, TIER_MAX, tier_of_decision
from countermand.containment.plan import REVIEW_MICROS
from countermand.flows.contain_now import ContainHouse, contain_now
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.facts import TASK_RAISED, Fact
from countermand.vocabulary.incidents import Alarming, ContainRequest, Preset, Source, Task
from countermand.vocabulary.outcomes import Outcome

log = structlog.get_logger(__name__)
ALERTS_ACTOR = "alerts"
LOOK_SECONDS = 0.25
OPERATIONS_MAX = 2_000
_ANSWER = msgspec.json.Decoder(Answer)


class AlertHouse(ContainHouse, Protocol):
    """What this story needs of the house."""


async def raise_alerts(house: AlertHouse) -> int:
    """Look at the operations recorded since the last time; how many there were.

    What a rule asks to contain (the obligation `contain`) is stopped for a day, with a task to reach the
    customer on a channel known to be theirs; every other decision of tier three becomes a task to review.
    Several may look at once: one does, the others wait for it and find nothing.
    """
    async with house.works.open() as unit:
        count, found = await unit.incident_record.alarming(OPERATIONS_MAX)
        now = house.clock.now()
        tasks, suspected = [], []
        for one in found:
            decision = _ANSWER.decode(one.answer).decision
            duties = [duty.kind for duty in decision.obligations]
            tier = tier_of_decision(Outcome(one.outcome), decision.score, duties)
            if CONTAIN in duties:
                suspected.append(one)
            elif tier == TIER_MAX:
                tasks.append(_task(house, one, now))
        await unit.incident_record.put_tasks(tasks)
        await unit.note(
            [
                Fact(now, TASK_RAISED, {"task": one.id, "operation": one.about, "tier": one.tier})
                for one in tasks
            ]
        )
        for one in suspected:  # before the place is moved on: after a crash they are contained again, once
            await _contain(house, one)
    return count


async def follow_alerts(house: AlertHouse) -> None:
    """Until cancelled; a database that is away is waited for."""
    while True:
        try:
            if await raise_alerts(house) == OPERATIONS_MAX:
                continue
        except Unavailable:
            log.warning("alerts_wait")
        except Exception:  # a bug must not silence the alerts
            log.exception("alerts_failed")
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def alerting(house: AlertHouse) -> AsyncIterator[None]:
    """Alerts are raised inside."""
    following = asyncio.create_task(follow_alerts(house))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _contain(house: AlertHouse, one: Alarming) -> None:
    """The same operation, the same containment: its id is the key."""
    request = ContainRequest(
        account=one.account, source=Source.RULE, preset=Preset.LIMITED, reason=f"operation {one.id}"[:500]
    )
    try:
        await contain_now(house, request, f"operation {one.id}", ALERTS_ACTOR)
    except Unavailable:
        raise
    except CountermandError as refusal:
        log.exception("alert_not_contained", operation=one.id, code=refusal.code)


def _task(house: AlertHouse, one: Alarming, now: int) -> Task:
    return Task(
        id=house.ids.new("task", now),
        kind="review_operation",
        tier=TIER_MAX,
        about=one.id,
        incident=None,
        account=one.account,
        person=one.person,
        created_at=now,
        due_at=now + REVIEW_MICROS[TIER_MAX],
    )
