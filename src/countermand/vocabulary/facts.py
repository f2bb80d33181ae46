"""The names of journal facts. A fact never holds personal data: only ids, handles, codes and numbers."""

from __future__ import annotations

from typing import Any

import msgspec

OPERATION_DECIDED = "operation.decided"
OPERATION_LABELLED = "operation.labelled"
ACCOUNT_FROZEN = "account.frozen"
ACCOUNT_LIFTED = "account.lifted"
ACCOUNT_PROFILED = "account.profiled"
INCIDENT_CONTAINED = "incident.contained"
INCIDENT_LIFTED = "incident.lifted"
INCIDENT_CLOSED = "incident.closed"
APPEAL_UPHELD = "appeal.upheld"
ORDER_PLACED = "order.placed"
ORDER_LIFTED = "order.lifted"
ORDER_ENDED = "order.ended"
HOLD_CONTAINED = "hold.contained"
TASK_RAISED = "task.raised"
TASK_DONE = "task.done"
LIST_ENTRY_ADDED = "list.entry_added"
LIST_ENTRY_REMOVED = "list.entry_removed"
POLICY_RECORDED = "policy.recorded"
POLICY_LIVE = "policy.live"
SHADOW_ADDED = "shadow.added"
SHADOW_PAUSED = "shadow.paused"
SHADOW_RESUMED = "shadow.resumed"
SHADOW_REMOVED = "shadow.removed"
POLICY_STEPPED = "policy.stepped"
POLICY_REFUSED = "policy.refused"
POLICY_CANARY_STARTED = "policy.canary_started"
POLICY_CANARY_ENDED = "policy.canary_ended"
OPERATION_APPROVED = "operation.approved"
OPERATION_REFUSED = "operation.refused"
APPROVER_NAMED = "approver.named"
APPROVER_REMOVED = "approver.removed"
APPROVAL_DELEGATED = "approval.delegated"
CONSENT_GIVEN = "consent.given"
CONSENT_MISUNDERSTOOD = "consent.misunderstood"
CONSENT_WITHDRAWN = "consent.withdrawn"
THRESHOLD_STEPPED = "threshold.stepped"
KEY_CREATED = "key.created"
KEY_REVOKED = "key.revoked"
ACCESS_REFUSED = "access.refused"
HOLD_RELEASED = "hold.released"
HOLD_EXECUTED = "hold.executed"
HOLD_FAILED = "hold.failed"
HOLD_REVOKED = "hold.revoked"
HOLD_LAPSED = "hold.lapsed"
HOLD_CANCEL_ASKED = "hold.cancel_asked"
PERMIT_GIVEN = "permit.given"
CONSENT_GIVEN = "consent.given"
TIMER_STUCK = "timer.stuck"
EFFECT_LATE = "effect.late"
EFFECT_FAILED = "effect.failed"
BANK_CONTRADICTED = "bank.contradicted"
CLOCK_DISTRUSTED = "clock.distrusted"
CLOCK_TRUSTED = "clock.trusted"
CHALLENGE_BEGUN = "challenge.begun"
CHALLENGE_ENDED = "challenge.ended"
CODE_ISSUED = "challenge.code_issued"
ANSWER_REFUSED = "challenge.answer_refused"
CONFIRMATION_GIVEN = "confirmation.given"
AUTHENTICATOR_BEGUN = "authenticator.begun"
AUTHENTICATOR_ENROLLED = "authenticator.enrolled"
AUTHENTICATOR_REMOVED = "authenticator.removed"


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal: when (microseconds UTC), what, about whom (a random handle), the body."""

    at: int
    kind: str
    body: dict[str, Any]
    subject: str | None = None
    trace: str | None = None
