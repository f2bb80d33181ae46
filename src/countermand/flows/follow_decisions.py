"""What decisions mean for who must be told: each is looked at once, after it was made, off the path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from countermand.confirmation.hold_effects import payee_told
from countermand.confirmation.permits import terms_of
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unavailable
from countermand.oversight.arising import Arisen, arisen
from countermand.oversight.notice_pack import NoticePack
from countermand.vocabulary.banking import BankAction
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.notices import NOTICES, DecidedOperation
from countermand.vocabulary.operations import PAYS_SOMEBODY, Operation
from countermand.work import Works

_OPERATION = msgspec.json.Decoder(Operation)
log = structlog.get_logger(__name__)
BATCH_MAX = 256
# Nothing announces a decision: that would cost every one of them. So they are looked for, this often.
LOOK_SECONDS = 0.5
ALARM_SECONDS = 300
# What was decided longer ago (a replay, a worker that was away for a day) surprises more than it protects.
TELL_WITHIN_SECONDS = 86_400


@dataclass(slots=True)
class DecisionFollower:
    """One looks at a time, whoever is first; several workers share the place.

    `banking`: a bank follows us, through which payees elsewhere are told.
    """

    works: Works
    pack: NoticePack
    clock: Clock
    batch_max: int = BATCH_MAX
    banking: bool = False
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
        told = [_effect(one, notice, now) for one, notice in found if notice is not None]
        pending = (pending_of(one, now) for one, _ in found) if self.banking else ()
        return [*told, *(one for one in pending if one is not None)]


def pending_of(decided: DecidedOperation, now: int) -> Effect | None:
    """Have a payee elsewhere told that a payment to them is pending; None where none waits, or briefly.

    What waits for nothing but an answer of its payer is decided before anybody could rely on it.
    """
    waits = (decided.until or 0) > (decided.held_at or 0) or "approval" in decided.needs
    if decided.state not in (HoldState.OPEN, HoldState.RELEASED) or not waits:
        return None
    operation = _OPERATION.decode(decided.body)
    payee = operation.counterparty
    if operation.kind not in PAYS_SOMEBODY or payee is None or payee.institution is None:
        return None
    action, terms = BankAction.PAYEE_PENDING, terms_of(operation)
    return payee_told(decided.id, terms, action, now, decided.subject, decided.trace)


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
