"""What decisions mean for who must be told: each is looked at once, after it was made, off the path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unavailable
from countermand.oversight.arising import Arisen, arisen
from countermand.oversight.notice_pack import NoticePack
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.notices import NOTICES, DecidedOperation
from countermand.work import Works

log = structlog.get_logger(__name__)
BATCH_MAX = 256
# Nothing announces a decision: that would cost every one of them. So they are looked for, this often.
LOOK_SECONDS = 0.5
ALARM_SECONDS = 300
# What was decided longer ago (a replay, a worker that was away for a day) surprises more than it protects.
TELL_WITHIN_SECONDS = 86_400


@dataclass(slots=True)
class DecisionFollower:
    """One looks at a time, whoever is first; several workers share the place."""

    works: Works
    pack: NoticePack
    clock: Clock
    batch_max: int = BATCH_MAX
    told: int = 0

    async def run(self) -> None:
        """Until cancelled; a database that is away is waited for."""
        while True:
            try:
                full = await self.turn()
            except Unavailable:
                full = False
            except Exception:
                log.exception("decisions_not_followed")
                full = False
            await asyncio.sleep(0 if full else LOOK_SECONDS)

    async def turn(self) -> bool:
        """One batch: its notices and the position, together or not at all; whether there may be more."""
        async with self.works.open() as unit:
            decided = await unit.notices.decided(self.batch_max)
            if not decided:
                return False
            effects = self._effects(decided)
            await unit.effects.put(effects)
            await unit.notices.pass_by(decided[-1].seq)
        self.told += len(effects)
        return len(decided) == self.batch_max

    def _effects(self, decided: Sequence[DecidedOperation]) -> list[Effect]:
        now = self.clock.now()
        oldest = now - TELL_WITHIN_SECONDS * MICROS_PER_SECOND
        found = [(one, arisen(one, self.pack)) for one in decided if one.received_at >= oldest]
        return [_effect(one, notice, now) for one, notice in found if notice is not None]


def _effect(decided: DecidedOperation, notice: Arisen, now: int) -> Effect:
    return Effect(
        id=notice.id,
        port=NOTICES,
        action=notice.kind,
        lane=notice.account,
        body={
            "account": notice.account,
            "person": notice.person,
            "values": notice.values,
            "urgency": notice.urgency.value,
        },
        placed_at=now,
        due_at=now,
        alarm_at=now + ALARM_SECONDS * MICROS_PER_SECOND,
        subject=decided.subject,
        trace=decided.trace,
    )
