"""Give an account back: grade by grade with proofs, or all at once where an appeal was upheld."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from countermand.containment.devices import DeviceBack, devices_back
from countermand.containment.lifting import check_liftable, check_proofs, lifting
from countermand.containment.plan import Told
from countermand.containment.preview import scope_of
from countermand.flows.contain_now import (
    ContainHouse,
    effects_of,
    set_end_timers,
)
from countermand.flows.end_orders import told_of_lifting
from countermand.flows.incident_words import shown_order, unknown_incident
from countermand.flows.tell_cases import tell_cases_later
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.facts import (
    APPEAL_UPHELD,
    INCIDENT_CLOSED,
    INCIDENT_LIFTED,
    ORDER_LIFTED,
    ORDER_PLACED,
    Fact,
)
from countermand.vocabulary.incidents import (
    AppealRequest,
    Incident,
    IncidentState,
    LiftingKind,
    LiftingRecord,
    LiftRequest,
    Source,
)
from countermand.vocabulary.orders import Measure, Order, Subject
from countermand.vocabulary.subject_keys import subject_key
from countermand.work import Unit


async def lift_containment(
    house: ContainHouse, incident_id: str, request: LiftRequest, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Lift a grade of an incident; the same grade again, or a lower one, changes nothing.

    Raises NotFound (`unknown_incident`), Forbidden (`proofs_missing`), Conflict (`police_stop_binds`),
    Unavailable.
    """
    async with house.works.open() as unit:
        (incident, *_), orders = await _behind_gates(unit, incident_id)
        now = house.clock.now()
        check_liftable(incident)
        mine = [order for order in orders if order.incident == incident.id]
        suspects = [
            device for order in mine if order.measure is Measure.STOP_DEVICES for device in order.values
        ]
        check_proofs(request.grade, request.proofs, suspects, now)
        change = lifting(incident, mine, request.grade, actor, now, lambda prefix: house.ids.new(prefix, now))
        after = msgspec.structs.replace(
            incident,
            state=change.state,
            grade=max(incident.grade, request.grade),
            closed_at=now if change.state is IncidentState.CLOSED else incident.closed_at,
        )
        if incident.state is IncidentState.CLOSED:
            after = incident
        record = None
        if change.lift or change.place or after != incident:
            methods = sorted({proof.method for proof in request.proofs})
            body = {"incident": incident.id, "actor": actor, "grade": request.grade, "methods": methods}
            fact = Fact(now, INCIDENT_LIFTED, body, None, trace)
            cause = f"{incident.id}/grade-{request.grade}"
            effects = await _write(house, unit, [after], change.lift, change.place, cause, fact, actor)
            record = LiftingRecord(
                incident=incident.id,
                cause=cause,
                kind=LiftingKind.GRADE,
                grade=request.grade,
                lifted_at=now,
                lifted_by=actor,
                methods=tuple(methods),
                lifted=tuple(order.id for order in change.lift),
                placed=tuple(order.id for order in change.place),
                effects=effects,
            )
            await unit.incidents.put_liftings([record])
            await tell_cases_later(unit, [incident.id], now)
        return await _shown(unit, after, change.lift, record, now)


async def uphold_appeal(
    house: ContainHouse, incident_id: str, request: AppealRequest, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Lift everything of an incident and of all that are linked with it, at once; again: nothing.

    A stop of the police among them stays: it is not ours to lift, and ends by itself.
    Raises NotFound (`unknown_incident`), Conflict (`police_stop_binds`), Unavailable.
    """
    async with house.works.open() as unit:
        linked, orders = await _behind_gates(unit, incident_id)
        now = house.clock.now()
        check_liftable(linked[0])
        ours = [one for one in linked if one.source is not Source.POLICE]
        names = {one.id for one in ours}
        before = [one for one in await unit.incidents.liftings(incident_id) if one.kind is LiftingKind.APPEAL]
        lift = [order for order in orders if order.incident in names]
        open_ = [one for one in ours if one.state is not IncidentState.CLOSED]
        closed = [
            msgspec.structs.replace(one, state=IncidentState.CLOSED, grade=3, closed_at=now) for one in open_
        ]
        if lift or closed:
            body = {
                "incident": incident_id,
                "actor": actor,
                "incidents": sorted(names),
                "reference": request.reference,
            }
            fact = Fact(now, APPEAL_UPHELD, body, None, trace)
            cause = f"{incident_id}/appeal{f'-{len(before) + 1}' if before else ''}"
            effects = await _write(house, unit, closed, lift, (), cause, fact, actor)
            records = await _upheld(unit, ours, lift, closed, request, fact, cause, effects)
            await unit.incidents.put_liftings(records)
            await tell_cases_later(unit, [one.incident for one in records], now)
            before = [one for one in records if one.incident == incident_id]
        after = next((one for one in closed if one.id == incident_id), linked[0])
        shown = await _shown(unit, after, lift, before[-1] if lift or closed else None, now)
        return {**shown, "incidents": sorted(names), "devices": list(before[-1].devices) if before else []}


async def gate_incident(unit: Unit, incident_id: str) -> None:
    """Stand behind the gates of an incident, before any row. Raises NotFound (`unknown_incident`)."""
    await _behind_gates(unit, incident_id)


async def take_back(
    house: ContainHouse, unit: Unit, incident: Incident, reason: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Lift all of one incident and nothing else, as part of a larger unit that stands behind its gates.

    Holds that were revoked and sessions that ended stay so; whoever asks tells the case.
    Raises Conflict (`police_stop_binds`).
    """
    check_liftable(incident)
    now = house.clock.now()
    lift = await unit.standing.of_incidents([incident.id])
    after = msgspec.structs.replace(incident, state=IncidentState.CLOSED, grade=3, closed_at=now)
    cause = f"{incident.id}/taken-back"
    body = {"incident": incident.id, "actor": actor, "grade": 3, "methods": ["taken_back"]}
    fact = Fact(now, INCIDENT_LIFTED, body, None, trace)
    effects = await _write(house, unit, [after], lift, (), cause, fact, actor)
    record = LiftingRecord(
        incident=incident.id,
        cause=cause,
        kind=LiftingKind.TAKEN_BACK,
        lifted_at=now,
        lifted_by=actor,
        reason=reason,
        reference=incident.reference,
        lifted=tuple(order.id for order in lift),
        effects=effects,
        devices=tuple(msgspec.to_builtins(device) for device in await _give_devices_back(unit, incident)),
    )
    await unit.incidents.put_liftings([record])
    return await _shown(unit, after, lift, record, now)


async def _upheld(
    unit: Unit,
    ours: Sequence[Incident],
    lift: Sequence[Order],
    closed: Sequence[Incident],
    request: AppealRequest,
    fact: Fact,
    cause: str,
    effects: tuple[str, ...],
) -> list[LiftingRecord]:
    """What an upheld appeal did to each incident; the one it named has what became of all the devices."""
    changed = {one.id for one in closed} | {order.incident for order in lift} | {fact.body["incident"]}
    devices = {one.id: await _give_devices_back(unit, one) for one in ours if one.id in changed}
    devices[fact.body["incident"]] = [device for found in devices.values() for device in found]
    return [
        LiftingRecord(
            incident=one.id,
            cause=cause,
            kind=LiftingKind.APPEAL,
            lifted_at=fact.at,
            lifted_by=fact.body["actor"],
            reason=request.reason,
            reference=request.reference,
            lifted=tuple(order.id for order in lift if order.incident == one.id),
            effects=effects,
            devices=tuple(msgspec.to_builtins(device) for device in devices[one.id]),
        )
        for one in ours
        if one.id in changed
    ]


async def _give_devices_back(unit: Unit, incident: Incident) -> list[DeviceBack]:
    """The devices that an incident took off: on the profile again, unless another order stops them."""
    taken: list[str] = incident.shown.get("devices_unbound", [])
    if incident.account is None or not taken:
        return []
    left = await unit.standing.on([Subject(account=incident.account)])
    stopped = {value for order in left if order.measure is Measure.STOP_DEVICES for value in order.values}
    off = [one for one in incident.shown.get("devices_off_profile", []) if one not in stopped]
    restored = await unit.incident_record.bind(incident.account, off)
    told = any(effect.endswith("/sessions/unbind_device") for effect in incident.shown.get("effects", []))
    return devices_back(incident.account, taken, restored, told, stopped)


async def _behind_gates(unit: Unit, incident_id: str) -> tuple[list[Incident], list[Order]]:
    """The incident first, those linked with it, and their orders in force; behind the gates of them all.

    Gates come before rows: so the subjects are read once without a lock, and everything again behind them.
    The timers of lifted orders stay: whoever runs them has claimed them before it waits for our gates.
    """
    linked = await unit.incidents.linked(incident_id)
    if not linked:
        raise unknown_incident(incident_id)
    orders = await unit.standing.of_incidents([one.id for one in linked])
    await unit.gate(_keys(linked, orders))
    linked = await unit.incidents.lock([one.id for one in linked])
    return linked, await unit.standing.of_incidents([one.id for one in linked])


def _keys(linked: Iterable[Incident], orders: Iterable[Order]) -> set[str]:
    named = {subject_key(order.subject) for order in orders}
    named |= {subject_key(Subject(account=one.account)) for one in linked if one.account is not None}
    return named | {subject_key(Subject(person=one.person)) for one in linked if one.person is not None}


async def _write(
    house: ContainHouse,
    unit: Unit,
    incidents: Sequence[Incident],
    lift: Sequence[Order],
    place: Sequence[Order],
    cause: str,
    fact: Fact,
    actor: str,
) -> tuple[str, ...]:
    """Everything that a lifting changes; the ids of its effects."""
    now, trace = fact.at, fact.trace
    await unit.standing.lift([order.id for order in lift], now, actor)
    await unit.standing.place(place, "recovering")
    await set_end_timers(unit, place)
    for one in incidents:
        await unit.incidents.put(one)
    told = [*await told_of_lifting(unit, lift), *_told_holder(incidents, lift, place)]
    effects = effects_of(house, told, cause, now, trace)
    await unit.effects.put(effects)
    handles = await unit.handles({subject_key(order.subject) for order in (*lift, *place)})
    facts = [msgspec.structs.replace(fact, subject=next(iter(handles.values()), None))]
    for kind, orders in ((ORDER_LIFTED, lift), (ORDER_PLACED, place)):
        facts += [
            Fact(
                now,
                kind,
                {
                    "order": order.id,
                    "measure": order.measure.value,
                    "incident": order.incident,
                    "actor": actor,
                },
                handles.get(subject_key(order.subject)),
                trace,
            )
            for order in orders
        ]
    facts += [
        Fact(now, INCIDENT_CLOSED, {"incident": one.id, "actor": actor}, None, trace)
        for one in incidents
        if one.state is IncidentState.CLOSED
    ]
    await unit.note(facts)
    return tuple(one.id for one in effects)


def _told_holder(incidents: Sequence[Incident], lift: Sequence[Order], place: Sequence[Order]) -> list[Told]:
    """One notice for each account or person of the incidents."""
    found = []
    for one in {(one.account, one.person): one for one in incidents}.values():
        if one.account is None and one.person is None:
            continue
        values = {
            "incident": one.id,
            "grade": one.grade,
            "lifted": len(lift),
            "review_until": max((rfc3339(order.ends_at) for order in place if order.ends_at), default=None),
        }
        body = {"account": one.account, "person": one.person, "values": values, "urgency": "service"}
        found.append(Told("notices", "containment_lifted", body))
    return found


async def _shown(
    unit: Unit, incident: Incident, lifted: Sequence[Order], record: LiftingRecord | None, now: int
) -> dict[str, Any]:
    """Where the incident stands, and what still binds."""
    left = await unit.standing.of_incidents([incident.id])
    return {
        "incident": incident.id,
        "state": incident.state.value,
        "grade": incident.grade,
        "lifted": [order.id for order in lifted],
        "effects": [] if record is None else list(record.effects),
        "orders": [shown_order(order) for order in left],
        "scope": scope_of(left, now),
    }
