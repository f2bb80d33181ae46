"""A unit's connection: rows that nothing in it asks for yet wait, and go together, in one statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from countermand.work.record import Outdated
from countermand.work.tellings import Telling

_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(slots=True)
class _Waiting:
    named_by: int
    must_be_new: bool
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def columns(self) -> list[list[Any]]:
        rows = self.rows
        if self.named_by:
            rows = sorted({row[: self.named_by]: row for row in rows}.values())
        return list(map(list, zip(*rows, strict=True)))


class UnitConnection:
    """A connection in a transaction that keeps the rows written `later` until they are needed, or the end.

    Whatever is asked of it sees what was written before: the rows go first. `beside` is the bare connection,
    for what has no part in rows that wait: it neither reads nor refers to their tables.
    """

    def __init__(self, connection: Any) -> None:
        self.beside = connection
        self.tellings: list[Telling] = []
        self._waiting: dict[str, _Waiting] = {}
        self._following: dict[str, _Waiting] = {}

    def tell(self, tellings: Iterable[Telling]) -> None:
        """Let the facts of this unit tell what became of rows."""
        self.tellings += tellings

    def later(
        self,
        query: str,
        rows: Iterable[tuple[Any, ...]],
        *,
        named_by: int = 0,
        must_be_new: bool = False,
        follows: bool = False,
    ) -> None:
        """Let a statement that writes columns wait with these rows, beside those that wait for it already.

        All that waits is written as one statement, whose parts see nothing of each other but may refer to
        each other's rows; one that `follows` is carried out behind it, and sees them. Of rows with the same
        first `named_by` columns the last one is written, and they are written in order, so that two units
        that write the same ones never wait for each other in a ring. With `must_be_new` the statement gives
        back the rows it has written; where one is missing, the unit cannot end.
        """
        waiting = self._following if follows else self._waiting
        if query not in waiting:
            waiting[query] = _Waiting(named_by, must_be_new)
        waiting[query].rows.extend(rows)

    async def flush(self) -> None:
        """Write what waits. Raises Outdated where somebody else has written what had to be new."""
        waiting = sorted(
            ((query, one) for query, one in self._waiting.items() if one.rows), key=lambda item: item[0]
        )
        following, self._waiting, self._following = self._following, {}, {}
        if waiting:
            columns = [one.columns() for _, one in waiting]
            parts = tuple((query, len(given)) for (query, _), given in zip(waiting, columns, strict=True))
            new = tuple(place for place, (_, one) in enumerate(waiting) if one.must_be_new)
            given = [column for one in columns for column in one]
            written = await self.beside.fetchrow(_together(parts, new), *given)
            if tuple(written) != tuple(len(waiting[place][1].rows) for place in new):
                raise Outdated
        for query, one in following.items():
            if one.rows:
                await self.beside.execute(query, *one.columns())

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


@lru_cache(maxsize=256)  # what units write together is of few kinds
def _together(parts: Sequence[tuple[str, int]], counted: Sequence[int]) -> str:
    """One statement of several, each with so many parameters; it gives back how many rows some have written.

    >>> print(_together((("INSERT INTO a SELECT $1", 1), ("INSERT INTO b SELECT $1 RETURNING id;", 1)), (1,)))
    WITH part_0 AS (
    INSERT INTO a SELECT $1
    ), part_1 AS (
    INSERT INTO b SELECT $2 RETURNING id
    )
    SELECT (SELECT count(*) FROM part_1)
    """
    texts, before = [], 0
    for place, (query, parameters) in enumerate(parts):
        texts.append(f"part_{place} AS (\n{_renumbered(query.rstrip().rstrip(';'), before)}\n)")
        before += parameters
    counts = ", ".join(f"(SELECT count(*) FROM part_{place})" for place in counted)  # noqa: S608 - a number
    return f"WITH {', '.join(texts)}\nSELECT {counts}"


def _renumbered(query: str, by: int) -> str:
    return _PARAMETER.sub(lambda match: f"${int(match[1]) + by}", query)
