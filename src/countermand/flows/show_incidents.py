"""Look at what was contained, at what people must do, and at which sessions were ended."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.containment.ports import IncidentFound
from countermand.containment.preview import scope_of
from countermand.containment.standing import session_revoked
from countermand.flows.incident_words import unknown_incident
from countermand.kernel.clock import Clock, micros_of, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.effects import EffectState
from countermand.vocabulary.facts import TASK_DONE, Fact
from countermand.vocabulary.incidents import LiftingRecord, Revocation, SessionQuestion, Task
from countermand.vocabulary.orders import Order
from countermand.work import Works

PAGE_ROWS_MAX = 500


class IncidentShelf(Protocol):
    """What was written about incidents, as every process sees it; all raise Unavailable."""

    async def incident(self, incident: str) -> IncidentFound | None:
        """An incident, all its orders, its effects (of its liftings too) and its liftings."""
        ...

    async def tasks(self, done: bool, after: tuple[int, str], count_max: int) -> list[Task]:
        """Tasks by when they are due, behind (instant, id)."""
        ...

    async def revocations_since(self, seq: int, count_max: int) -> list[Revocation]:
        """The feed of ended sessions behind a number."""
        ...

    async def revocations_about(
        self, account: str | None, person: str | None, session: str | None, device: str | None
    ) -> list[Revocation]:
        """The ends of sessions that could be about this one."""
        ...


class IncidentHouse(Protocol):
    """What these stories need of the house."""

    @property
    def incidents(self) -> IncidentShelf: ...

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...


async def show_incident(house: IncidentHouse, incident_id: str) -> dict[str, Any]:
    """An incident: what was answered then, each order and effect as it stands now, how it was given back.

    Raises NotFound (`unknown_incident`), Unavailable.
    """
    found = await house.incidents.incident(incident_id)
    if found is None:
        raise unknown_incident(incident_id)
    incident = found.incident
    effects = {row["id"]: _effect(row) for row in found.effects}
    first = [effects[name] for name in incident.shown.get("effects", []) if name in effects]
    now = house.clock.now()
    async with house.works.open() as unit:
        binding = await unit.standing.of_incidents([incident.id])
    return {
        **incident.shown,
        "source": incident.source.value,
        "reason": incident.reason,
        "reference": incident.reference,
        "state": incident.state.value,
        "grade": incident.grade,
        "closed_at": None if incident.closed_at is None else rfc3339(incident.closed_at),
        "scope": scope_of(binding, now),
        "orders": [_order(row, binding) for row in found.orders],
        "effects": first,
        "outstanding": outstanding(first),
        "liftings": [_lifting(one, effects) for one in found.liftings],
    }


async def list_tasks(house: IncidentHouse, *, done: bool, after: str) -> dict[str, Any]:
    """Up to 500 tasks by when they are due; `next` goes on behind the last of them.

    Raises BadRequest (`invalid_request`) for an `after` that no page gave, Unavailable.
    """
    due_at, _, task = after.partition("~")
    if after and not (due_at.isascii() and due_at.isdigit() and len(due_at) <= 17):
        raise BadRequest(
            "invalid_request",
            "after is the `next` of the page before (field after).",
            "after 应为上一页给出的 next（字段 after）。",
            field="after",
        )
    rows = await house.incidents.tasks(done, (int(due_at or 0), task), PAGE_ROWS_MAX)
    last = rows[-1] if len(rows) == PAGE_ROWS_MAX else None
    return {
        "tasks": [shown_task(task) for task in rows],
        "next": None if last is None else f"{last.due_at}~{last.id}",
    }


async def finish_task(
    house: IncidentHouse, task_id: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """A task is done; again: as the first time. Raises NotFound (`unknown_task`), Unavailable."""
    now = house.clock.now()
    async with house.works.open() as unit:
        task = await unit.incident_record.end_task(task_id, now, actor)
        if task is None:
            raise NotFound(
                "unknown_task", f"No task {task_id} is known.", f"没有任务 {task_id}。", task=task_id
            )
        if task.done_at == now:
            await unit.note([Fact(now, TASK_DONE, {"task": task.id, "actor": actor}, None, trace)])
    return shown_task(task)


async def sessions_since(house: IncidentHouse, since: int) -> dict[str, Any]:
    """The feed: ended sessions behind a number, up to 500; ask again with `next`. Raises Unavailable."""
    rows = await house.incidents.revocations_since(since, PAGE_ROWS_MAX)
    return {"revoked": [shown_revocation(one) for one in rows], "next": rows[-1].seq if rows else since}


async def check_session(house: IncidentHouse, question: SessionQuestion) -> dict[str, Any]:
    """Whether a session may act now, asked for each of its requests; every process answers the same.

    Raises BadRequest (`invalid_session`) where it names neither an account nor a person, Unavailable.
    """
    if question.account is None and question.person is None:
        raise BadRequest(
            "invalid_session",
            "A session belongs to an account or a person; name one.",
            "会话属于某个账户或个人；请指明。",
            field="account",
        )
    begun = None if question.begun_at is None else micros_of(question.begun_at)
    found = await house.incidents.revocations_about(
        question.account, question.person, question.session, question.device
    )
    for one in found:
        if session_revoked(question.session, question.device, begun, one):
            return {"active": False, "revocation": shown_revocation(one)}
    return {"active": True, "revocation": None}


def shown_task(task: Task) -> dict[str, Any]:
    """A task as doors show it."""
    return {
        "task": task.id,
        "kind": task.kind,
        "tier": task.tier,
        "about": task.about,
        "incident": task.incident,
        "account": task.account,
        "person": task.person,
        "created_at": rfc3339(task.created_at),
        "due_at": rfc3339(task.due_at),
        "done_at": None if task.done_at is None else rfc3339(task.done_at),
        "done_by": task.done_by,
    }


def shown_revocation(one: Revocation) -> dict[str, Any]:
    """The end of sessions as doors show it."""
    return {
        "number": one.seq,
        "incident": one.incident,
        "account": one.account,
        "person": one.person,
        "session": one.session,
        "device": one.device,
        "begun_before": None if one.begun_before is None else rfc3339(one.begun_before),
        "revoked_at": rfc3339(one.revoked_at),
    }


def _order(row: Any, binding: list[Order]) -> dict[str, Any]:
    instants = {
        name: None if row[name] is None else rfc3339(row[name])
        for name in ("placed_at", "ends_at", "lifted_at")
    }
    return {
        "order": row["id"],
        "measure": row["kind"],
        "account": row["account"],
        "person": row["person"],
        "values": list(row["named"]),
        **instants,
        "lifted_by": row["lifted_by"],
        "binds": any(order.id == row["id"] for order in binding),
    }


def outstanding(effects: list[dict[str, Any]]) -> list[str]:
    """Those that are not done: still tried, or refused for good."""
    return [one["effect"] for one in effects if one["state"] != EffectState.DONE]


def _lifting(one: LiftingRecord, effects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    its = [effects[name] for name in one.effects if name in effects]
    return {
        "kind": one.kind.value,
        "grade": one.grade,
        "lifted_at": rfc3339(one.lifted_at),
        "lifted_by": one.lifted_by,
        "methods": list(one.methods),
        "reason": one.reason,
        "reference": one.reference,
        "lifted": list(one.lifted),
        "placed": list(one.placed),
        "effects": its,
        "outstanding": outstanding(its),
        "devices": list(one.devices),
    }


def _effect(row: Any) -> dict[str, Any]:
    return {
        "effect": row["id"],
        "port": row["port"],
        "action": row["action"],
        "state": row["state"],
        "attempts": row["attempts"],
        "ended_at": None if row["ended_at"] is None else rfc3339(row["ended_at"]),
    }
