"""The permit of an operation, for whoever executes it: given once nothing stands in its way, and signed."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.confirmation.permits import (
    cleared_by_decision,
    cleared_by_hold,
    permit_of,
    signed,
    terms_of,
)
from countermand.containment.standing import asked_of, stops, subjects_of
from countermand.flows.decided_operations import Archive, decided_operation
from countermand.flows.settle_holds import Settlement
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import Conflict
from countermand.vocabulary.facts import PERMIT_GIVEN, Fact
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.subject_keys import keys_of
from countermand.work import Works

# What was allowed longer ago is decided anew: the world has moved on.
DECISION_MICROS_MAX = MICROS_PER_DAY


class PermittingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def settlement(self) -> Settlement: ...

    @property
    def archive(self) -> Archive: ...


async def give_permit(
    house: PermittingHouse, operation_id: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """A short-lived permit; asked for again, another one. The operation is executed once all the same.

    Raises NotFound (`unknown_operation`), Conflict (`not_allowed`, `contained`, `consent_missing`,
    `decision_too_old`), Unavailable.
    """
    operation, stored = await decided_operation(house.archive, operation_id)
    row, settlement = stored.row, house.settlement
    async with house.works.open() as unit:
        await unit.share(keys_of(operation))
        now = settlement.clock.now()
        orders = await unit.standing.on(subjects_of(operation.account, operation.person))
        if stops(asked_of(operation), orders, now):
            raise _contained(operation_id)
        holds = await unit.holds.lock([operation_id])
        if holds:
            cleared = cleared_by_hold(holds[0], row.decision_id)
        else:
            cleared = cleared_by_decision(operation_id, row.decision_id, Outcome(row.outcome).word)
            if now - row.received_at > DECISION_MICROS_MAX:
                raise _too_old(operation_id)
        receipt = (await unit.consents.receipts_for([operation_id])).get(operation_id)
        number = settlement.ids.new("permit", now)
        permit = permit_of(terms_of(operation), cleared, receipt, number, now, settlement.door_seconds)
        handles = await unit.handles([operation.account])
        body = {"operation": operation_id, "permit": number, "actor": actor}
        await unit.note([Fact(now, PERMIT_GIVEN, body, handles.get(operation.account), trace)])
    return {
        "operation": operation_id,
        "permit": signed(permit, settlement.key),
        "expires_at": rfc3339(permit.exp * MICROS_PER_SECOND),
    }


def _contained(operation: str) -> Conflict:
    return Conflict(
        "contained",
        "The account is stopped; nothing may take effect until that is lifted.",
        "该账户已被止付；解除之前任何操作不得生效。",
        operation=operation,
    )


def _too_old(operation: str) -> Conflict:
    return Conflict(
        "decision_too_old",
        "This was decided more than a day ago; send it as a new operation to have it decided again.",
        "该裁决已超过一天；请作为新的操作重新提交裁决。",
        operation=operation,
    )
