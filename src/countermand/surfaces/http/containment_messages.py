"""What the routes of containment take and give."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.containment.devices import DeviceBack
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant, OrderShown


class KindShown(msgspec.Struct, frozen=True):
    """A kind of operation in words."""

    kind: str
    text: Text


class ConditionShown(msgspec.Struct, frozen=True):
    """What is stopped for some devices, channels, amounts, … only."""

    measure: str
    values: list[str]
    text: Text


class Said(msgspec.Struct, frozen=True):
    """The whole scope in a sentence."""

    text: Text


class ScopeShown(msgspec.Struct, frozen=True):
    """What stops, what is checked once more, what keeps working; `ends_at` null: until it is lifted."""

    stops: list[KindShown]
    waits: list[KindShown]
    keeps: list[KindShown]
    only: list[ConditionShown]
    ends_at: Instant | None
    said: Said


class UntoldShown(msgspec.Struct, frozen=True):
    """What nobody could be told: what it was, how often, about which debts, what to do instead."""

    port: str
    action: str
    count: int
    debts: list[str]
    text: Text


class ContainmentShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was stopped, why, how it ends and what to bring; every retry gets the same."""

    incident: str
    account: str | None
    person: str | None
    code: str
    tier: int
    placed_at: Instant
    cause: Text
    remedy: Text
    documents: list[str]
    orders: list[OrderShown]
    scope: ScopeShown
    holds_revoked: list[str]
    devices_unbound: list[str]
    devices_off_profile: list[str]
    sessions_ended: int
    evidence_requested: bool
    task: str | None
    effects: list[str]
    untold: list[UntoldShown]
    stop: int | msgspec.UnsetType = msgspec.UNSET
    stops_max: int | msgspec.UnsetType = msgspec.UNSET


class EffectShown(msgspec.Struct, frozen=True):
    """What somebody else was told to do, and what became of it."""

    effect: str
    port: str
    action: str
    state: str
    attempts: int
    ended_at: Instant | None


class LiftingShown(msgspec.Struct, frozen=True, kw_only=True):
    """One time that something was lifted: who, when, how; `outstanding` are effects nobody has done yet."""

    kind: str
    grade: int | None
    lifted_at: Instant
    lifted_by: str
    methods: list[str]
    reason: str | None
    reference: str | None
    lifted: list[str]
    placed: list[str]
    effects: list[EffectShown]
    outstanding: list[str]
    devices: list[DeviceBack]


class IncidentShown(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands now."""

    incident: str
    account: str | None
    person: str | None
    source: str
    code: str
    reason: str
    reference: str | None
    tier: int
    state: str
    grade: int
    placed_at: Instant
    closed_at: Instant | None
    cause: Text
    remedy: Text
    documents: list[str]
    orders: list[OrderShown]
    scope: ScopeShown
    holds_revoked: list[str]
    devices_unbound: list[str]
    devices_off_profile: list[str]
    sessions_ended: int
    evidence_requested: bool
    task: str | None
    effects: list[EffectShown]
    outstanding: list[str]
    untold: list[UntoldShown]
    liftings: list[LiftingShown]


class LiftShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was lifted now, what others were told to do about it, and what still binds.

    For an upheld appeal: all that was lifted together, and each device that was taken off.
    """

    incident: str
    state: str
    grade: int
    lifted: list[str]
    orders: list[OrderShown]
    scope: ScopeShown
    effects: list[str]
    incidents: list[str] | msgspec.UnsetType = msgspec.UNSET
    devices: list[DeviceBack] | msgspec.UnsetType = msgspec.UNSET


class TaskShown(msgspec.Struct, frozen=True):
    """What a person must look at, by when."""

    task: str
    kind: str
    tier: int
    about: str
    incident: str | None
    account: str | None
    person: str | None
    created_at: Instant
    due_at: Instant
    done_at: Instant | None
    done_by: str | None


class TaskPage(msgspec.Struct, frozen=True):
    """Tasks by when they are due; `next` goes on behind the last one."""

    tasks: list[TaskShown]
    next: str | None


class RevocationShown(msgspec.Struct, frozen=True):
    """Ended sessions: one by name, all on a device, or all begun before an instant; with both, those on it.

    `incident` is null where their holder ended them.
    """

    number: int
    incident: str | None
    account: str | None
    person: str | None
    session: str | None
    device: str | None
    begun_before: Instant | None
    revoked_at: Instant


class RevocationFeed(msgspec.Struct, frozen=True):
    """Ended sessions by number; ask again with `next`."""

    revoked: list[RevocationShown]
    next: int


class SessionAnswer(msgspec.Struct, frozen=True):
    """Whether a session may act now; else what ended it."""

    active: bool
    revocation: RevocationShown | None


class LogoutKeys(msgspec.Struct, frozen=True):
    """The public keys that logout tokens are signed with (RFC 7517)."""

    keys: list[dict[str, Any]]
