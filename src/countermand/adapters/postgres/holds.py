"""Holds in PostgreSQL: locked, moved on, and read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.confirmation.permits import terms_of
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.banking import Booked
from countermand.vocabulary.holds import WITHOUT_EFFECT, Hold, HoldState, Need
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.work.tellings import told_hold

QUERIES, CONSENTS = Queries("holds.sql"), Queries("consents.sql")
COLUMNS = Hold.__struct_fields__
_OPERATION = msgspec.json.Decoder(Operation)


class PostgresHolds:
    """The holds, on a connection that is in a transaction."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def lock(self, operations: Collection[str]) -> list[Hold]:
        """The holds of these operations, locked, in order of id."""
        rows = await self._connection.fetch(QUERIES.lock_holds, list(operations))
        return [hold_of_row(row) for row in rows]

    async def lock_free(self, operations: Collection[str]) -> list[Hold]:
        """Like `lock`, without those that somebody else has locked."""
        rows = await self._connection.fetch(QUERIES.lock_free_holds, list(operations))
        return [hold_of_row(row) for row in rows]

    async def accounts(self, operations: Collection[str]) -> Mapping[str, str]:
        """The account of each of these operations that has a hold; nothing is locked."""
        rows = await self._connection.fetch(QUERIES.accounts_of_holds, list(operations))
        return {row["operation"]: row["account"] for row in rows}

    async def decisions(self, operations: Collection[str]) -> Mapping[str, str]:
        """The decision of each of these operations that has a hold."""
        rows = await self._connection.fetch(QUERIES.decisions_of_holds, list(operations))
        return {row["id"]: row["decision_id"] for row in rows}

    async def of_account(self, account: str, *states: HoldState) -> list[Hold]:
        """The holds of an account in these states, locked, in order of id."""
        rows = await self._connection.beside.fetch(
            QUERIES.account_holds, account, [state.value for state in states]
        )
        return [hold_of_row(row) for row in rows]

    async def put(self, holds: Sequence[Hold]) -> None:
        """Write what became of locked holds.

        What ended without taking effect no longer counts against its account's limits, in the same moment.
        """
        if holds:
            columns = [
                [hold.operation for hold in holds],
                [",".join(hold.met) for hold in holds],
                [moment_of(hold.until) for hold in holds],
                [moment_of(hold.expires_at) for hold in holds],
                [hold.state.value for hold in holds],
                [None if hold.ended_at is None else moment_of(hold.ended_at) for hold in holds],
                [hold.ended_by for hold in holds],
                [hold.cause for hold in holds],
            ]
            await self._connection.execute(QUERIES.write_holds, *columns)
            self._connection.tell(told_hold(hold, whole=False) for hold in holds)
        if back := [hold.operation for hold in holds if hold.state in WITHOUT_EFFECT]:
            await self._connection.execute(QUERIES.give_back, back)


class PostgresHoldShelf:
    """The holds to look at, each reading on its own."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def find(self, operation: str) -> Hold | None:
        """The hold of an operation. Raises Unavailable."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.hold_of_operation, operation)
        return None if row is None else hold_of_row(row)

    async def page(self, account: str | None, state: str | None, after: str, count_max: int) -> list[Hold]:
        """Holds behind an operation, in order of id. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.holds_page, account, state, after, count_max)
        return [hold_of_row(row) for row in rows]

    async def coming_to(self, account: str, kinds: Collection[str], count_max: int) -> list[Hold]:
        """Holds on their way to an account of this house, newest first. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.holds_to, account, list(kinds), count_max)
        return [hold_of_row(row) for row in rows]

    async def reserved(self, account: str, kinds: Collection[str]) -> Mapping[str, int]:
        """What the holds of an account of these kinds would still take: minor units by currency.

        Raises Unavailable.
        """
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.reserved_amounts, account, list(kinds))
        return {row["currency"]: row["amount_minor"] for row in rows}

    async def receipt(self, operation: str) -> bool:
        """Whether there is a receipt of consent. Raises Unavailable."""
        with away_is_unavailable():
            return bool(await self._pool.fetch(CONSENTS.receipts_of, [operation]))

    async def executed(self, after: str, count_max: int) -> list[Hold]:
        """Holds that were executed, behind an operation, in order of id. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.executed_page, after, count_max)
        return [hold_of_row(row) for row in rows]

    async def standings(self, operations: Collection[str]) -> Mapping[str, Booked]:
        """What stands here about those operations that were decided. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.standings_of_operations, list(operations))
        return {row["id"]: _booked_of_row(row) for row in rows}


def _booked_of_row(row: Any) -> Booked:
    terms = terms_of(_OPERATION.decode(row["body"]))
    return Booked(
        Outcome(row["outcome"]).word,
        row["state"],
        row["pending"],
        row["account"],
        terms.amount_minor,
        terms.currency,
        terms.counterparty,
    )


def row_of_hold(hold: Hold) -> tuple[Any, ...]:
    """A new hold as a row, in the order of COLUMNS."""
    values = {name: getattr(hold, name) for name in COLUMNS}
    for name in ("placed_at", "until", "expires_at"):
        values[name] = moment_of(values[name])
    return tuple({**values, "state": hold.state.value}.values())


def hold_of_row(row: Any) -> Hold:
    """A row of the table as a hold."""
    values = {name: row[name] for name in COLUMNS}
    for name in ("placed_at", "until", "expires_at", "ended_at"):
        values[name] = None if values[name] is None else micros_of(values[name])
    for name in ("needs", "met"):
        values[name] = tuple(Need(word) for word in values[name])
    values["state"] = HoldState(values["state"])
    return Hold(**values)
