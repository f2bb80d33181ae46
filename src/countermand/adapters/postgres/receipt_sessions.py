"""Portal sessions of receipts in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.cases.receipt_session_ports import ReceiptSession
from countermand.kernel.clock import micros_of, moment_of

QUERIES = Queries("receipt_sessions.sql")


class PostgresReceiptSessions:
    """Sessions by the digest of their token."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def begin(self, session: ReceiptSession) -> None:
        """Write a new one; what is over goes, a hundred at a time."""
        begun = moment_of(session.begun_at)
        await self._connection.execute(
            QUERIES.begin_receipt_session, session.token, session.case, session.turn, session.shared,
            session.fresh, begun, moment_of(session.idle_ends_at), moment_of(session.ends_at),
        )  # fmt: skip
        await self._connection.execute(QUERIES.drop_receipt_sessions, begun)

    async def enter(
        self, token: bytes, now: int, idle_micros: int, shared_idle_micros: int
    ) -> ReceiptSession | None:
        """The session, if it goes on, and kept open for so long."""
        idle, shared_idle = (timedelta(microseconds=one) for one in (idle_micros, shared_idle_micros))
        row = await self._connection.fetchrow(
            QUERIES.enter_receipt_session, token, moment_of(now), idle, shared_idle
        )
        return None if row is None else _session(token, row)

    async def look(self, token: bytes, now: int) -> ReceiptSession | None:
        """The session, if it goes on."""
        row = await self._connection.fetchrow(QUERIES.look_receipt_session, token, moment_of(now))
        return None if row is None else _session(token, row)

    async def settle(self, token: bytes) -> None:
        """Its holder has saved the secret."""
        await self._connection.execute(QUERIES.settle_receipt_session, token)

    async def end(self, token: bytes) -> None:
        """Forget it."""
        await self._connection.execute(QUERIES.end_receipt_session, token)

    async def end_of_case(self, case: str) -> None:
        """Forget every one of a case."""
        await self._connection.execute(QUERIES.end_receipt_sessions_of_case, case)


def _session(token: bytes, row: Any) -> ReceiptSession:
    return ReceiptSession(
        token=token,
        case=row["case_id"],
        turn=row["turn"],
        shared=row["shared"],
        fresh=row["fresh"],
        begun_at=micros_of(row["begun_at"]),
        idle_ends_at=micros_of(row["idle_ends_at"]),
        ends_at=micros_of(row["ends_at"]),
    )
