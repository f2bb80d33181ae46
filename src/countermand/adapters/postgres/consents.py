"""Receipts of consent and proofs in PostgreSQL: written once, never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.confirmations import ConsentReceipt, Proof

QUERIES = Queries("consents.sql")


class PostgresConsents:
    """The receipts, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def receipts_for(self, operations: Collection[str]) -> Mapping[str, ConsentReceipt]:
        """The receipts of those operations that have one."""
        rows = await self._connection.fetch(QUERIES.receipts_of, list(operations))
        return {row["operation"]: receipt_of_row(row) for row in rows}

    async def keep(self, receipt: ConsentReceipt) -> ConsentReceipt:
        """Keep a receipt; the one that is kept: this one, or an earlier one of the same operation."""
        values = [getattr(receipt, name) for name in ConsentReceipt.__struct_fields__]
        values[ConsentReceipt.__struct_fields__.index("given_at")] = moment_of(receipt.given_at)
        row = await self._connection.fetchrow(QUERIES.keep_receipt, *values, receipt.digest)
        if row is None:  # somebody else kept one in this very moment, and the statement could not see it yet
            (row,) = await self._connection.fetch(QUERIES.receipts_of, [receipt.operation])
        return receipt_of_row(row)


class PostgresProofs:
    """Passed challenges, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def proofs_for(self, operation: str) -> list[Proof]:
        """All that were passed for an operation, in order of time."""
        rows = await self._connection.fetch(QUERIES.proofs_of, operation)
        return [_proof_of_row(row) for row in rows]

    async def keep(self, proof: Proof) -> None:
        """Keep a proof; one that is kept already stays as it is."""
        values = {name: getattr(proof, name) for name in Proof.__struct_fields__}
        values.update(factors=list(proof.factors), given_at=moment_of(proof.given_at))
        await self._connection.execute(QUERIES.keep_proof, *values.values())


def _proof_of_row(row: Any) -> Proof:
    values = {name: row[name] for name in Proof.__struct_fields__}
    values.update(factors=tuple(values["factors"]), given_at=micros_of(values["given_at"]))
    return Proof(**values)


def receipt_of_row(row: Any) -> ConsentReceipt:
    """A row of the table as a receipt of consent."""
    values = {name: row[name] for name in ConsentReceipt.__struct_fields__}
    values["given_at"] = micros_of(values["given_at"])
    return ConsentReceipt(**values)
