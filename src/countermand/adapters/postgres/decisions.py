"""Decisions in PostgreSQL: a group is one statement, so one round trip from here to durable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import AWAY, unavailable
from countermand.adapters.postgres.holds import row_of_hold
from countermand.adapters.postgres.journal import rows_of
from countermand.adapters.postgres.pool import CLOSE_SECONDS_MAX, connect
from countermand.adapters.postgres.profiles import account_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.told import Teller
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import SetupError
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.holds import HOLD_TIMER, Hold, first_look
from countermand.work import gate_of
from countermand.work.record import (
    DecidedRow,
    HistoryPart,
    HistoryRow,
    Known,
    LabelRow,
    Outdated,
    PastOperation,
    Recorded,
    RowRefused,
)

# One value holds the packed observations of so many numbers.
HISTORY_PART_NUMBERS = 4_096
LABELLED_CHUNK_ROWS = 20_000
# Advisory locks of two numbers: an epoch of the server, and a connection's number within it.
_EPOCHS = 2**31


class PostgresDecisions:
    """A DecisionStore over as many connections as there are lanes."""

    def __init__(self, dsn: str, lanes: int, epoch: int) -> None:
        self.epoch = epoch
        self._dsn = dsn
        self._queries = Queries("decisions.sql")
        self._teller = Teller()
        self._connections: list[asyncpg.Connection[Any] | None] = [None] * lanes
        self._numbers = [0] * lanes
        self._connected_times = 0
        self._lost: set[int] = set()
        self._seq_next: int | None = None

    async def close(self) -> None:
        """Close every lane's connection."""
        for connection in self._connections:
            if connection is not None:
                with suppress(*AWAY):  # a connection whose server was killed has nobody to say goodbye to
                    await connection.close(timeout=CLOSE_SECONDS_MAX)

    async def look_up(
        self, lane: int, guards: Mapping[str, int], ids: Collection[str], labelled: Collection[str]
    ) -> Known:
        queries = self._queries
        with self._answering(lane):
            connection = await self._connected(lane)
            rows = await connection.fetch(queries.look_up, list(guards), list(guards.values()), list(ids))
            past = await connection.fetch(queries.past_operations, list(labelled)) if labelled else []
        accounts, recorded = {}, {}
        for row in rows:
            if row["answer"] is not None:
                recorded[row["id"]] = Recorded(row["body_digest"], row["answer"])
            else:
                accounts[row["id"]] = account_of_row(row)
        return Known(accounts, recorded, {row["id"]: _past(row) for row in past})

    async def commit(
        self,
        lane: int,
        rows: Sequence[DecidedRow | LabelRow],
        guards: Mapping[str, int],
        facts: Sequence[Fact],
        holds: Sequence[Hold] = (),
    ) -> None:
        with self._answering(lane):
            connection = await self._connected(lane)
            first = self._seq_next
            if first is None:
                first = await connection.fetchval(self._queries.last_seq) + 1
            operations, labels = _records(rows, first)
            # A group is decided at one instant, so few moments serve all its facts.
            moments = {at: moment_of(at) for at in {fact.at for fact in facts}}
            journal = [(None, moments[f.at], f.kind, f.subject, f.body, f.trace) for f in facts]
            if holds:
                journal += rows_of(await self._teller.of_holds(connection, holds, facts))
            about = {*guards, *(row.operation_id for row in rows if isinstance(row, LabelRow))}
            end = await connection.fetchval(
                self._queries.commit_group,
                self.epoch,
                sorted({gate_of(one) for one in about}),  # in order, so that none can deadlock
                list(guards),
                list(guards.values()),
                operations,
                labels,
                journal,
                [row_of_hold(hold) for hold in holds],
                [(HOLD_TIMER, hold.operation, moment_of(first_look(hold))) for hold in holds],
            )
            if end == "recorded" and connection.is_in_transaction():  # behind its gates
                await connection.execute("COMMIT")
        if end == "fenced":
            raise fenced()
        if end == "outdated":
            raise Outdated
        assert end == "recorded", f"commit_group said {end}"
        self._seq_next = first + len(rows)

    @asynccontextmanager
    async def behind_gates(self, lane: int, keys: Collection[str]) -> AsyncIterator[None]:
        gates = sorted({gate_of(key) for key in keys})
        with self._answering(lane):
            opened = await self._connected(lane)
            await opened.execute("BEGIN")
            await opened.execute(self._queries.share_gates, gates)
        try:
            yield
        finally:
            connection = self._connections[lane]
            if connection is not None and connection.is_in_transaction():  # nothing was recorded
                with self._answering(lane):
                    await connection.execute("ROLLBACK")

    async def recorded(self, ids: Collection[str]) -> Mapping[str, Recorded]:
        lost = frozenset(self._lost)
        try:
            connection = await connect(self._dsn)
            try:
                async with connection.transaction():
                    for number in lost:
                        await connection.execute(self._queries.wait_for_end, self.epoch % _EPOCHS, number)
                    rows = await connection.fetch(self._queries.operations_recorded, list(ids))
            finally:
                await connection.close()
        except AWAY as error:
            raise unavailable(error) from error
        self._lost -= lost
        self._seq_next = None  # what was recorded after all has numbers too
        return {row["id"]: Recorded(row["body_digest"], row["answer"]) for row in rows}

    async def history(
        self, since: int, same_windows: Collection[int], after: int = 0
    ) -> AsyncIterator[HistoryPart]:
        queries = self._queries
        connection = await connect(self._dsn, statement_seconds_max=0)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                first, last = await connection.fetchrow(queries.history_span)
                for start in range(max(first or 0, after + 1), (last or 0) + 1, HISTORY_PART_NUMBERS):
                    span = moment_of(since), start, start + HISTORY_PART_NUMBERS, list(same_windows)
                    end, count, same, packed = await connection.fetchrow(queries.history_packed, *span)
                    if same:
                        yield HistoryPart(end or start, count, packed or b"", ())
                        continue
                    rows = await connection.fetch(queries.history_rows, *span)
                    yield HistoryPart(end, count, b"", [HistoryRow(*row) for row in rows])
        finally:
            await connection.close()

    async def labelled(
        self, since: int, fraud: Collection[bool], after: int = 0
    ) -> AsyncIterator[list[PastOperation]]:
        connection = await connect(self._dsn, statement_seconds_max=0)
        try:
            async with connection.transaction(readonly=True):
                cursor = await connection.cursor(
                    self._queries.labelled_operations, moment_of(since), list(fraud), after
                )
                while chunk := await cursor.fetch(LABELLED_CHUNK_ROWS):
                    yield [_past(row) for row in chunk]
        finally:
            await connection.close()

    @contextmanager
    def _answering(self, lane: int) -> Iterator[None]:
        """Say what kind of trouble it was; a connection in doubt is given up."""
        try:
            yield
        except AWAY as error:
            self._drop(lane)
            raise unavailable(error) from error
        except asyncpg.UniqueViolationError as error:
            raise Outdated from error
        except (asyncpg.PostgresError, ValueError, TypeError) as error:
            raise refused(error) from error
        except BaseException:
            self._drop(lane)
            raise

    async def _connected(self, lane: int) -> asyncpg.Connection[Any]:
        connection = self._connections[lane]
        if connection is None or connection.is_closed():
            self._drop(lane)
            connection = await connect(self._dsn)
            self._connected_times += 1
            number = self._numbers[lane] = self._connected_times
            self._connections[lane] = connection
            await connection.execute(self._queries.stay_known, self.epoch % _EPOCHS, number)
        return connection

    def _drop(self, lane: int) -> None:
        connection, self._connections[lane] = self._connections[lane], None
        if connection is not None:
            # Its server process may still hold a statement of ours, unread.
            self._lost.add(self._numbers[lane])
            connection.terminate()


def _records(rows: Sequence[DecidedRow | LabelRow], first: int) -> tuple[list[Any], list[Any]]:
    """Rows of the tables operation and label, numbered in the order of deciding.

    A sequence in the database could leave them in another order: operations of the same instant would come
    back from a restart otherwise than they were decided.
    """
    operations: list[tuple[Any, ...]] = []
    labels: list[tuple[Any, ...]] = []
    for number, row in enumerate(rows, first):
        if isinstance(row, LabelRow):
            labels.append((number, *row[:4], *map(moment_of, row[4:7]), *row[7:]))
        else:
            occurred_at, received_at = moment_of(row.occurred_at), moment_of(row.received_at)
            operations.append((number, *row[:3], occurred_at, received_at, *row[5:]))
    return operations, labels


def _past(row: Any) -> PastOperation:
    label = None
    if row["label_id"] is not None:
        label = LabelRow(
            row["label_id"], row["id"], row["fraud"], row["source"], micros_of(row["occurred_at"]),
            micros_of(row["known_at"]), micros_of(row["recorded_at"]), row["recorded_by"], row["trace_id"],
        )  # fmt: skip
    at = micros_of(row["occurred_at"])
    return PastOperation(row["id"], row["policy_id"], at, row["outcome"], row["facts"], row["body"], label)


def refused(error: Exception) -> RowRefused:
    """The data itself is at fault; the text names the trouble, never a value longer than a line."""
    return RowRefused(f"{type(error).__name__}: {error}"[:300])


def fenced() -> SetupError:
    """Another server has taken this database over; this one must not decide any more."""
    return SetupError(
        "fenced",
        "Another server has taken over this database; this one has stopped deciding. Stop one of them.",
        "另一台服务器已接管该数据库；本服务器已停止决策。请停止其中一台。",
    )
