"""Automatic debits in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from countermand.adapters.postgres.own_limits import PostgresOwnLimits
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.own_limits import MandateSeen, MandateTerms

QUERIES = Queries("mandates.sql")
MANDATES_MAX = 500
_INSTANTS = frozenset({"agreed_at", "run_at", "refused_at", "cancelled_at"})


class PostgresMandates:
    """The automatic debits of accounts, up to 500 of each."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def tell(self, terms: MandateTerms) -> bool:
        """Write what the institution tells of one; False where it told the same before."""
        written = await self._connection.fetchval(
            QUERIES.put_mandate,
            terms.account,
            terms.mandate,
            terms.payee,
            None if terms.at_most is None else terms.at_most.minor,
            None if terms.at_most is None else terms.at_most.currency,
            moment_of(terms.told_at),
            terms.told_by,
        )
        return written is not None

    async def told(self, account: str) -> list[MandateTerms]:
        """What the institution told."""
        rows = await self._connection.fetch(QUERIES.mandates_told, account, MANDATES_MAX)
        return [
            MandateTerms(
                account=row["account"],
                mandate=row["id"],
                payee=row["payee"],
                at_most=None if row["currency"] is None else Amount(row["amount_minor"], row["currency"]),
                told_at=micros_of(row["told_at"]),
                told_by=row["told_by"],
            )
            for row in rows
        ]

    async def seen(self, account: str) -> list[MandateSeen]:
        """What the record knows."""
        rows = await self._connection.fetch(QUERIES.mandates_seen, account, MANDATES_MAX)
        return [MandateSeen(**{name: _value(name, value) for name, value in row.items()}) for row in rows]

    async def named(self, operations: Collection[str]) -> Mapping[str, str]:
        """The mandates that these operations name."""
        rows = await self._connection.fetch(QUERIES.mandates_named, list(operations))
        return {row["id"]: row["mandate"] for row in rows if row["mandate"] is not None}


class PostgresHolderBook(PostgresOwnLimits, PostgresMandates):
    """What holders keep themselves, on one connection."""


def _value(name: str, value: Any) -> Any:
    return micros_of(value) if name in _INSTANTS and value is not None else value
