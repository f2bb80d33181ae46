"""A person's consent to one operation goes on record, and what waited for it moves on."""

from __future__ import annotations

from typing import Protocol

from countermand.confirmation.holds import met
from countermand.flows.settle_holds import Settlement, move_on, take_hold
from countermand.vocabulary.confirmations import ConsentReceipt
from countermand.vocabulary.facts import CONSENT_GIVEN, Fact
from countermand.vocabulary.holds import Need
from countermand.work import Works


class ConsentingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def settlement(self) -> Settlement: ...


async def give_consent(
    house: ConsentingHouse, receipt: ConsentReceipt, actor: str, trace: str | None = None
) -> ConsentReceipt:
    """Keep a receipt; the one that counts is the first of its operation.

    Raises Unavailable, and what the database says of an operation that was never decided.
    """
    async with house.works.open() as unit:
        kept = await unit.consents.keep(receipt)
        now = house.settlement.clock.now()
        accounts = await unit.holds.accounts([receipt.operation])
        if accounts:
            hold = await take_hold(unit, receipt.operation)
            await move_on(unit, [met(hold, [Need.CONSENT])], now, house.settlement, actor, "consented", trace)
        if kept == receipt:
            body = {"operation": receipt.operation, "statement": receipt.statement, "actor": actor}
            await unit.note([Fact(now, CONSENT_GIVEN, body, None, trace)])
    return kept
