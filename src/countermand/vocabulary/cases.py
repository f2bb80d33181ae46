"""The words of a case: where it stands, who moves next, what was stopped, how it ended, how bad it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from countermand.vocabulary.triage import Category, Risk


class Stage(StrEnum):
    """How far a case is; see `cases.case` for which follows which."""

    INTAKE = "intake"
    CONTAIN = "contain"
    INVESTIGATE = "investigate"
    DECIDE = "decide"
    REMEDY = "remedy"
    CLOSED = "closed"


class Side(StrEnum):
    """What runs beside the stages."""

    ESCALATED_REGULATOR = "escalated_regulator"
    LITIGATION = "litigation"


class Ball(StrEnum):
    """Who has to move next. Service clocks rest while it is not the desk; legal clocks do not."""

    DESK = "desk"
    FORENSICS = "forensics"
    CUSTOMER = "customer"
    PEER_BANK = "peer_bank"
    MERCHANT = "merchant"
    POLICE = "police"
    INSURER = "insurer"
    REGULATOR = "regulator"
    SYSTEM = "system"


class Contained(StrEnum):
    """What the containment of a case came to; told by the containment itself, never typed.

    `lifted` was given back by proofs, on an appeal or by the desk; `ended` reached the end of its time.
    """

    NONE = "none"
    ENDED = "ended"
    SOFT_HOLD = "soft_hold"
    FROZEN = "frozen"
    PARTIAL = "partial"
    LIFTED = "lifted"


class CaseOutcome(StrEnum):
    """What was found, once decided."""

    UNAUTHORISED_CONFIRMED = "unauthorised_confirmed"
    AUTHORISED = "authorised"
    DECEIVED = "deceived"
    FAMILY_OR_INSIDER = "family_or_insider"
    MERCHANT_ERROR = "merchant_error"
    IDENTITY_MISUSE_NO_ACCOUNT = "identity_misuse_no_account"
    INSUFFICIENT = "insufficient"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    ANSWERED = "answered"


class RootCause(StrEnum):
    """Why it could happen; no case closes without one."""

    SYSTEM_FLAW = "system_flaw"
    DATA_LEAK = "data_leak"
    PROCESS_DEFECT = "process_defect"
    CUSTOMER_DEVICE = "customer_device"
    CUSTOMER_DECEIVED = "customer_deceived"
    MERCHANT = "merchant"
    STAFF = "staff"
    NO_FAULT = "no_fault"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """in: from the customer's side. out: to them. note: among staff, never shown outside."""

    IN = "in"
    OUT = "out"
    NOTE = "note"


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a case, in the order `seq` of the case's events. `sealed` is its text under the vault.

    `masked` is what is shown, searched and sent; instants are microseconds UTC.
    """

    id: str
    case: str
    direction: Direction
    channel: str
    author: str
    at: int
    language: str | None
    masked: str
    sealed: bytes
    inbound: str | None = None
    approved: str | None = None
    secret_said: bool = False


class EventKind(StrEnum):
    """What can happen to a case; the body of each is told in `cases.case`."""

    OPENED = "opened"
    MESSAGE_ADDED = "message_added"
    READ = "read"
    CONTAINED = "contained"
    GIVEN_BACK = "given_back"
    RECALL_ASKED = "recall_asked"
    RECALL_ANSWERED = "recall_answered"
    ASSIGNED = "assigned"
    STAGE_MOVED = "stage_moved"
    SIDE_SET = "side_set"
    BALL_PASSED = "ball_passed"
    RISK_SET = "risk_set"
    OUTCOME_SET = "outcome_set"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    UNMERGED = "unmerged"
    LINKED = "linked"
    UNLINKED = "unlinked"
    PROMISED = "promised"
    PROMISE_KEPT = "promise_kept"
    RECEIPT_RENEWED = "receipt_renewed"
    COLLECTION_PAUSED = "collection_paused"
    SNOOZED = "snoozed"
    TAGGED = "tagged"
    PLAYBOOK_MOVED = "playbook_moved"
    APPEALED = "appealed"
    REVIEWED = "reviewed"
    ABSORBED = "absorbed"
    RELEASED = "released"
    SPLIT = "split"
    TASK_SET = "task_set"
    POLICE_REPORTED = "police_reported"
    DISCLOSED = "disclosed"
    ACCESS_GRANTED = "access_granted"
    ACCESS_ENDED = "access_ended"
    GLASS_BROKEN = "glass_broken"
    SECOND_LOOK = "second_look"
    MESSAGE_TAKEN_BACK = "message_taken_back"
    FILE_ADDED = "file_added"
    SETTLED = "settled"
    FILE_READ = "file_read"
    FILE_MARKED = "file_marked"
    READING_CONFIRMED = "reading_confirmed"
    FACTS_TOLD = "facts_told"


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event of a case: `seq` is the case's version after it. The body never holds personal data."""

    case: str
    seq: int
    kind: EventKind
    at: int
    actor: str
    body: dict[str, Any]
    trace: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a case stands: the fold of its events, and nothing else. Instants are microseconds UTC.

    `first_at` is the first message in any channel: legal clocks run from it. `receipt` counts the secrets
    given out; only the last one opens. `appealed` waits for a reviewer who is none of the `deciders`.
    `absorbed` are cases that became part of this one, each with the risk it brought; `risk_alone` is what the
    risk would be without them. `playbook` is name@version, `steps` are those done or skipped.
    `held` are the incidents of the case, each with what it stopped; `contained` is the gravest of them.
    `settled_at`: somebody said then that an answer had settled it; nobody awaits what was promised before.
    """

    id: str
    number: str
    version: int
    stage: Stage
    ball: Ball
    contained: Contained
    risk: Risk
    category: Category
    channel: str
    standing: str
    opened_at: int
    first_at: int
    updated_at: int
    outcome: CaseOutcome | None = None
    flags: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    account: str | None = None
    person: str | None = None
    language: str = "zh"
    owner: str | None = None
    team: str | None = None
    held: tuple[tuple[str, Contained], ...] = ()
    decided_by: str | None = None
    root_cause: RootCause | None = None
    closed_at: int | None = None
    reopened: int = 0
    merged_into: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    receipt: int = 1
    collection_paused: bool = False
    snoozed_until: int | None = None
    tags: frozenset[str] = frozenset()
    appealed: bool = False
    deciders: tuple[str, ...] = ()
    absorbed: tuple[tuple[str, Risk], ...] = ()
    risk_alone: Risk | None = None
    split_from: str | None = None
    playbook: str | None = None
    steps: tuple[str, ...] = ()
    police_report: str | None = None
    settled_at: int | None = None

    @property
    def incidents(self) -> tuple[str, ...]:
        """What was contained for this case, in the order in which it was."""
        return tuple(incident for incident, _ in self.held)
