"""The gate of an account, taken alone: no decision on it is under way until the transaction ends."""

from __future__ import annotations

from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.work import gate_of

QUERIES = Queries("gates.sql")


async def take_gate(connection: Any, account: str) -> None:
    """Wait for the decisions in flight, and keep the next ones waiting. Must be in a transaction."""
    assert connection.is_in_transaction(), "a gate is held until a transaction ends"
    await connection.execute(QUERIES.lock_gates, [gate_of(account)])
