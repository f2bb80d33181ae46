"""From what somebody reports to what is stopped: orders, ended sessions, devices, effects, a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.containment.requests import code_of
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, micros_of
from countermand.vocabulary.incidents import (
    ContainRequest,
    PoliceStopRequest,
    Preset,
    Revocation,
    Seen,
    Task,
)
from countermand.vocabulary.operations import CHANGES_CONTROL
from countermand.vocabulary.orders import EVERYBODY, ON_DEBT, Measure, Order, Subject

LIMITED_MICROS = MICROS_PER_DAY
POLICE_STOP_MICROS = 48 * MICROS_PER_HOUR
# No session outlives this, so the order on sessions need not either; their ends are kept for ever.
SESSION_MICROS_MAX = 30 * MICROS_PER_DAY
# After this much without an acknowledgement somebody is told.
ALARM_MICROS = 60 * MICROS_PER_SECOND
REVIEW_MICROS = {1: MICROS_PER_DAY, 2: 2 * MICROS_PER_HOUR, 3: 30 * 60 * MICROS_PER_SECOND}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that somebody else must do: `banking`, `sessions`, `notices` or `webhooks`."""

    port: str
    action: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one containment does."""

    orders: tuple[Order, ...]
    revocations: tuple[Revocation, ...] = ()
    unbind: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    task: Task | None = None
    tier: int = 1


def suspect_devices(seen: Seen, trusted: str | None) -> tuple[str, ...]:
    """The devices that appeared in the window: not seen before it, and neither known before nor trusted.

    A device that the profile knows counts as new where it was bound within the window. Where no earlier
    device is known at all, new cannot be told from old: then only what was bound within the window counts.
    """
    known = set(seen.devices_known) - set(seen.devices_bound)
    earlier = {*seen.devices_before, *known}
    found = {*(seen.devices if earlier else ()), *seen.devices_bound} - earlier
    return tuple(sorted(found - {trusted or ""}))


def plan(
    request: ContainRequest,
    seen: Seen,
    incident: str,
    actor: str,
    now: int,
    new_id: Callable[[str], str],
    tier: int,
) -> Plan:
    """What to do about a request; total for what `check` lets pass. `new_id` makes ids by their prefix."""
    maker = _Maker(request, incident, actor, now, new_id, code_of(request))
    devices = suspect_devices(seen, request.trusted_device) if request.account is not None else ()
    orders = [*maker.by_preset(devices, seen.sessions), *maker.by_measures()]
    revocations = _revocations(orders, now)
    task = None
    if tier == 3 or request.preset is Preset.LIMITED:
        kind = "verify_customer" if request.preset is Preset.LIMITED else "review_incident"
        task = Task(
            id=new_id("task"),
            kind=kind,
            tier=tier,
            about=incident,
            incident=incident,
            account=request.account,
            person=request.person,
            created_at=now,
            due_at=now + REVIEW_MICROS[tier],
        )
    unbind = devices if request.preset in (Preset.OUTGOING, Preset.EVERYTHING) else ()
    told = (*told_of_orders(orders), *_told_of_access(request, revocations, unbind), *_told_holder(request))
    return Plan(orders=tuple(orders), revocations=revocations, unbind=unbind, told=told, task=task, tier=tier)


def police_plan(
    request: PoliceStopRequest, incident: str, actor: str, now: int, new_id: Callable[[str], str]
) -> Plan:
    """The emergency stop of the police: money going out, 48 hours, no longer."""
    order = Order(
        id=new_id("ord"),
        measure=Measure.STOP_OUTGOING,
        account=request.account,
        code="police",
        placed_at=now,
        placed_by=actor,
        ends_at=now + POLICE_STOP_MICROS,
        incident=incident,
    )
    notice = Told(
        "notices",
        "account_contained",
        {"account": request.account, "person": None, "values": {"code": "police"}, "urgency": "security"},
    )
    return Plan(orders=(order,), told=(*told_of_orders([order]), notice), tier=2)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes orders of one incident."""

    request: ContainRequest
    incident: str
    actor: str
    now: int
    new_id: Callable[[str], str]
    code: str

    @property
    def subject(self) -> Subject:
        """Whom the measures bind: the account where there is one, else the person, else everybody."""
        if self.request.account is not None:
            return Subject(account=self.request.account)
        return EVERYBODY if self.request.everybody else Subject(person=self.request.person)

    def order(self, measure: Measure, subject: Subject | None = None, **more: Any) -> Order:
        bound = self.subject if subject is None else subject
        return Order(
            id=self.new_id("ord"),
            measure=measure,
            account=bound.account,
            person=bound.person,
            code=self.code,
            placed_at=self.now,
            placed_by=self.actor,
            incident=self.incident,
            **more,
        )

    def by_preset(self, devices: tuple[str, ...], sessions: tuple[str, ...]) -> list[Order]:
        request, found = self.request, []
        match request.preset:
            case Preset.OUTGOING:
                found = [
                    self.order(measure)
                    for measure in (Measure.STOP_OUTGOING, Measure.STOP_DEBT, Measure.STOP_MANDATES)
                ]
            case Preset.EVERYTHING:
                found = [self.order(Measure.FREEZE), self.order(Measure.STOP_MANDATES)]
                ends: dict[str, Any] = {"ends_at": self.now + SESSION_MICROS_MAX}
                found.append(
                    self.order(Measure.STOP_SESSIONS, values=sessions, begun_before=self.now, **ends)
                )
            case Preset.LIMITED:
                ends = {"ends_at": self.now + LIMITED_MICROS}
                kinds = tuple(sorted(kind.value for kind in CHANGES_CONTROL))
                found = [self.order(Measure.STOP_OUTGOING, **ends)]
                found.append(self.order(Measure.STOP_KINDS, values=kinds, **ends))
        if devices and request.preset in (Preset.OUTGOING, Preset.EVERYTHING):
            found.append(self.order(Measure.STOP_DEVICES, values=devices))
        if request.person is not None and (request.preset is not None or request.debts):
            there = [one for one in found if one.measure is Measure.STOP_DEBT and one.person is not None]
            found = [one for one in found if one not in there]
            found.append(self.order(Measure.STOP_DEBT, Subject(person=request.person), values=request.debts))
        elif request.preset is Preset.IDENTITY or request.debts:
            found.append(self.order(Measure.STOP_DEBT, values=request.debts))
        return found

    def by_measures(self) -> list[Order]:
        return [
            self.order(
                one.measure,
                subject,
                values=one.values,
                amount_limit=one.amount_limit,
                begun_before=None if one.begun_before is None else min(self.now, micros_of(one.begun_before)),
                ends_at=None if one.hours is None else self.now + one.hours * MICROS_PER_HOUR,
            )
            for one in self.request.measures
            for subject in self._subjects(one.measure)
        ]

    def _subjects(self, measure: Measure) -> list[Subject]:
        person = self.request.person
        if measure not in ON_DEBT or person is None or self.subject.person is not None:
            return [self.subject]
        return [self.subject, Subject(person=person)]


def _revocations(orders: list[Order], now: int) -> tuple[Revocation, ...]:
    """The ends of sessions that the orders call for."""
    found: list[Revocation] = []

    def end(order: Order, **which: Any) -> None:
        about = {"incident": order.incident, "account": order.account, "person": order.person}
        found.append(msgspec.convert({**about, **which, "revoked_at": now}, Revocation))

    for order in orders:
        if order.measure is Measure.STOP_DEVICES:
            for device in order.values:
                end(order, device=device)
        if order.measure is Measure.STOP_SESSIONS:
            if order.begun_before is not None:
                end(order, begun_before=order.begun_before)
            for session in order.values:
                end(order, session=session)
    return tuple(found)


def told_of_orders(orders: list[Order]) -> tuple[Told, ...]:
    """What core banking must do about orders on accounts, and collectors about disputed debts."""
    found: list[Told] = []
    stopped = dict.fromkeys(
        order.account
        for order in orders
        if order.measure in (Measure.FREEZE, Measure.STOP_OUTGOING) and order.account is not None
    )
    found += [Told("banking", "freeze", {"terms": {"account": account}}) for account in stopped]
    for order in orders:
        terms: dict[str, Any] = {"account": order.account}
        if (
            order.measure is Measure.LOWER_LIMIT
            and order.account is not None
            and order.amount_limit is not None
        ):
            terms |= {
                "amount_minor": order.amount_limit.minor,
                "currency": order.amount_limit.currency,
            }
            found.append(Told("banking", "lower_limit", {"terms": terms}))
        if order.measure is Measure.STOP_MANDATES and order.account is not None:
            for mandate in order.values or (None,):
                found.append(Told("banking", "stop_mandate", {"terms": {**terms, **_operation(mandate)}}))
        if order.measure in ON_DEBT and order.values:
            body = {"account": order.account, "person": order.person, "debts": list(order.values)}
            found.append(Told("webhooks", "stop_collection", body))
    return tuple(found)


def _operation(name: str | None) -> dict[str, str]:
    return {} if name is None else {"operation": name}


def _told_of_access(
    request: ContainRequest, revocations: tuple[Revocation, ...], unbind: tuple[str, ...]
) -> list[Told]:
    """Ended sessions, devices to unbind, and keys to change where everything was stopped."""
    whom = {"account": request.account, "person": request.person}
    found = [
        Told(
            "sessions",
            "revoke",
            {
                "account": one.account,
                "person": one.person,
                "session": one.session,
                "device": one.device,
                "begun_before": one.begun_before,
            },
        )
        for one in revocations
    ]
    found += [Told("sessions", "unbind_device", {**whom, "device": device}) for device in unbind]
    if request.preset is Preset.EVERYTHING and request.account is not None:
        found.append(Told("sessions", "rotate_keys", whom))
    return found


def _told_holder(request: ContainRequest) -> list[Told]:
    if request.everybody:
        return []
    values = {"code": code_of(request), "preset": None if request.preset is None else request.preset.value}
    body = {
        "account": request.account,
        "person": request.person,
        "values": values,
        "urgency": "security",
    }
    return [Told("notices", "account_contained", body)]
