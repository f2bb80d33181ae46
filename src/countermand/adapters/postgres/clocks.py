"""Clocks, their spans, calendars and breaches in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import (
    Breach,
    CalendarVersion,
    Clock,
    ClockKind,
    ClockState,
    Extended,
    Reckoned,
    Span,
)
from countermand.work.tellings import told_breach, told_clock, told_made_good

QUERIES = Queries("clocks.sql")
# Spans that may be new or changed at once: the one that ends and the one that begins.
SPANS_CHANGED_MAX = 2


class PostgresClocks:
    """The clocks of all cases."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection
        self._versions: dict[str, str | None] = {}

    async def version(self, calendar: str) -> str | None:
        """The version of a calendar that is used now; asked for once in a transaction."""
        if calendar not in self._versions:
            found = await self._connection.beside.fetchval(QUERIES.calendar_version, calendar)
            self._versions[calendar] = found
        return self._versions[calendar]

    async def find_calendar(self, calendar: str, version: str) -> CalendarVersion | None:
        """What a version says."""
        terms = await self._connection.beside.fetchval(QUERIES.find_calendar, calendar, version)
        return None if terms is None else CalendarVersion(calendar, version, terms)

    async def use(self, calendar: CalendarVersion, now: int, by: str) -> bool:
        """Keep a version, and use it from now on; False where it is used already."""
        await self._connection.execute(QUERIES.lock_calendar, calendar.id)
        self._versions.pop(calendar.id, None)
        if await self.version(calendar.id) == calendar.version:
            return False
        await self._connection.execute(QUERIES.retire_calendar, calendar.id)
        given = (calendar.id, calendar.version, calendar.terms, moment_of(now), by)
        await self._connection.execute(QUERIES.use_calendar, *given)
        self._versions[calendar.id] = calendar.version
        return True

    async def add(self, clocks: Sequence[Clock]) -> list[Clock]:
        """Write new clocks; those of them that were not there already."""
        if not clocks:
            return []
        rows = await self._connection.fetch(QUERIES.add_clocks, [_row_of(clock) for clock in clocks])
        there = {row["id"] for row in rows}
        written = [clock for clock in clocks if clock.id in there]
        self._put_spans(written)
        self._connection.tell(told_clock(clock, whole=True) for clock in written)
        return written

    async def add_new(self, clocks: Sequence[Clock]) -> None:
        """Write clocks of a case that had none, at the unit's end."""
        self._connection.later(QUERIES.add_clocks, [(_row_of(clock),) for clock in clocks], must_be_new=True)
        self._put_spans(clocks)
        self._connection.tell(told_clock(clock, whole=True) for clock in clocks)

    async def lock(self, clocks: Collection[str]) -> list[Clock]:
        """The clocks of these ids with their spans, locked, in order of id."""
        return await self._clocks(await self._connection.fetch(QUERIES.lock_clocks, list(clocks)))

    async def lock_free(self, clocks: Collection[str]) -> list[Clock]:
        """Like `lock`, without those that somebody else has locked: it waits for nobody."""
        return await self._clocks(await self._connection.fetch(QUERIES.lock_free_clocks, list(clocks)))

    async def of_case(self, case: str) -> list[Clock]:
        """All clocks of a case with their spans, locked, in order of id."""
        return await self._clocks(await self._connection.fetch(QUERIES.lock_clocks_of_case, case))

    async def put(self, clocks: Sequence[Clock]) -> None:
        """Write what became of locked clocks."""
        if not clocks:
            return
        await self._connection.execute(
            QUERIES.put_clocks,
            [one.id for one in clocks],
            [one.policy_version for one in clocks],
            [one.calendar_version for one in clocks],
            [one.state.value for one in clocks],
            [moment_of(one.due_at) for one in clocks],
            [",".join(moment_of(at).isoformat() for at in one.warn_at) for one in clocks],
            [one.warned for one in clocks],
            [one.provisional for one in clocks],
            [msgspec.json.encode(one.extensions).decode() for one in clocks],
            [_moment(one.ended_at) for one in clocks],
            ["\x1f".join(one.ended_by) for one in clocks],
            [one.why for one in clocks],
        )
        self._put_spans(clocks)
        self._connection.tell(told_clock(clock, whole=False) for clock in clocks)

    async def breach(self, breaches: Sequence[Breach]) -> None:
        """Write what was not met in time; what is written already stays."""
        if breaches:
            rows = await self._connection.fetch(
                QUERIES.add_breaches,
                [one.clock for one in breaches],
                [one.case for one in breaches],
                [one.policy for one in breaches],
                [moment_of(one.due_at) for one in breaches],
                [moment_of(one.noted_at) for one in breaches],
                [one.owner for one in breaches],
                [one.cause for one in breaches],
            )
            written = {row["clock"] for row in rows}
            self._connection.tell(told_breach(one) for one in breaches if one.clock in written)

    async def made_good(self, clock: str, now: int) -> bool:
        """Write that a breached clock was met after all."""
        case = await self._connection.fetchval(QUERIES.make_good, clock, moment_of(now))
        if case is not None:
            self._connection.tell([told_made_good(clock, case, now)])
        return case is not None

    async def live(self, after: str, count_max: int) -> list[Reckoned]:
        """Clocks that run or are paused, behind an id, in order of id; nothing is locked."""
        rows = await self._connection.fetch(QUERIES.live_clocks, after, count_max)
        if not rows:
            return []
        spans = spans_by_clock(await self._connection.fetch(QUERIES.spans_between, after, rows[-1]["id"]))
        return [
            Reckoned(
                name,
                policy,
                calendar,
                micros_of(started_at),
                extended,
                micros_of(due_at),
                tuple([micros_of(at) for at in warn_at]),
                provisional,
                spans.get(name, ()),
            )
            for name, policy, calendar, started_at, due_at, warn_at, provisional, extended in rows
        ]

    async def _clocks(self, rows: Sequence[Any]) -> list[Clock]:
        if not rows:
            return []
        ids = [row["id"] for row in rows]
        spans = spans_by_clock(await self._connection.fetch(QUERIES.spans_of_clocks, ids))
        return [clock_of_row(row, spans.get(row["id"], ())) for row in rows]

    def _put_spans(self, clocks: Sequence[Clock]) -> None:
        rows = (
            (clock.id, number, span.ball.value, moment_of(span.begins), _moment(span.ends), span.reason)
            for clock in clocks
            for number, span in list(enumerate(clock.spans))[-SPANS_CHANGED_MAX:]
        )
        self._connection.later(QUERIES.put_spans, rows, named_by=2)


def _row_of(clock: Clock) -> tuple[Any, ...]:
    """A clock as a row of its table."""
    return (
        clock.id,
        clock.case,
        clock.policy,
        clock.policy_version,
        clock.calendar,
        clock.calendar_version,
        clock.kind.value,
        clock.owner,
        moment_of(clock.started_at),
        clock.state.value,
        moment_of(clock.due_at),
        [moment_of(at) for at in clock.warn_at],
        clock.warned,
        clock.provisional,
        msgspec.to_builtins(clock.extensions),
        _moment(clock.ended_at),
        list(clock.ended_by),
        clock.why,
    )


def clock_of_row(row: Any, spans: tuple[Span, ...]) -> Clock:
    """A row of the table, with these spans, as a clock."""
    return Clock(
        id=row["id"],
        case=row["case_id"],
        policy=row["policy"],
        policy_version=row["policy_version"],
        calendar=row["calendar"],
        calendar_version=row["calendar_version"],
        kind=ClockKind(row["kind"]),
        owner=row["owner"],
        started_at=micros_of(row["started_at"]),
        state=ClockState(row["state"]),
        due_at=micros_of(row["due_at"]),
        warn_at=tuple(micros_of(at) for at in row["warn_at"]),
        warned=row["warned"],
        provisional=row["provisional"],
        spans=spans,
        extensions=tuple(Extended(*one) for one in row["extensions"]),
        ended_at=_micros(row["ended_at"]),
        ended_by=tuple(row["ended_by"]),
        why=row["why"],
    )


def spans_by_clock(rows: Sequence[Any]) -> dict[str, tuple[Span, ...]]:
    """Rows of spans, each clock's in order."""
    found: dict[str, tuple[Span, ...]] = {}
    for clock, ball, begins_at, ends_at, reason in rows:
        span = Span(Ball(ball), micros_of(begins_at), _micros(ends_at), reason)
        found[clock] = (*found.get(clock, ()), span)
    return found


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment_of(at)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros_of(at)
