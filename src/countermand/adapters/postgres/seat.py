"""The seat of the one server that decides: a lock while it lives, an epoch that outlives it.

The lock refuses a second server at its start. Should the lock's connection break, another server may take the
seat. Taking it waits for every group in flight (a commit shares its accounts' gates until it has ended), and
every commit reads the epoch after it has its gates. So nothing of the old server's is committed
once the new one reads the record, also when the old one was killed and its backend was still committing.
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
from countermand.work import ALL_GATES

QUERIES = Queries("seat.sql")
SEAT_LOCK = 7_400_999
# A lost server's backend gives its gates back by then: no statement of ours takes longer than 30 seconds.
GATES_SECONDS_MAX = 40


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
        async with connection.transaction():
            await connection.execute(QUERIES.wait_for_gates, f"{GATES_SECONDS_MAX}s")
            await connection.execute(QUERIES.lock_gates, list(ALL_GATES))
            epoch = await connection.fetchval(QUERIES.take_epoch)
        yield Seat(connection, dsn, epoch)
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
