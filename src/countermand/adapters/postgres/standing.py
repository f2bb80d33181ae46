"""Standing orders of every measure, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from countermand.adapters.postgres.profiles import orders_of
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.kernel.clock import moment_of
from countermand.vocabulary.orders import Order, Subject
from countermand.vocabulary.subject_keys import subject_key
from countermand.work.tellings import told_lifted, told_order

QUERIES = Queries("standing.sql")


class PostgresStanding:
    """The orders; whoever changes them has taken the gates of their subjects."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def on(self, subjects: Collection[Subject]) -> list[Order]:
        """The orders on these subjects that were not lifted, plain freezes too, the oldest first."""
        return await self._orders(QUERIES.orders_on, [subject_key(one) for one in subjects])

    async def find(self, orders: Collection[str]) -> list[Order]:
        """Those of these orders that were not lifted."""
        return await self._orders(QUERIES.orders_by_id, list(orders))

    async def of_incidents(self, incidents: Collection[str]) -> list[Order]:
        """The orders of these incidents that were not lifted."""
        return await self._orders(QUERIES.orders_of_incidents, list(incidents))

    async def place(self, orders: Sequence[Order], reason: str) -> None:
        """Write new orders and move the guards of their subjects."""
        rows = (
            (
                one.id, one.account, one.person, one.measure.value, reason, moment_of(one.placed_at),
                one.placed_by, msgspec.json.encode(one.values).decode(), _moment(one.begun_before),
                None if one.amount_limit is None else one.amount_limit.minor,
                None if one.amount_limit is None else one.amount_limit.currency,
                one.code, _moment(one.ends_at), one.incident,
            )
            for one in orders
        )  # fmt: skip
        self._connection.later(QUERIES.place_orders, rows)
        self._connection.tell(told_order(one, reason) for one in orders)
        await self._move_guards(orders)

    async def lift(self, orders: Collection[str], at: int, actor: str) -> list[Order]:
        """Lift those of these orders that were not lifted, and move the guards; the lifted ones."""
        found = await self.find(orders)
        if found:
            await self._connection.execute(
                QUERIES.lift_orders, [order.id for order in found], moment_of(at), actor
            )
            await self._move_guards(found)
            self._connection.tell(told_lifted(order.id, order.placed_at, at, actor) for order in found)
        return found

    async def _move_guards(self, orders: Sequence[Order]) -> None:
        accounts = sorted({order.account for order in orders if order.account is not None})
        others = sorted({subject_key(order.subject) for order in orders if order.account is None})
        if accounts:
            await self._connection.beside.execute(QUERIES.move_account_guards, accounts)
        if others:
            await self._connection.beside.execute(QUERIES.move_subject_guards, others)

    async def _orders(self, query: str, keys: list[str]) -> list[Order]:
        rows = await self._connection.fetch(query, keys)
        return list(orders_of([row["body"] for row in rows]))


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment_of(at)
