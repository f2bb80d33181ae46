"""Decisions in PostgreSQL: a group is one transaction, its rows go in by COPY."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import AWAY, unavailable
from countermand.adapters.postgres.holds import COLUMNS as HOLD_COLUMNS
from countermand.adapters.postgres.holds import row_of_hold
from countermand.adapters.postgres.pool import CLOSE_SECONDS_MAX, connect
from countermand.adapters.postgres.profiles import account_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import SetupError
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.holds import HOLD_TIMER, Hold, first_look
from countermand.vocabulary.parties import Account
from countermand.vocabulary.timers import Timer
from countermand.work import (
    AlreadyRecorded,
    DecidedRow,
    HistoryPart,
    HistoryRow,
    LabelRow,
    PastOperation,
    Recorded,
    RowRefused,
    gate_of,
)

# One value holds the packed observations of so many numbers.
HISTORY_PART_NUMBERS = 4_096
LABELLED_CHUNK_ROWS = 20_000
_OPERATION_COLUMNS = [*DecidedRow._fields, "seq"]
_LABEL_COLUMNS = [*LabelRow._fields, "seq"]
_JOURNAL_COLUMNS = ["at", "kind", "subject", "body", "trace_id"]


class PostgresDecisions:
    """A DecisionStore over as many connections as there are lanes."""

    def __init__(self, dsn: str, lanes: int, epoch: int) -> None:
        self.epoch = epoch
        self._dsn = dsn
        self._queries = Queries("decisions.sql")
        self._connections: list[asyncpg.Connection[Any] | None] = [None] * lanes
        self._seq_next: int | None = None

    async def close(self) -> None:
        """Close every lane's connection."""
        for connection in self._connections:
            if connection is not None:
                with suppress(*AWAY):  # a connection whose server was killed has nobody to say goodbye to
                    await connection.close(timeout=CLOSE_SECONDS_MAX)

    async def begin(
        self, lane: int, guards: Mapping[str, int], ids: Collection[str], labelled: Collection[str] = ()
    ) -> PostgresGroup:
        gates = sorted({gate_of(shared) for shared in (*guards, *labelled)})
        queries = self._queries
        connection: asyncpg.Connection[Any] | None = None
        try:
            connection = await self._connected(lane)
            # One round trip opens the transaction and shares the gates; in order, so that none can deadlock.
            array = ",".join(map(str, gates))
            await connection.execute(
                f"BEGIN; SELECT pg_advisory_xact_lock_shared(gate) FROM unnest('{{{array}}}'::bigint[]) gate"  # noqa: S608 - numbers only
            )
            rows = await connection.fetch(queries.group_begun, list(guards), list(guards.values()), list(ids))
            if rows[0]["epoch"] != self.epoch:
                raise fenced()
            past = await connection.fetch(queries.past_operations, list(labelled)) if labelled else []
            if self._seq_next is None:
                self._number_from(await connection.fetchval(queries.last_seq) + 1)
        except AWAY as error:
            self._drop(lane)
            raise unavailable(error) from error
        except (asyncpg.DataError, ValueError, TypeError) as error:
            self._drop(lane)
            raise refused(error) from error
        except BaseException:
            self._drop(lane)
            raise
        accounts, known = {}, {}
        for row in rows:
            if row["answer"] is not None:
                known[row["id"]] = Recorded(row["body_digest"], row["answer"])
            elif row["id"] is not None:
                accounts[row["id"]] = account_of_row(row)
        return PostgresGroup(self, lane, connection, accounts, known, {row["id"]: _past(row) for row in past})

    async def recorded(self, ids: Collection[str], accounts: Collection[str]) -> Mapping[str, Recorded]:
        try:
            connection = await connect(self._dsn)
            try:
                async with connection.transaction():
                    for gate in sorted({gate_of(account) for account in accounts}):
                        await connection.execute("SELECT pg_advisory_xact_lock($1)", gate)
                    rows = await connection.fetch(self._queries.operations_recorded, list(ids))
            finally:
                await connection.close()
        except AWAY as error:
            raise unavailable(error) from error
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

    def _number_from(self, first: int) -> None:
        if self._seq_next is None:  # else the other lane was faster, and may have given some out
            self._seq_next = first

    def numbered(self, count: int) -> range:
        """The next numbers of the record. Groups take them in the order in which they were decided.

        A sequence in the database would hand them out in the order in which two lanes happen to write, and
        operations of the same instant would come back from a restart in another order than they had.
        """
        assert self._seq_next is not None, "a group was begun before anything is written"
        first = self._seq_next
        self._seq_next += count
        return range(first, self._seq_next)

    async def _connected(self, lane: int) -> asyncpg.Connection[Any]:
        connection = self._connections[lane]
        if connection is None or connection.is_closed():
            connection = self._connections[lane] = await connect(self._dsn)
        return connection

    def _drop(self, lane: int) -> None:
        connection, self._connections[lane] = self._connections[lane], None
        if connection is not None:
            connection.terminate()


class PostgresGroup:
    """One open transaction on one lane."""

    def __init__(
        self,
        store: PostgresDecisions,
        lane: int,
        connection: asyncpg.Connection[Any],
        accounts: Mapping[str, Account],
        recorded: Mapping[str, Recorded],
        past: Mapping[str, PastOperation],
    ) -> None:
        self._store, self._lane, self._connection = store, lane, connection
        self.accounts, self.recorded, self.past = accounts, recorded, past

    async def write(
        self, rows: Sequence[DecidedRow | LabelRow], facts: Sequence[Fact], holds: Sequence[Hold] = ()
    ) -> None:
        numbers = self._store.numbered(len(rows))  # before the first await: in the order of deciding
        # A group is decided at one instant, so few moments serve all its rows and facts.
        moments = {at: moment_of(at) for at in {fact.at for fact in facts}}
        records: list[tuple[Any, ...]] = []
        labels: list[tuple[Any, ...]] = []
        for row, number in zip(rows, numbers, strict=True):
            if isinstance(row, LabelRow):
                times = map(moment_of, row[4:7])
                labels.append((*row[:4], *times, *row[7:], number))
                continue
            now = moments.get(row.received_at) or moment_of(row.received_at)
            records.append((*row[:3], moment_of(row.occurred_at), now, *row[5:], number))
        lines = [(moments[f.at], f.kind, f.subject, f.body, f.trace) for f in facts]
        try:
            await self._connection.copy_records_to_table(
                "operation", records=records, columns=_OPERATION_COLUMNS
            )
            if labels:
                await self._connection.copy_records_to_table("label", records=labels, columns=_LABEL_COLUMNS)
            await self._connection.copy_records_to_table("journal", records=lines, columns=_JOURNAL_COLUMNS)
            if holds:
                await self._hold(holds)
        except AWAY as error:
            raise unavailable(error) from error
        except asyncpg.UniqueViolationError as error:
            raise AlreadyRecorded from error
        except (asyncpg.PostgresError, ValueError, TypeError) as error:
            raise refused(error) from error

    async def _hold(self, holds: Sequence[Hold]) -> None:
        """Holds and the timers that wake them, in the transaction of their decisions."""
        records = [row_of_hold(hold) for hold in holds]
        await self._connection.copy_records_to_table("hold", records=records, columns=HOLD_COLUMNS)
        timers = [(HOLD_TIMER, hold.operation, moment_of(first_look(hold))) for hold in holds]
        await self._connection.copy_records_to_table("timer", records=timers, columns=Timer._fields)

    async def commit(self) -> None:
        try:
            done = await self._connection.execute("COMMIT")
        except (*AWAY, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        # PostgreSQL answers ROLLBACK, and no error, where the transaction had failed before.
        assert done == "COMMIT", f"the database said {done} to COMMIT"

    async def abandon(self) -> None:
        try:
            await self._connection.execute("ROLLBACK")
        except (*AWAY, asyncpg.PostgresError):
            self._store._drop(self._lane)


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
