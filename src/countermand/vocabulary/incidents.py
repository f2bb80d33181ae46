"""A containment as it is asked for, and as it is kept: the incident, its tasks, the sessions it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import msgspec

from countermand.vocabulary.operations import PRINTABLE, Amount, Identifier, Word
from countermand.vocabulary.orders import Measure

# Something of an incident was lifted: whoever counts on it is told.
INCIDENT_OVER_TIMER = "incident_over"
VALUES_MAX = 256
MEASURES_MAX = 16
_Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
_Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$(?!\n)")]


class Source(StrEnum):
    """Who asks for a containment."""

    CUSTOMER = "customer"
    DESK = "desk"
    RULE = "rule"
    POLICE = "police"


class Preset(StrEnum):
    """What is stopped in one tap.

    outgoing: money going out, loans, debits. everything: that, and whatever changes who controls the
    account, and all sessions. limited: for a suspicion, a day long. identity: nobody borrows in this name.
    """

    OUTGOING = "outgoing"
    EVERYTHING = "everything"
    LIMITED = "limited"
    IDENTITY = "identity"


class MeasureRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One measure more; `values` name what it is about, `hours` how long it binds (else until lifted)."""

    measure: Measure
    values: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=VALUES_MAX)] = ()
    amount_limit: Amount | None = None
    begun_before: _Moment | None = None
    hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 365)] | None = None


class ContainRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What to contain: an account, a person, or both; a preset, measures, or both. Neither: everybody.

    `since` and `until` are when it is said to have happened (default: the last day). `trusted_device` is one
    the holder has in hand; it is never unbound. `debts` are those the person disputes. `reference` is what it
    answers or belongs to: a notice, a case.
    """

    reason: _Reason
    account: Identifier | None = None
    person: Identifier | None = None
    everybody: bool = False
    source: Source = Source.CUSTOMER
    preset: Preset | None = None
    measures: Annotated[tuple[MeasureRequest, ...], msgspec.Meta(max_length=MEASURES_MAX)] = ()
    since: _Moment | None = None
    until: _Moment | None = None
    trusted_device: Identifier | None = None
    debts: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=VALUES_MAX)] = ()
    follows: Identifier | None = None
    reference: Identifier | None = None


class PoliceStopRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An instruction of the police: 48 hours, and only where all four things match what is known here."""

    account: Identifier
    reference: Word
    authority: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
    name_matches: bool
    account_matches: bool
    amount_matches: bool
    time_matches: bool


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One proof of identity, as whoever took it attests; `device` is what it was given on."""

    method: Word
    given_at: _Moment
    device: Identifier | None = None


class LiftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far to lift (grade 1 to 3), and the proofs for it."""

    grade: Annotated[int, msgspec.Meta(ge=1, le=3)]
    proofs: Annotated[tuple[Proof, ...], msgspec.Meta(max_length=8)]


class AppealRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An appeal that was upheld: why, and the case it was decided in."""

    reason: _Reason
    reference: Word | None = None


class SessionQuestion(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Whether a session may still act; `begun_at` is when it began, as its token says."""

    account: Identifier | None = None
    person: Identifier | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    begun_at: _Moment | None = None


class IncidentState(StrEnum):
    """contained, then lifting (a grade was lifted), then closed; or closed at once."""

    CONTAINED = "contained"
    LIFTING = "lifting"
    CLOSED = "closed"


class Incident(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One containment; instants are microseconds UTC. `shown` is what was answered."""

    id: str
    key: str
    digest: bytes
    source: Source
    account: str | None
    person: str | None
    code: str
    reason: str
    tier: int
    began_at: int
    ended_at: int
    reference: str | None
    follows: str | None
    placed_at: int
    placed_by: str
    state: IncidentState = IncidentState.CONTAINED
    grade: int = 0
    closed_at: int | None = None
    shown: dict[str, Any] = {}


class LiftingKind(StrEnum):
    """What gave something back: a grade with proofs, an appeal, an order's own end, or second thoughts."""

    GRADE = "grade"
    APPEAL = "appeal"
    END = "end"
    TAKEN_BACK = "taken_back"


class LiftingRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time that something of an incident was lifted; `lifted_at` is microseconds UTC.

    The ids of its effects begin with `cause`. `lifted` and `placed` are orders. `devices` are as they were
    answered.
    """

    incident: str
    cause: str
    kind: LiftingKind
    grade: int | None = None
    lifted_at: int
    lifted_by: str
    methods: tuple[str, ...] = ()
    reason: str | None = None
    reference: str | None = None
    lifted: tuple[str, ...]
    placed: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    devices: tuple[dict[str, Any], ...] = ()


class Revocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Sessions that were ended: one by name, all on a device, or all begun before an instant (microseconds).

    A device with an instant: those on it begun before. `incident` is None where their holder ended them.
    `seq` is its place in the feed; 0 before it was written.
    """

    incident: str | None
    account: str | None
    person: str | None
    session: str | None = None
    device: str | None = None
    begun_before: int | None = None
    revoked_at: int
    seq: int = 0


class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a person must look at, by when (microseconds UTC); one of a kind for each thing it is about."""

    id: str
    kind: str
    tier: int
    about: str
    incident: str | None
    account: str | None
    person: str | None
    created_at: int
    due_at: int
    done_at: int | None = None
    done_by: str | None = None


class EvidenceRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What must be kept as it is: the operations of an account in a time (microseconds UTC)."""

    incident: str
    account: str | None
    person: str | None
    began_at: int
    ended_at: int
    operations: tuple[str, ...]
    requested_at: int


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the record knows of an account in a window: operations newest first, devices, sessions.

    `devices_before` were seen before it, `devices_bound` were bound within it, the profile names
    `devices_known`; `money_left` where some payment of the window was simply allowed.
    """

    operations: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    devices_before: tuple[str, ...] = ()
    devices_bound: tuple[str, ...] = ()
    devices_known: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    money_left: bool = False


class Alarming(NamedTuple):
    """A recorded operation that was not simply allowed, with its answer's bytes."""

    id: str
    account: str
    person: str | None
    outcome: int
    answer: bytes
