"""Holds in PostgreSQL: locked, moved on, and read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.holds import Hold, HoldState, Need

QUERIES = Queries("holds.sql")
COLUMNS = Hold.__struct_fields__


class PostgresHolds:
    """The holds, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def lock(self, operations: Collection[str]) -> list[Hold]:
        """The holds of these operations, locked, in order of id."""
        rows = await self._connection.fetch(QUERIES.lock_holds, list(operations))
        return [hold_of_row(row) for row in rows]

    async def of_account(self, account: str, state: HoldState) -> list[Hold]:
        """The holds of an account in a state, locked, in order of id."""
        rows = await self._connection.fetch(QUERIES.account_holds, account, state.value)
        return [hold_of_row(row) for row in rows]

    async def put(self, holds: Sequence[Hold]) -> None:
        """Write what became of locked holds."""
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
