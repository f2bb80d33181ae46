"""What follows from a hold's steps for others: instructions to the bank, notices to the customer."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.confirmation.permits import terms_of_hold
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.banking import BANKING, BankAction, Terms
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.notices import NOTICES
from countermand.vocabulary.operations import PAYS_SOMEBODY

# A bank that has not answered by then is an alarm.
EXECUTE_ALARM_SECONDS, CANCEL_ALARM_SECONDS, NOTICE_ALARM_SECONDS = 60, 10, 300


def execution_id(operation: str) -> str:
    """The key under which the bank executes an operation."""
    return f"execute-{operation}"


def execution_of(hold: Hold, permit: str, now: int, subject: str | None, trace: str | None) -> Effect:
    """Tell the bank to execute a released hold; one for each operation, whoever releases it."""
    return Effect(
        id=execution_id(hold.operation),
        port=BANKING,
        action=BankAction.EXECUTE.value,
        lane=hold.account,
        body={"terms": msgspec.to_builtins(terms_of_hold(hold)), "permit": permit},
        placed_at=now,
        due_at=now,
        alarm_at=now + EXECUTE_ALARM_SECONDS * MICROS_PER_SECOND,
        subject=subject,
        trace=trace,
    )


def cancellation_of(hold: Hold, now: int, subject: str | None, trace: str | None) -> Effect:
    """Ask the bank not to execute what was released; it waits for no lane, to arrive first if it can."""
    return Effect(
        id=f"cancel-{hold.operation}",
        port=BANKING,
        action=BankAction.CANCEL.value,
        lane=None,
        body={"terms": msgspec.to_builtins(terms_of_hold(hold))},
        placed_at=now,
        due_at=now,
        alarm_at=now + CANCEL_ALARM_SECONDS * MICROS_PER_SECOND,
        subject=subject,
        trace=trace,
    )


def is_paid_elsewhere(hold: Hold) -> bool:
    """Whether somebody at another institution is to receive: only core banking can tell them anything."""
    return hold.institution is not None and hold.counterparty is not None and hold.kind in PAYS_SOMEBODY


def dropped_of(hold: Hold, now: int, subject: str | None, trace: str | None) -> Effect:
    """Have a payee elsewhere told that what was pending does not come."""
    return payee_told(hold.operation, terms_of_hold(hold), BankAction.PAYEE_DROPPED, now, subject, trace)


def payee_told(
    operation: str, terms: Terms, action: BankAction, now: int, subject: str | None, trace: str | None
) -> Effect:
    """Have a payee elsewhere told how it stands; in order for each operation, and each thing once."""
    return Effect(
        id=f"{action.value}-{operation}",
        port=BANKING,
        action=action.value,
        lane=f"payee {operation}",
        body={"terms": msgspec.to_builtins(terms)},
        placed_at=now,
        due_at=now,
        alarm_at=now + NOTICE_ALARM_SECONDS * MICROS_PER_SECOND,
        subject=subject,
        trace=trace,
    )


def approval_notice(hold: Hold, count: int, now: int, subject: str | None, trace: str | None) -> Effect:
    """Tell the customer that one more has said yes, and what it still waits for; `count` words were said."""
    notice = notice_of(hold, "approval_status", now, subject, trace)
    values = {**notice.body["values"], "until": hold.expires_at, "needs": [need.value for need in hold.unmet]}
    body = {**notice.body, "values": values}
    return msgspec.structs.replace(notice, id=f"{notice.id}-{count}", body=body)


def notice_of(hold: Hold, action: str, now: int, subject: str | None, trace: str | None) -> Effect:
    """Tell the customer what became of the operation; each step is told once."""
    values: dict[str, Any] = {
        "operation": hold.operation,
        "kind": hold.kind,
        "amount_minor": hold.amount_minor,
        "currency": hold.currency,
        "counterparty": hold.counterparty,
        "cause": hold.cause,
        "at": now,
    }
    return Effect(
        id=f"{action}-{hold.operation}",
        port=NOTICES,
        action=action,
        lane=hold.account,
        body={
            "account": hold.account,
            "person": hold.person,
            "values": values,
            "urgency": "security",
        },
        placed_at=now,
        due_at=now,
        alarm_at=now + NOTICE_ALARM_SECONDS * MICROS_PER_SECOND,
        subject=subject,
        trace=trace,
    )
