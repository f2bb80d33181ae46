"""Which notice follows from a decision: what waits, what the policy obliges to tell, what the pack tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from countermand.kernel.clock import rfc3339
from countermand.oversight.notice_pack import Arising, NoticePack
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.notices import DecidedOperation, Urgency
from countermand.vocabulary.operations import Operation

_ANSWER = msgspec.json.Decoder(Answer)
_OPERATION = msgspec.json.Decoder(Operation)


class Arisen(NamedTuple):
    """One notice to be told: `id` is the same however often the decision is looked at."""

    id: str
    kind: str
    account: str
    person: str | None
    values: dict[str, Any]
    urgency: Urgency


def arisen(decided: DecidedOperation, pack: NoticePack) -> Arisen | None:
    """What is told of a decision, one notice at most: a wait says more than the rule that caused it."""
    operation = _OPERATION.decode(decided.body)
    decision = _ANSWER.decode(decided.answer).decision
    kind, causes = _kind(decided, operation, decision, pack)
    if kind is None:
        return None
    return Arisen(
        id=f"{kind}-{decided.id}",
        kind=kind,
        account=decided.account,
        person=operation.person,
        values=_values(decided, operation, decision, causes),
        urgency=Urgency.SECURITY,
    )


def _kind(
    decided: DecidedOperation, operation: Operation, decision: Decision, pack: NoticePack
) -> tuple[str | None, Sequence[str]]:
    """What is told, and the policy rules that it is about; none: all of the decision."""
    if "approval" in decided.needs:
        return "approval_status", ()
    if decided.held_at is not None and (decided.until or 0) > decided.held_at:
        return "hold_placed", ()
    for rule in pack.arises:
        if _applies(rule, operation, decision, watched=decided.watched):
            return rule.tell, rule.rules
    return None, ()


def _applies(rule: Arising, operation: Operation, decision: Decision, *, watched: bool) -> bool:
    return (
        (rule.duty is None or any(one.kind == rule.duty for one in decision.obligations))
        and (not rule.rules or any(one.rule in rule.rules for one in decision.reasons))
        and (not rule.operations or operation.kind in rule.operations)
        and (not rule.outcomes or decision.outcome in rule.outcomes)
        and (watched or not rule.watched)
    )


def _values(
    decided: DecidedOperation, operation: Operation, decision: Decision, causes: Sequence[str]
) -> dict[str, Any]:
    amount, payee = operation.amount, operation.counterparty
    values: dict[str, Any] = {
        "operation": decided.id,
        "kind": decided.kind,
        "amount_minor": None if amount is None else amount.minor,
        "currency": None if amount is None else amount.currency,
        "counterparty": None if payee is None else payee.id,
        "outcome": decision.outcome,
        "at": rfc3339(decided.received_at),
    }
    # Another rule's reason may stand first; the notice gives the one that it was told for.
    reason = next((one for one in decision.reasons if not causes or one.rule in causes), None)
    if reason is not None:
        values["reason"] = msgspec.to_builtins(reason.text)
    if decided.until is not None:
        end = decided.expires_at if decided.needs else decided.until
        values |= {"until": end, "needs": list(decided.needs)}
    return values
