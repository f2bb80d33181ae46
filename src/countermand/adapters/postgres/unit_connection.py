"""A unit's connection: rows that nothing in it asks for yet wait, and go together, a statement a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from countermand.work.record import Outdated


@dataclass(slots=True)
class _Waiting:
    rank: int
    named_by: int
    must_be_new: bool
    rows: list[tuple[Any, ...]] = field(default_factory=list)


# Rows go before those that refer to them: cases, what came in for cases, everything else.
CASES_RANK, INBOUND_RANK, OTHER_RANK = range(3)


class UnitConnection:
    """A connection in a transaction that keeps the rows written `later` until they are needed, or the end.

    Whatever is asked of it sees what was written before: the rows go first. `beside` is the bare connection,
    for what has no part in rows that wait: it neither reads nor refers to their tables.
    """

    def __init__(self, connection: Any) -> None:
        self.beside = connection
        self._waiting: dict[str, _Waiting] = {}

    def later(
        self,
        query: str,
        rows: Iterable[tuple[Any, ...]],
        *,
        rank: int = OTHER_RANK,
        named_by: int = 0,
        must_be_new: bool = False,
    ) -> None:
        """Let a statement that takes columns wait with these rows, beside those that wait for it already.

        Statements go by rank, then in the order in which they were first named. Of rows with the same first
        `named_by` columns the last one is written, and they are written in order, so that two units that
        write the same ones never wait for each other in a ring. With `must_be_new` the statement gives back
        the rows it has written; where one is missing, the unit cannot end.
        """
        waiting = self._waiting.get(query)
        if waiting is None:
            waiting = self._waiting[query] = _Waiting(rank, named_by, must_be_new)
        waiting.rows.extend(rows)

    async def flush(self) -> None:
        """Write what waits. Raises Outdated where somebody else has written what had to be new."""
        waiting, self._waiting = self._waiting, {}
        for query, one in sorted(waiting.items(), key=lambda item: item[1].rank):
            rows, named_by = one.rows, one.named_by
            if named_by:
                rows = sorted({row[:named_by]: row for row in rows}.values())
            if not rows:
                continue
            columns = map(list, zip(*rows, strict=True))
            if not one.must_be_new:
                await self.beside.execute(query, *columns)
            elif len(await self.beside.fetch(query, *columns)) < len(rows):
                raise Outdated

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
