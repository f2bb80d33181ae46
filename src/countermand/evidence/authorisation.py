"""What is on record of how each operation was authorised, and what that comes to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from countermand.evidence.case_record import Attempt, CaseRecord, OperationRecord
from countermand.evidence.covering import Cover
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Confirmation
from countermand.vocabulary.confirmations import needs_consent
from countermand.vocabulary.holds import WITHOUT_EFFECT


class Grade(StrEnum):
    """What the record shows of an authorisation; `nothing` is said as that, not as an assertion."""

    STRONG = "strong"
    SOME = "some"
    NOTHING = "nothing"
    NO_EFFECT = "no_effect"


GRADES = {
    Grade.STRONG: Text(en="two independent factors, consent on record", zh="双因素验证且有同意记录"),
    Grade.SOME: Text(en="some proof, less than two factors with consent", zh="有部分凭证，不足双因素及同意"),
    Grade.NOTHING: Text(en="no proof by the holder on record", zh="无本人验证或同意记录"),
    Grade.NO_EFFECT: Text(en="took no effect", zh="未生效"),
}
_STRONG_FACTORS = 2


def grade_of(record: OperationRecord) -> Grade:
    """What is on record for an operation; total."""
    if record.decision.outcome == "deny" or (record.hold is not None and record.hold.state in WITHOUT_EFFECT):
        return Grade.NO_EFFECT
    factors = {factor for given in record.confirmations for factor in given.factors}
    agreed = record.consent is not None or not needs_consent(record.operation.kind)
    if len(factors) >= _STRONG_FACTORS and agreed:
        return Grade.STRONG
    return Grade.SOME if factors or record.consent is not None else Grade.NOTHING


def same_device(record: OperationRecord, given: Confirmation) -> bool | None:
    """Whether the proof was given on the device that asked; None where either is unknown."""
    asked = record.operation.device
    if asked is None or given.device is None:
        return None
    return asked.id == given.device


def authorisation_data(record: CaseRecord, cover: Cover) -> dict[str, Any]:
    """All operations of a case for machines, nothing raw in it; instants RFC 3339."""
    return {
        "v": 1,
        "paper": "authorisation-record",
        "case": record.number,
        "made_at": rfc3339(record.made_at),
        "operations": [_data(one, cover) for one in record.operations],
    }


def _data(one: OperationRecord, cover: Cover) -> dict[str, Any]:
    asked, hold = one.operation, one.hold
    amount = asked.amount
    return {
        "operation": asked.id,
        "kind": asked.kind.value,
        "occurred_at": rfc3339(one.occurred_at),
        "received_at": rfc3339(one.received_at),
        "request_sha256": one.body_digest.hex(),
        "who": _who(one, cover),
        "receiver": cover.receiver(None if asked.counterparty is None else asked.counterparty.id).en,
        "amount": None if amount is None else {"minor": amount.minor, "currency": amount.currency},
        "decision": {
            "id": one.decision.id,
            "outcome": one.decision.outcome,
            "policy": one.policy,
            "rules": [reason.rule for reason in one.decision.reasons],
        },
        "challenges": [_challenge(attempt) for attempt in one.attempts],
        "proofs": [_proof(one, given, cover) for given in one.confirmations],
        "consent": _consent(one, cover),
        "consent_needed": needs_consent(asked.kind),
        "approvals": [
            {"by": said.by, "verdict": said.verdict.value, "level": said.level, "at": rfc3339(said.at)}
            for said in one.approvals
        ],
        "hold": None
        if hold is None
        else {"state": hold.state.value, "needs": list(hold.needs), "met": list(hold.met)},
        "grade": grade_of(one).value,
        "trace": one.trace,
    }


def _who(one: OperationRecord, cover: Cover) -> dict[str, Any]:
    asked = one.operation
    return {
        "account": cover.account(asked.account).en,
        "device": cover.device(None if asked.device is None else asked.device.id).en,
        "session": cover.session(asked.session).en,
        "network": cover.address(asked.ip).en,
        "channel": None if asked.channel is None else asked.channel.value,
    }


def _challenge(attempt: Attempt) -> dict[str, Any]:
    return {
        "challenge": attempt.id,
        "state": attempt.state,
        "begun_at": rfc3339(attempt.begun_at),
        "offered": [method.value for method in attempt.offered],
        "wrong_answers": attempt.wrong_answers,
    }


def _proof(one: OperationRecord, given: Confirmation, cover: Cover) -> dict[str, Any]:
    return {
        "proof": given.id,
        "at": rfc3339(given.at),
        "methods": [method.value for method in given.methods],
        "factors": [factor.value for factor in given.factors],
        "strength": given.strength,
        "linked_sha256": given.linked,
        "device": cover.device(given.device).en,
        "same_device": same_device(one, given),
    }


def _consent(one: OperationRecord, cover: Cover) -> dict[str, Any] | None:
    consent = one.consent
    if consent is None:
        return None
    return {
        "statement": f"{consent.statement}@{consent.version}",
        "language": consent.language,
        "shown_sha256": consent.digest.hex(),
        "given_at": rfc3339(consent.given_at),
        "device": cover.device(consent.device).en,
    }
