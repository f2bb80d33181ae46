"""The seat of the one server that decides: a lock while it lives, an epoch that outlives it.

The lock refuses a second server at its start. Should the lock's connection break, another server may take the
seat; every group reads the epoch inside its transaction, so whoever was replaced cannot commit any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import AWAY
from countermand.adapters.postgres.pool import connect
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.errors import SetupError

QUERIES = Queries("seat.sql")
SEAT_LOCK = 7_400_999


class Seat:
    """Held while its connection lives."""

    def __init__(self, connection: asyncpg.Connection[Any], dsn: str, epoch: int) -> None:
        self._connection, self._dsn, self.epoch = connection, dsn, epoch

    async def readiness(self) -> dict[str, bool]:
        """`database`: it answers. `epoch`: no other server has taken over."""
        try:
            if self._connection.is_closed():
                self._connection = await connect(self._dsn, application_name="countermand seat")
                await self._connection.fetchval(QUERIES.try_seat, SEAT_LOCK)
            found = await self._connection.fetchval(QUERIES.read_epoch)
        except (*AWAY, asyncpg.PostgresError):
            return {"database": False, "epoch": False}
        return {"database": True, "epoch": found == self.epoch}


@asynccontextmanager
async def take_seat(dsn: str) -> AsyncIterator[Seat]:
    """Be the one server that decides. Raises SetupError (`database_in_use`)."""
    connection = await connect(dsn, application_name="countermand seat")
    try:
        if not await connection.fetchval(QUERIES.try_seat, SEAT_LOCK):
            raise in_use()
        seat = Seat(connection, dsn, await connection.fetchval(QUERIES.take_epoch))
        yield seat
    finally:
        await connection.close(timeout=5)


async def seat_is_taken(dsn: str) -> bool:
    """Whether a deciding server holds the seat; False where the database does not answer."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            return bool(await connection.fetchval(QUERIES.seat_taken, SEAT_LOCK))
        finally:
            await connection.close()
    except (*AWAY, asyncpg.PostgresError):
        return False


def in_use() -> SetupError:
    """The refusal of a second server, with the reason and the remedy."""
    return SetupError(
        "database_in_use",
        "Another server decides on this database already. Features live in its memory, so a second one "
        "would not see its operations: stop the other server first, or give this one its own --data-dir "
        "or database.",
        "已有另一台服务器在该数据库上决策。特征保存在其内存中，第二台服务器看不到这些操作："
        "请先停止另一台服务器，或为本服务器指定单独的 --data-dir 或数据库。",
    )
