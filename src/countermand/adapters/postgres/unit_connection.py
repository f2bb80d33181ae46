"""A unit's connection: rows that nothing in it asks for yet wait, and go together, a statement a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class UnitConnection:
    """A connection in a transaction that keeps the rows written `later` until they are needed, or the end.

    Whatever is asked of it sees what was written before: the rows go first. `beside` is the bare connection,
    for what has no part in rows that wait: it neither reads nor refers to their tables.
    """

    def __init__(self, connection: Any) -> None:
        self.beside = connection
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._named_by: dict[str, int] = {}

    def later(self, query: str, rows: Iterable[tuple[Any, ...]], *, named_by: int = 0) -> None:
        """Let a statement that takes columns wait with these rows, beside those that wait for it already.

        Statements go in the order in which they were first named. Of rows with the same first `named_by`
        columns the last one is written, and they are written in order, so that two units that write the same
        ones never wait for each other in a ring.
        """
        self._waiting.setdefault(query, []).extend(rows)
        self._named_by[query] = named_by

    async def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, {}
        for query, given in waiting.items():
            named_by = self._named_by[query]
            rows = sorted({row[:named_by]: row for row in given}.values()) if named_by else given
            if rows:
                await self.beside.execute(query, *map(list, zip(*rows, strict=True)))

    def is_in_transaction(self) -> bool:
        """Always, but for who took it out of its unit."""
        return bool(self.beside.is_in_transaction())

    async def fetch(self, query: str, *given: Any) -> Any:
        """All rows."""
        await self.flush()
        return await self.beside.fetch(query, *given)

    async def fetchrow(self, query: str, *given: Any) -> Any:
        """The first row, None where there is none."""
        await self.flush()
        return await self.beside.fetchrow(query, *given)

    async def fetchval(self, query: str, *given: Any) -> Any:
        """The first value of the first row."""
        await self.flush()
        return await self.beside.fetchval(query, *given)

    async def fetchmany(self, query: str, given: Iterable[Any]) -> Any:
        """The rows of each of several executions."""
        await self.flush()
        return await self.beside.fetchmany(query, given)

    async def execute(self, query: str, *given: Any) -> Any:
        """Nothing but what the server says of it."""
        await self.flush()
        return await self.beside.execute(query, *given)

    async def executemany(self, query: str, given: Iterable[Any]) -> None:
        """Once for each."""
        await self.flush()
        await self.beside.executemany(query, given)
