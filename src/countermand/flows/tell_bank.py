"""The banking port of the outbox: an effect becomes an instruction, and its answer is held against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from countermand.extensions import CoreBanking
from countermand.kernel.clock import Clock
from countermand.vocabulary.banking import (
    BankAction,
    BankAnswer,
    BankOutcome,
    Instruction,
    Terms,
    contradiction,
)
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.facts import BANK_CONTRADICTED, Fact
from countermand.work import Works

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class BankPort:
    """Tells core banking what the outbox says.

    An answer that says something else than asked is believed in nothing: it ends as an alarm, and whatever
    waited for it goes on waiting for a person.
    """

    bank: CoreBanking
    works: Works
    clock: Clock
    contradicted: int = 0

    async def deliver(self, effect: Effect) -> Delivery:
        """Told before, it may have been done before its answer was lost: then the bank is asked first."""
        asked = instruction_of(effect)
        answer = await self.bank.status(asked.key) if effect.attempts > 1 else None
        if answer is None:
            answer = await self.bank.tell(asked)
        other = contradiction(asked, answer)
        if other is not None:
            await self._alarm(effect, answer, other)
            return Delivery(state=EffectState.FAILED, answer={"contradicts": other})
        told: dict[str, Any] = {"reference": answer.reference}
        if answer.outcome is BankOutcome.DONE and asked.action is BankAction.RECALL:
            if answer.returned_minor is None:  # passed on; the payee's bank has not answered yet
                return Delivery(state=EffectState.PENDING, answer={"passed_on": True, **told})
            told["returned_minor"] = answer.returned_minor
        if answer.outcome is BankOutcome.DONE:
            return Delivery(state=EffectState.DONE, answer=told)
        return Delivery(state=EffectState.FAILED, answer={"refused": answer.reason or "unsaid", **told})

    async def _alarm(self, effect: Effect, answer: BankAnswer, other: str) -> None:
        self.contradicted += 1
        log.error("bank_contradicted", action=effect.action, field=other)
        body = {"effect": effect.id, "field": other, "outcome": answer.outcome.value}
        async with self.works.open() as unit:
            await unit.note([Fact(self.clock.now(), BANK_CONTRADICTED, body, effect.subject, effect.trace)])


def instruction_of(effect: Effect) -> Instruction:
    """What an effect of this port asks for: its body has `terms`, and for `execute` the `permit`."""
    return Instruction(
        key=effect.id,
        action=BankAction(effect.action),
        terms=msgspec.convert(effect.body["terms"], Terms),
        permit=effect.body.get("permit"),
        trace=effect.trace,
    )
