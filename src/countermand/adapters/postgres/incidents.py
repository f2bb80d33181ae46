"""Incidents in PostgreSQL, and what is written with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.containment.ports import IncidentFound
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.incidents import (
    Alarming,
    EvidenceRequest,
    Incident,
    IncidentState,
    LiftingKind,
    LiftingRecord,
    Revocation,
    Seen,
    Source,
    Task,
)
from countermand.vocabulary.operations import Kind
from countermand.work.tellings import told_incident, told_lifting

QUERIES = Queries("incidents.sql")
OPERATIONS_SEEN_MAX = 500
OPERATIONS_BEFORE_MAX = 1000
SESSIONS_SEEN_MAX = 256


class PostgresIncidents:
    """The incidents, on a connection that is in a transaction."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def put(self, incident: Incident) -> None:
        """Write an incident, new or changed."""
        values = [getattr(incident, name) for name in Incident.__struct_fields__]
        for place, name in enumerate(Incident.__struct_fields__):
            if name in _INSTANTS:
                values[place] = None if values[place] is None else moment_of(values[place])
            elif name in ("source", "state"):
                values[place] = values[place].value
        rows = [(incident.id, tuple(values))]
        self._connection.later(QUERIES.put_incidents, rows, named_by=1)
        self._connection.tell([told_incident(incident)])

    async def by_key(self, actor: str, key: str) -> Incident | None:
        """The incident of an idempotency key."""
        row = await self._connection.beside.fetchrow(QUERIES.incident_by_key, actor, key)
        return None if row is None else incident_of_row(row)

    async def linked(self, incident: str) -> list[Incident]:
        """An incident (first) and all that are linked with it, however far; empty where there is none."""
        rows = await self._connection.fetch(QUERIES.linked_incidents, incident)
        return [incident_of_row(row) for row in rows]

    async def lock(self, incidents: Sequence[str]) -> list[Incident]:
        """These incidents, in this order, locked until the transaction ends."""
        rows = await self._connection.fetch(QUERIES.lock_incidents, list(incidents))
        found = {row["id"]: incident_of_row(row) for row in rows}
        return [found[incident] for incident in incidents if incident in found]

    async def police_stops(self, account: str, reference: str) -> int:
        """How many stops the police have had for an account under a case number."""
        return int(await self._connection.fetchval(QUERIES.police_stops, account, reference))

    async def seen(self, account: str, since: int, until: int) -> Seen:
        """What happened on an account in a window, of the last 500 operations in it and 1,000 before."""
        found = await self._connection.beside.fetchrow(
            QUERIES.account_seen,
            account,
            moment_of(since),
            moment_of(until),
            OPERATIONS_SEEN_MAX,
            OPERATIONS_BEFORE_MAX,
        )
        rows = found["operations"]
        bound = [row["device"] for row in rows if row["kind"] == Kind.DEVICE_BIND]
        sessions = list(dict.fromkeys(row["session"] for row in rows if row["session"]))
        return Seen(
            operations=tuple(row["id"] for row in rows),
            devices=_named(row["device"] for row in rows),
            devices_before=_named(found["devices_before"]),
            devices_bound=_named(bound),
            devices_known=tuple(found["devices_known"] or ()),
            sessions=tuple(sessions[:SESSIONS_SEEN_MAX]),
            money_left=any(row["outcome"] == 0 and row["kind"] in _MONEY for row in rows),
        )

    async def request_evidence(self, request: EvidenceRequest) -> None:
        """Ask for a snapshot."""
        row = (
            request.incident, request.account, request.person, moment_of(request.began_at),
            moment_of(request.ended_at), list(request.operations), moment_of(request.requested_at), None,
        )  # fmt: skip
        self._connection.later(QUERIES.request_evidence, [(row,)])

    async def revoke_sessions(self, revocations: Sequence[Revocation]) -> None:
        """Write the ends of sessions; late in the transaction, for whoever else writes some waits for it."""
        if not revocations:
            return
        await self._connection.execute(QUERIES.order_revocations)
        await self._connection.execute(
            QUERIES.revoke_sessions,
            [one.incident for one in revocations],
            [one.account for one in revocations],
            [one.person for one in revocations],
            [one.session for one in revocations],
            [one.device for one in revocations],
            [None if one.begun_before is None else moment_of(one.begun_before) for one in revocations],
            [moment_of(one.revoked_at) for one in revocations],
        )

    async def put_tasks(self, tasks: Sequence[Task]) -> None:
        """Write tasks; one that is there already (its kind and what it is about) is left as it is."""
        self._connection.later(QUERIES.put_tasks, map(row_of_task, tasks))

    async def end_task(self, task: str, at: int, actor: str) -> Task | None:
        """A task is done; one that was done stays as it is. None where there is none."""
        row = await self._connection.fetchrow(QUERIES.end_task, task, moment_of(at), actor)
        return None if row is None else _task(row)

    async def alarming(self, count_max: int) -> tuple[int, list[Alarming]]:
        """The next operations to look at: how many, and those of them that were not simply allowed.

        Their numbers are committed in order, so none comes up behind the place. The first look is at nothing.
        """
        place = await self._connection.fetchval(QUERIES.alert_place)
        if place is None:
            await self._connection.execute(QUERIES.start_alerts)
            return 0, []
        last = min(await self._connection.fetchval(QUERIES.last_operation), place + count_max)
        if last <= place:
            return 0, []
        rows = await self._connection.fetch(QUERIES.alarming_operations, place, last)
        await self._connection.execute(QUERIES.move_alert_place, last)
        names = ("id", "account", "person", "outcome", "answer")
        return last - place, [Alarming(*(row[name] for name in names)) for row in rows]

    async def open_holds(self, person: str | None, count_max: int) -> list[str]:
        """The operations on hold of a person, or (None) of everybody, the oldest first."""
        rows = await self._connection.fetch(QUERIES.open_holds, person, count_max)
        return [row["operation"] for row in rows]

    async def unbind(self, account: str, devices: Collection[str]) -> list[str]:
        """Take devices off the profile of an account; its orders move its guard. Those that were on it."""
        if not devices:
            return []
        rows = await self._connection.beside.fetch(QUERIES.unbind_devices, account, list(devices))
        return [row["device"] for row in rows]

    async def bind(self, account: str, devices: Collection[str]) -> list[str]:
        """Put devices back on the profile of an account, where it names any; those that are on it now."""
        if not devices:
            return []
        await self._connection.execute(QUERIES.bind_devices, account, sorted(devices))
        known = await self._connection.fetchval(QUERIES.devices_known, account)
        return sorted(set(devices) & set(known or ()))

    async def put_liftings(self, liftings: Sequence[LiftingRecord]) -> None:
        """Write what was lifted."""
        for one in liftings:
            values = {name: getattr(one, name) for name in LiftingRecord.__struct_fields__}
            values |= {"kind": one.kind.value, "lifted_at": moment_of(one.lifted_at)}
            values["devices"] = list(one.devices)
            await self._connection.execute(QUERIES.put_liftings, *values.values())
        self._connection.tell(map(told_lifting, liftings))

    async def liftings(self, incident: str) -> list[LiftingRecord]:
        """What was lifted of an incident, in order."""
        rows = await self._connection.fetch(QUERIES.liftings_of_incident, incident)
        return [lifting_of_row(row) for row in rows]


class PostgresIncidentsRead:
    """What doors show of incidents, tasks and ended sessions; every process reads the same."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def incident(self, incident: str) -> IncidentFound | None:
        """An incident, its orders and its effects, as rows; and its liftings."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(QUERIES.incident_by_id, incident)
                if row is None:
                    return None
                found = incident_of_row(row)
                orders = await connection.fetch(QUERIES.orders_of_incident, incident)
                rows = await connection.fetch(QUERIES.liftings_of_incident, incident)
                liftings = [lifting_of_row(lifted) for lifted in rows]
                named = [*found.shown.get("effects", []), *(name for one in liftings for name in one.effects)]
                effects = await connection.fetch(QUERIES.effects_of_incident, named)
        return IncidentFound(
            found, [_instants(row) for row in orders], [_instants(row) for row in effects], liftings
        )

    async def tasks(self, done: bool, after: tuple[int, str], count_max: int) -> list[Task]:
        """Tasks by when they are due, behind (instant, id)."""
        with away_is_unavailable():
            rows = await self._pool.fetch(
                QUERIES.tasks_page, not done, moment_of(after[0]), after[1], count_max
            )
        return [_task(row) for row in rows]

    async def revocations_since(self, seq: int, count_max: int) -> list[Revocation]:
        """The feed of ended sessions behind a number."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.revocations_since, seq, count_max)
        return [_revocation(row) for row in rows]

    async def revocations_about(
        self, account: str | None, person: str | None, session: str | None, device: str | None
    ) -> list[Revocation]:
        """The ends of sessions that could be about this one."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.revocations_about, account, person, session, device)
        return [_revocation(row) for row in rows]


_INSTANTS = frozenset({"began_at", "ended_at", "placed_at", "closed_at"})
_MONEY = frozenset({Kind.LOAN_DISBURSE, Kind.PAYMENT, Kind.TRANSFER, Kind.WITHDRAWAL, Kind.MANDATE_RUN})


def incident_of_row(row: Any) -> Incident:
    """A row of the table as an incident."""
    values = {name: row[name] for name in Incident.__struct_fields__}
    for name in _INSTANTS:
        values[name] = None if values[name] is None else micros_of(values[name])
    values |= {"source": Source(row["source"]), "state": IncidentState(row["state"])}
    return Incident(**values)


def _named(found: Any) -> tuple[str, ...]:
    return tuple(sorted({one for one in found if one}))


def _instants(row: Any) -> dict[str, Any]:
    return {name: micros_of(value) if hasattr(value, "tzinfo") else value for name, value in row.items()}


def row_of_task(task: Task) -> tuple[Any, ...]:
    """A new task as `put_tasks` takes it."""
    return (
        task.id, task.kind, task.tier, task.about, task.incident, task.account, task.person,
        moment_of(task.created_at), moment_of(task.due_at),
    )  # fmt: skip


def _task(row: Any) -> Task:
    return msgspec.convert(_instants(row), Task)


def lifting_of_row(row: Any) -> LiftingRecord:
    """A row of the table as what was lifted."""
    values = {name: row[name] for name in LiftingRecord.__struct_fields__}
    values |= {"kind": LiftingKind(row["kind"]), "lifted_at": micros_of(row["lifted_at"])}
    for name in ("methods", "lifted", "placed", "effects", "devices"):
        values[name] = tuple(values[name])
    return LiftingRecord(**values)


def _revocation(row: Any) -> Revocation:
    return msgspec.convert(_instants(row), Revocation)
