"""Raises of holders' own limits in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.containment.own_limits import CHANGES_TRUST
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.orders import OWN_CAUSES
from countermand.vocabulary.own_limits import LimitRaise, RaiseState
from countermand.work.tellings import told_raise

QUERIES = Queries("own_limits.sql")
# What a lifting leaves behind is no new containment.
_HARMLESS = sorted({*OWN_CAUSES, "recovering"})


class PostgresOwnLimits:
    """The raises; whoever changes them has taken the account's gate."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def waiting(self, account: str) -> LimitRaise | None:
        """The raise of an account that waits."""
        row = await self._connection.beside.fetchrow(QUERIES.waiting_raise, account)
        return None if row is None else raise_of_row(row)

    async def find(self, raises: Collection[str]) -> list[LimitRaise]:
        """Those of these raises that wait."""
        rows = await self._connection.fetch(QUERIES.waiting_raises, list(raises))
        return [raise_of_row(row) for row in rows]

    async def put(self, one: LimitRaise) -> None:
        """Write a raise, new or changed."""
        await self._connection.execute(
            QUERIES.put_raise,
            one.id,
            one.account,
            one.order,
            None if one.limit is None else one.limit.minor,
            None if one.limit is None else one.limit.currency,
            one.confirmation,
            moment_of(one.asked_at),
            one.asked_by,
            moment_of(one.binds_at),
            one.state.value,
            None if one.ended_at is None else moment_of(one.ended_at),
            one.ended_by,
            one.why,
        )
        self._connection.tell([told_raise(one)])

    async def trust_changed_at(self, account: str, since: int) -> int | None:
        """When a device, a credential or a contact of an account last changed since an instant."""
        kinds = sorted(kind.value for kind in CHANGES_TRUST)
        moment = await self._connection.fetchval(QUERIES.trust_changed, account, moment_of(since), kinds)
        return None if moment is None else micros_of(moment)

    async def contained_since(self, account: str, since: int) -> bool:
        """Whether somebody else has placed an order on the account since."""
        found = await self._connection.fetchval(QUERIES.contained_since, account, moment_of(since), _HARMLESS)
        return bool(found)


def raise_of_row(row: Any) -> LimitRaise:
    """A row of the table as a raise."""
    minor, currency, ended_at = row["amount_minor"], row["currency"], row["ended_at"]
    return LimitRaise(
        id=row["id"],
        account=row["account"],
        order=row["standing_order"],
        limit=None if minor is None else Amount(minor, currency),
        confirmation=row["confirmation"],
        asked_at=micros_of(row["asked_at"]),
        asked_by=row["asked_by"],
        binds_at=micros_of(row["binds_at"]),
        state=RaiseState(row["state"]),
        ended_at=None if ended_at is None else micros_of(ended_at),
        ended_by=row["ended_by"],
        why=row["why"],
    )
