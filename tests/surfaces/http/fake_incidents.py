"""Units of work in memory, as far as containment needs them: one dictionary a table, no transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from countermand.vocabulary.incidents import Incident, Revocation, Seen, Task
from countermand.vocabulary.orders import Order


class FakeBooks:
    """Every book of a unit, and the shelf that doors read."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.incidents_by_id: dict[str, Incident] = {}
        self.tasks_by_id: dict[str, Task] = {}
        self.revocations: list[Revocation] = []
        self.holds = self.timers = self.effects = self.standing = self.incidents = self
        self.incident_record = self

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        yield self

    async def nothing(self, *_: Any) -> Any:
        return []

    gate = note = of_account = set = request_evidence = unbind = open_holds = nothing
    revocations_about = nothing

    async def lock(self, ids: Any) -> list[Any]:
        return [self.incidents_by_id[one] for one in ids if one in self.incidents_by_id]

    async def handles(self, _keys: Any) -> dict[str, str]:
        return {}

    async def put(self, one: Any) -> None:
        if isinstance(one, Incident):
            self.incidents_by_id[one.id] = one

    async def by_key(self, actor: str, key: str) -> Incident | None:
        found = (one for one in self.incidents_by_id.values() if (one.placed_by, one.key) == (actor, key))
        return next(found, None)

    async def linked(self, incident: str) -> list[Incident]:
        return [self.incidents_by_id[incident]] if incident in self.incidents_by_id else []

    async def police_stops(self, account: str, reference: str) -> int:
        stops = [(one.account, one.reference) for one in self.incidents_by_id.values() if one.reference]
        return stops.count((account, reference))

    async def seen(self, *_: Any) -> Seen:
        return Seen()

    async def place(self, orders: Any, _reason: str) -> None:
        self.orders |= {order.id: order for order in orders}

    async def on(self, subjects: Any) -> list[Order]:
        return [order for order in self.orders.values() if order.subject in subjects]

    async def find(self, orders: Any) -> list[Order]:
        return [self.orders[one] for one in orders if one in self.orders]

    async def of_incidents(self, incidents: Any) -> list[Order]:
        return [order for order in self.orders.values() if order.incident in incidents]

    async def lift(self, orders: Any, _at: int, _actor: str) -> list[Order]:
        return [self.orders.pop(one) for one in orders if one in self.orders]

    async def revoke_sessions(self, revocations: Any) -> None:
        self.revocations += [
            msgspec.structs.replace(one, seq=len(self.revocations) + number)
            for number, one in enumerate(revocations, 1)
        ]

    async def revocations_since(self, seq: int, count_max: int) -> list[Revocation]:
        return self.revocations[seq : seq + count_max]

    async def put_tasks(self, tasks: Any) -> None:
        self.tasks_by_id |= {task.id: task for task in tasks}

    async def tasks(self, done: bool, _after: Any, count_max: int) -> list[Task]:
        return [task for task in self.tasks_by_id.values() if (task.done_at is not None) == done][:count_max]

    async def end_task(self, task: str, at: int, actor: str) -> Task | None:
        if task in self.tasks_by_id and self.tasks_by_id[task].done_at is None:
            ended = msgspec.structs.replace(self.tasks_by_id[task], done_at=at, done_by=actor)
            self.tasks_by_id[task] = ended
        return self.tasks_by_id.get(task)

    async def incident(self, incident: str) -> Any:
        found = self.incidents_by_id.get(incident)
        return None if found is None else (found, [], [])
