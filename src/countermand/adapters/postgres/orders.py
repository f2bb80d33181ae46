"""Standing orders in PostgreSQL, placed and lifted behind the account's gate."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.gates import take_gate
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.told import Teller
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.orders import DESK, Measure, Order
from countermand.vocabulary.parties import Freeze, Lifted
from countermand.work.tellings import Telling, told_lifted, told_order

QUERIES = Queries("orders.sql")


class PostgresOrders:
    """The standing orders of the database."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool
        self._teller = Teller()

    async def freeze(self, account: str, freeze: Freeze, actor: str, fact: Fact) -> Freeze:
        """Place a freeze unless one binds already; returns the one that binds after the commit."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                await take_gate(connection, account)
                active = await connection.fetchrow(QUERIES.active_freeze, account)
                if active is not None:
                    return Freeze(active["id"], active["reason"], micros_of(active["placed_at"]))
                moved = await connection.fetchrow(QUERIES.move_guard, account)
                placed_at = moment_of(freeze.placed_at)
                await connection.execute(
                    QUERIES.place_freeze, freeze.order, account, freeze.reason, placed_at, actor
                )
                about = msgspec.structs.replace(fact, subject=str(moved["handle"]))
                order = Order(
                    id=freeze.order,
                    measure=Measure.FREEZE,
                    account=account,
                    code=DESK,
                    placed_at=freeze.placed_at,
                    placed_by=actor,
                )
                await self._tell(connection, about, told_order(order, freeze.reason), guard=moved["guard"])
        return freeze

    async def lift(self, account: str, at: int, actor: str, fact: Fact) -> Lifted:
        """Lift the active freeze, and say what else keeps the account frozen."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                await take_gate(connection, account)
                row = await connection.fetchrow(QUERIES.lift_freeze, account, moment_of(at), actor)
                order: str | None = None if row is None else row["id"]
                if order is not None:
                    moved = await connection.fetchrow(QUERIES.move_guard, account)
                    about = msgspec.structs.replace(fact, subject=str(moved["handle"]))
                    told = told_lifted(order, micros_of(row["placed_at"]), at, actor)
                    await self._tell(connection, about, told, order=order, guard=moved["guard"])
                incident = await connection.fetchval(QUERIES.freezing_incident, account, moment_of(at))
        return Lifted(order, incident)

    async def _tell(self, connection: Any, fact: Fact, telling: Telling, **more: Any) -> None:
        whole = msgspec.structs.replace(fact, body={**fact.body, **more})
        for one in await self._teller.told(connection, [whole], [telling]):
            await append_fact(connection, one)
