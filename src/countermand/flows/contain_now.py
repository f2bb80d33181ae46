"""Stop everything at once: orders, holds, sessions, effects, evidence and task, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from countermand.confirmation.hold_effects import is_paid_elsewhere
from countermand.confirmation.holds import ended
from countermand.containment.alerts import tier_of_request
from countermand.containment.plan import ALARM_MICROS, Plan, Told, plan, police_plan
from countermand.containment.preview import scope_of
from countermand.containment.requests import POLICE_STOPS_MAX, check, code_of, unmatched, window_of
from countermand.containment.standing import asked_of_hold, concerning, stops
from countermand.flows.incident_words import key_reused, shown_containment, shown_untold, unknown_incident
from countermand.flows.keep_acts import check_key
from countermand.flows.limit_raises import cancel_for_containment
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import Clock
from countermand.kernel.errors import Conflict
from countermand.kernel.ids import Ids
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import HOLD_CONTAINED, INCIDENT_CONTAINED, ORDER_PLACED, Fact
from countermand.vocabulary.holds import Hold, HoldState
from countermand.vocabulary.incidents import (
    ContainRequest,
    EvidenceRequest,
    Incident,
    PoliceStopRequest,
    Seen,
    Source,
)
from countermand.vocabulary.orders import ORDER_END_TIMER, Order, Subject
from countermand.vocabulary.subject_keys import subject_key
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works


class ContainHouse(Protocol):
    """What these stories need of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...

    @property
    def effect_ports(self) -> Collection[str]:
        """The ports that somebody stands behind; nothing is put for the others."""
        ...


@dataclass(frozen=True, slots=True)
class Containing:
    """These parts of a house alone, for who works beside it."""

    works: Works
    clock: Clock
    ids: Ids
    effect_ports: Collection[str]


@dataclass(frozen=True, slots=True)
class _Act:
    """Who does what under which key, and when."""

    actor: str
    key: str
    digest: bytes
    now: int
    trace: str | None


async def contain_now(
    house: ContainHouse, request: ContainRequest, key: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """From the return on, nothing that the orders stop is allowed. Again with the same key: the same answer.

    Raises BadRequest (`invalid_containment`), Conflict (`key_reused`), NotFound (`unknown_incident`: the one
    it follows), Unavailable.
    """
    async with house.works.open() as unit:
        return await contain_within(house, unit, request, key, actor, trace)


async def contain_within(
    house: ContainHouse, unit: Unit, request: ContainRequest, key: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """The same as part of a larger unit, which has locked nothing yet: the gates come first.

    Raises as `contain_now`.
    """
    check(request)
    check_key(key)
    await unit.gate(keys_of(request))
    act = _act(house, request, key, actor, trace)
    window = window_of(request, act.now)
    if (known := await _known(unit, act)) is not None:
        return known
    if request.follows is not None and not await unit.incidents.linked(request.follows):
        raise unknown_incident(request.follows)
    seen = Seen()
    if request.account is not None:
        seen = await unit.incident_record.seen(request.account, window.began_at, window.ended_at)
    incident = _incident(house, request, act, window.began_at, window.ended_at, seen)
    planned = plan(request, seen, incident.id, actor, act.now, _new_id(house, act.now), incident.tier)
    return await _carry_out(house, unit, incident, planned, seen, act)


async def preview_containment(house: ContainHouse, request: ContainRequest, actor: str) -> dict[str, Any]:
    """What the same request would stop now, and what would keep working; changes nothing.

    Raises BadRequest (`invalid_containment`), Unavailable.
    """
    check(request)
    now = house.clock.now()
    window, seen = window_of(request, now), Seen()
    if request.account is not None:
        async with house.works.open() as unit:
            seen = await unit.incident_record.seen(request.account, window.began_at, window.ended_at)
    tier = tier_of_request(request, seen.money_left)
    planned = plan(request, seen, "preview", actor, now, _new_id(house, now), tier)
    return scope_of(planned.orders, now)


async def stop_for_police(
    house: ContainHouse, request: PoliceStopRequest, key: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """A stop of 48 hours at the instruction of the police, at once; at most twice for a case.

    Law: emergency stops of the Chinese police (银发〔2016〕86号).
    Raises BadRequest (`police_stop_mismatch`), Conflict (`police_stop_repeated`, `key_reused`), Unavailable.
    """
    unmatched(request)
    check_key(key)
    async with house.works.open() as unit:
        await unit.gate([request.account])
        act = _act(house, request, key, actor, trace)
        if (known := await _known(unit, act)) is not None:
            return known
        count = await unit.incidents.police_stops(request.account, request.reference)
        if count >= POLICE_STOPS_MAX:
            raise Conflict(
                "police_stop_repeated",
                f"The stop under case {request.reference} was repeated once already; a third one needs a "
                "freezing order of the authority.",
                f"案号 {request.reference} 的止付已延续过一次；再次限制须由机关出具冻结文书。",
                account=request.account,
                reference=request.reference,
                stops=count,
            )
        incident = Incident(
            id=house.ids.new("inc", act.now),
            key=act.key,
            digest=act.digest,
            source=Source.POLICE,
            account=request.account,
            person=None,
            code="police",
            reason=f"{request.authority}: {request.reference}",
            tier=2,
            began_at=act.now,
            ended_at=act.now,
            reference=request.reference,
            follows=None,
            placed_at=act.now,
            placed_by=actor,
        )
        planned = police_plan(request, incident.id, actor, act.now, _new_id(house, act.now))
        which = {"stop": count + 1, "stops_max": POLICE_STOPS_MAX}
        return await _carry_out(house, unit, incident, planned, Seen(), act, which)


async def _carry_out(
    house: ContainHouse,
    unit: Unit,
    incident: Incident,
    planned: Plan,
    seen: Seen,
    act: _Act,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Everything of a plan, written; the order of locks is gates, orders, holds, incident, sessions."""
    revoked, released = await _take_holds_back(unit, incident, planned.orders, act)
    told = [*planned.told, *(told_cancelled(hold) for hold in released), *told_dropped(revoked)]
    effects = effects_of(house, told, incident.id, act.now, act.trace)
    back = [hold.operation for hold in revoked]
    off = (
        []
        if incident.account is None
        else await unit.incident_record.unbind(incident.account, planned.unbind)
    )
    shown = {
        **shown_containment(incident, planned, back, off, [one.id for one in effects], act.now),
        "untold": shown_untold(told, house.effect_ports),
        **more,
    }
    await unit.incidents.put(msgspec.structs.replace(incident, shown=shown))
    await unit.standing.place(planned.orders, incident.reason)
    await cancel_for_containment(unit, incident.account, act.actor, act.now, act.trace)
    await set_end_timers(unit, planned.orders)
    handles = await unit.handles(_subjects(planned.orders))
    subject = next(iter(handles.values()), None)
    await unit.effects.put([msgspec.structs.replace(one, subject=subject) for one in effects])
    await unit.incident_record.request_evidence(
        EvidenceRequest(
            incident=incident.id,
            account=incident.account,
            person=incident.person,
            began_at=incident.began_at,
            ended_at=incident.ended_at,
            operations=seen.operations,
            requested_at=act.now,
        )
    )
    await unit.incident_record.put_tasks([] if planned.task is None else [planned.task])
    await unit.note(_facts(incident, planned, revoked, handles, act))
    await unit.incident_record.revoke_sessions(planned.revocations)
    return shown


async def _take_holds_back(
    unit: Unit, incident: Incident, orders: Sequence[Order], act: _Act
) -> tuple[list[Hold], list[Hold]]:
    """The open holds that the orders stop, taken back; and those released that may still be cancelled.

    Their timers stay: whoever runs them claimed them before it waits for our gates, and finds them revoked.
    """

    def stopped(hold: Hold) -> bool:
        return stops(asked_of_hold(hold), concerning(orders, hold.account, hold.person), act.now)

    found: dict[str, Hold] = {}
    released: list[Hold] = []
    if incident.account is not None:
        states = HoldState.OPEN, HoldState.RELEASED
        for hold in await unit.holds.of_account(incident.account, *states):
            if hold.state is HoldState.OPEN:
                found[hold.operation] = hold
            else:
                released.append(hold)
    if incident.account is None or incident.person is not None:
        more = await unit.incident_record.open_holds(incident.person, HOLDS_STOPPED_MAX)
        for hold in await unit.holds.lock(more):
            if hold.state is HoldState.OPEN:
                found[hold.operation] = hold
    back = [
        ended(hold, HoldState.REVOKED, act.now, act.actor, incident.code)
        for hold in found.values()
        if stopped(hold)
    ]
    await unit.holds.put(back)
    gone = [hold for hold in released if stopped(hold)]
    return back, gone


# An order on everybody takes back so many holds in its own transaction; the later ones meet it at their end.
HOLDS_STOPPED_MAX = 1_000


def told_dropped(holds: Sequence[Hold]) -> list[Told]:
    """What payees elsewhere are told by core banking: what was pending does not come."""
    return [
        Told("banking", "payee_dropped", told_cancelled(hold).body)
        for hold in holds
        if is_paid_elsewhere(hold)
    ]


def told_cancelled(hold: Hold) -> Told:
    """What core banking must not execute any more, if it has not yet."""
    terms = {"account": hold.account, "operation": hold.operation, "kind": hold.kind}
    amount = {"amount_minor": hold.amount_minor, "currency": hold.currency}
    payee = {"counterparty": hold.counterparty, "institution": hold.institution}
    known = {name: value for name, value in {**terms, **amount, **payee}.items() if value is not None}
    return Told("banking", "cancel", {"terms": known})


def effects_of(
    house: ContainHouse, told: Sequence[Told], cause: str, now: int, trace: str | None
) -> list[Effect]:
    """The outbox's lines, for the ports that somebody stands behind; late after a minute."""
    wanted = [one for one in told if one.port in house.effect_ports]
    return [
        Effect(
            id=f"{cause}/{number}/{one.port}/{one.action}",
            port=one.port,
            action=one.action,
            lane=_lane(one.body),
            body=one.body,
            placed_at=now,
            due_at=now,
            alarm_at=now + ALARM_MICROS,
            trace=trace,
        )
        for number, one in enumerate(wanted, 1)
    ]


def _lane(body: Mapping[str, Any]) -> str | None:
    """What is about one account, or one person, is done in its order."""
    lane = body.get("account") or body.get("terms", {}).get("account") or body.get("person")
    return None if lane is None else str(lane)


async def set_end_timers(unit: Unit, orders: Sequence[Order]) -> None:
    """Orders that end are closed when they do."""
    await unit.timers.set(
        [Timer(ORDER_END_TIMER, order.id, order.ends_at) for order in orders if order.ends_at is not None]
    )


def _facts(incident: Incident, planned: Plan, revoked: Sequence[Hold], handles: Any, act: _Act) -> list[Fact]:
    about = {"incident": incident.id, "actor": act.actor}
    whole = {
        **about,
        "source": incident.source.value,
        "code": incident.code,
        "tier": incident.tier,
        "orders": [order.id for order in planned.orders],
        "sessions": len(planned.revocations),
        "devices": len(planned.unbind),
        "holds": len(revoked),
    }
    first = next(iter(handles.values()), None)
    facts = [Fact(act.now, INCIDENT_CONTAINED, whole, first, act.trace)]
    for order in planned.orders:
        body = {**about, "order": order.id, "measure": order.measure.value, "ends_at": order.ends_at}
        facts.append(Fact(act.now, ORDER_PLACED, body, handles.get(subject_key(order.subject)), act.trace))
    facts += [
        Fact(act.now, HOLD_CONTAINED, {**about, "operation": hold.operation}, first, act.trace)
        for hold in revoked
    ]
    return facts


def _incident(
    house: ContainHouse, request: ContainRequest, act: _Act, began_at: int, ended_at: int, seen: Seen
) -> Incident:
    return Incident(
        id=house.ids.new("inc", act.now),
        key=act.key,
        digest=act.digest,
        source=request.source,
        account=request.account,
        person=request.person,
        code=code_of(request),
        reason=request.reason,
        tier=tier_of_request(request, seen.money_left),
        began_at=began_at,
        ended_at=ended_at,
        reference=request.reference,
        follows=request.follows,
        placed_at=act.now,
        placed_by=act.actor,
    )


async def _known(unit: Unit, act: _Act) -> dict[str, Any] | None:
    """The answer of the same request; behind the gates, so two at once find each other."""
    there = await unit.incidents.by_key(act.actor, act.key)
    if there is None:
        return None
    if there.digest != act.digest:
        raise key_reused(act.key)
    return there.shown


def _act(house: ContainHouse, request: Any, key: str, actor: str, trace: str | None) -> _Act:
    """Behind the gates: the instant is not before any decision that was made without the orders."""
    return _Act(actor, key, digest(canonical_bytes(request)), house.clock.now(), trace)


def keys_of(request: ContainRequest) -> list[str]:
    """The gates to take alone: of everyone whom the orders may bind."""
    keys = [
        subject_key(subject)
        for subject in (Subject(account=request.account), Subject(person=request.person))
        if subject != Subject()
    ]
    return keys or [subject_key(Subject())]


def _subjects(orders: Sequence[Order]) -> list[str]:
    return list(dict.fromkeys(subject_key(order.subject) for order in orders))


def _new_id(house: ContainHouse, now: int) -> Any:
    return lambda prefix: house.ids.new(prefix, now)
