"""What is stored, and what the journal tells of it, in one snapshot: rows in the form in which facts tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from countermand.adapters.postgres.cases import inbound_of_row, promise_of_row
from countermand.adapters.postgres.clocks import clock_of_row, spans_by_clock
from countermand.adapters.postgres.evidence import (
    exhibit_of_row,
    key_of_row,
    tombstone_of_row,
    touch_of_row,
)
from countermand.adapters.postgres.evidence import hold_of_row as legal_hold_of_row
from countermand.adapters.postgres.holds import hold_of_row
from countermand.adapters.postgres.incidents import incident_of_row, lifting_of_row
from countermand.adapters.postgres.own_limits import raise_of_row
from countermand.adapters.postgres.pool import connect
from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.told import read_told
from countermand.cases.ports import Inbound
from countermand.evidence.exhibits import Standing
from countermand.kernel.clock import micros_of
from countermand.transparency.replaying import TABLES, Difference, Line, Thing
from countermand.vocabulary.clocks import Breach
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.orders import Measure, Order
from countermand.vocabulary.outcomes import Outcome
from countermand.work.replaying import StoredCase, StoredDecision, StoredEvent, StoredRows, TellsOf
from countermand.work.tellings import (
    Telling,
    Told,
    told_breach,
    told_clock,
    told_hold,
    told_inbound,
    told_incident,
    told_lifting,
    told_order,
    told_promise,
    told_raise,
)
from countermand.work.vault_tellings import (
    told_exhibit,
    told_key,
    told_legal_hold,
    told_tombstone,
    told_touch,
)

QUERIES = Queries("replay.sql")
# What a row that was changed by hand makes of who reads it.
_UNREADABLE = (ValueError, TypeError, KeyError, msgspec.ValidationError)


class PostgresReplay:
    """Implements `work.replaying.ReplaySource` on a connection of its own, in one snapshot."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def open(self) -> None:
        """Connect. What happens meanwhile is left to the next replay."""
        name = "countermand replay"
        self._connection = await connect(self._dsn, application_name=name, statement_seconds_max=0)
        await self._connection.execute("SET idle_in_transaction_session_timeout = 0")
        await self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    async def close(self) -> None:
        """Let go."""
        if self._connection is not None:
            await self._connection.close(timeout=5)

    async def told(self) -> Told:
        """The key that binds what facts do not show, and since when they tell."""
        return await read_told(self._connection)

    async def case(self, number: str) -> list[StoredCase]:
        """The case of a number."""
        return await self._cases(await self._connection.fetch(QUERIES.case_of_number, number))

    async def cases(self, count: int) -> AsyncIterator[list[StoredCase]]:
        """All cases, `count` at a time."""
        after = ""
        while rows := await self._connection.fetch(QUERIES.cases_page, after, count):
            yield await self._cases(rows)
            after = rows[-1]["id"]

    async def lines(self, abouts: Collection[str]) -> dict[str, list[Line]]:
        """The facts about these, in order, decisions aside."""
        found: dict[str, list[Line]] = {name: [] for name in abouts}
        for row in await self._connection.fetch(QUERIES.lines_about, list(abouts)):
            found[row["about"]].append(_line(row))
        return found

    async def lines_of_account(self, account: str) -> list[Line]:
        """The facts about whom an account's handle stands for."""
        handle = await self._connection.fetchval(QUERIES.handle_of, account)
        rows = await self._connection.fetch(QUERIES.lines_of_subject, handle)
        return [_line(row) for row in rows]

    async def rows(self, thing: Thing, account: str | None, count: int) -> AsyncIterator[StoredRows]:
        """The rows of a thing, of one account or of all, `count` at a time."""
        query, name, read = _PAGES[thing]
        after = ""
        while rows := await self._connection.fetch(query, after, count, account):
            found = StoredRows([], [])
            for row in rows:
                _read(found, thing, row[name], partial(read, row))
            if thing is Thing.INCIDENT:
                for row in await self._connection.fetch(QUERIES.liftings_of, [row["id"] for row in rows]):
                    named = f"{row['incident']} {row['cause']}"
                    _read(found, Thing.LIFTING, named, partial(_lifting, row))
            yield found
            after = rows[-1][name]

    async def told_of_no_row(self, count: int, facts: Collection[int] | None) -> list[TellsOf]:
        """Up to `count` facts, of these or (None) of all, that tell of a row that is not there."""
        wanted = None if facts is None else list(facts)
        rows = await self._connection.fetch(QUERIES.told_of_no_row, count, wanted)
        found = [TellsOf(row["seq"], TABLES[Thing(row["thing"])], row["id"]) for row in rows]
        lost = await self._connection.fetch(QUERIES.events_of_no_case, count) if facts is None else []
        return [*found, *(TellsOf(row["seq"], "case_file", row["id"]) for row in lost)]

    async def decisions(self, count: int) -> AsyncIterator[list[StoredDecision]]:
        """Facts of decisions with the operations they are about, `count` at a time."""
        after = 0
        while rows := await self._connection.fetch(QUERIES.decided_lines, after, count):
            yield [_decision(row) for row in rows]
            after = rows[-1]["seq"]

    async def operations(self) -> int:
        """How many operations are stored."""
        return int(await self._connection.fetchval(QUERIES.count_operations))

    async def undecided(self) -> str | None:
        """An operation that no fact tells of; asked only where there must be one."""
        name = await self._connection.fetchval(QUERIES.undecided_operation)
        return None if name is None else str(name)

    async def _cases(self, rows: Sequence[Any]) -> list[StoredCase]:
        ids = [row["id"] for row in rows]
        events = await self._by_case(QUERIES.events_of_cases, ids)
        reports = await self._by_case(QUERIES.reports_of_cases, ids)
        found = {case: StoredRows([], []) for case in ids}
        clocks = await self._by_case(QUERIES.clocks_of_cases, ids)
        names = [row["id"] for some in clocks.values() for row in some]
        spans: dict[str, list[Any]] = {}
        for row in await self._connection.fetch(QUERIES.spans_numbered, names):
            spans.setdefault(row["clock"], []).append(row)
        for case, some in clocks.items():
            for row in some:
                read = partial(_clock, row, spans.get(row["id"], ()))
                _read(found[case], Thing.CLOCK, row["id"], read)
        for case, some in reports.items():
            for row in some:
                _read(found[case], Thing.INBOUND, row["id"], partial(_inbound, row))
        for thing, query, named, of_row in _OF_CASES:
            for case, some in (await self._by_case(query, ids)).items():
                for row in some:
                    _read(found[case], thing, named(row), partial(of_row, row))
        return [
            StoredCase(
                id=row["id"],
                number=row["number"],
                columns={name: _plain(value) for name, value in row.items() if name != "state"},
                state=row["state"],
                events=[_event(one) for one in events.get(row["id"], ())],
                rows=found[row["id"]],
                reports=[one for kept in reports.get(row["id"], ()) if (one := _readable(kept)) is not None],
                exhibits=[
                    (one.id, bytes.fromhex(one.says["object"]), one.says["object_size"])
                    for one in found[row["id"]].tellings
                    if one.thing is Thing.EXHIBIT and one.says["standing"] != Standing.SHREDDED
                ],
            )
            for row in rows
        ]

    async def _by_case(self, query: str, cases: Sequence[str]) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for row in await self._connection.fetch(query, list(cases)):
            found.setdefault(row["case_id"], []).append(row)
        return found


def _read(found: StoredRows, thing: Thing, name: str, read: Callable[[], Telling]) -> None:
    try:
        found.tellings.append(read())
    except _UNREADABLE as error:
        found.unreadable.append(Difference(TABLES[thing], name, "the row", f"unreadable: {error}", None))


def _readable(row: Any) -> Inbound | None:
    try:
        return inbound_of_row(row)
    except _UNREADABLE:
        return None


def _line(row: Any) -> Line:
    return Line(row["seq"], micros_of(row["at"]), row["kind"], row["body"], row["trace_id"])


def _plain(value: Any) -> Any:
    return micros_of(value) if isinstance(value, datetime) else value


def _event(row: Any) -> StoredEvent:
    return StoredEvent(
        row["seq"], row["kind"], micros_of(row["at"]), row["actor"], row["body"], row["trace_id"]
    )


def _clock(row: Any, numbered: Sequence[Any]) -> Telling:
    if [span["number"] for span in numbered] != list(range(len(numbered))):
        raise ValueError("the numbers of its spans have a gap")
    spans = spans_by_clock([(clock, *span) for clock, _, *span in numbered]).get(row["id"], ())
    return told_clock(clock_of_row(row, spans), whole=True)


def _breach(row: Any) -> Telling:
    made_good = row["made_good_at"]
    return told_breach(
        Breach(
            row["clock"], row["case_id"], row["policy"], micros_of(row["due_at"]),
            micros_of(row["noted_at"]), row["owner"], row["cause"],
            None if made_good is None else micros_of(made_good),
        )
    )  # fmt: skip


def _inbound(row: Any) -> Telling:
    return told_inbound(inbound_of_row(row))


def _promise(row: Any) -> Telling:
    return told_promise(promise_of_row(row))


def _lifting(row: Any) -> Telling:
    return told_lifting(lifting_of_row(row))


def _order(row: Any) -> Telling:
    minor = row["amount_minor"]
    order = Order(
        id=row["id"],
        measure=Measure(row["kind"]),
        account=row["account"],
        person=row["person"],
        values=tuple(row["named"]),
        begun_before=_plain(row["begun_before"]),
        amount_limit=None if minor is None else Amount(minor, row["currency"]),
        code=row["code"],
        placed_at=micros_of(row["placed_at"]),
        placed_by=row["placed_by"],
        ends_at=_plain(row["ends_at"]),
        incident=row["incident"],
    )
    return told_order(order, row["reason"], _plain(row["lifted_at"]), row["lifted_by"])


def _hold(row: Any) -> Telling:
    return told_hold(hold_of_row(row), whole=True)


def _raise(row: Any) -> Telling:
    return told_raise(raise_of_row(row))


def _incident(row: Any) -> Telling:
    return told_incident(incident_of_row(row))


_PAGES: Mapping[Thing, tuple[str, str, Callable[[Any], Telling]]] = {
    Thing.ORDER: (QUERIES.orders_page, "id", _order),
    Thing.HOLD: (QUERIES.holds_page, "operation", _hold),
    Thing.RAISE: (QUERIES.raises_page, "id", _raise),
    Thing.INCIDENT: (QUERIES.incidents_page, "id", _incident),
}


def _decision(row: Any) -> StoredDecision:
    line = Line(row["seq"], micros_of(row["decided_at"]), "operation.decided", row["line"])
    operation = str(line.body.get("operation"))
    if row["id"] is None:
        return StoredDecision(line, operation, None)
    stored = {
        "decision": row["decision_id"],
        "kind": row["kind"],
        "outcome": Outcome(row["outcome"]).word,
        "policy": row["policy"],
        "received_at": micros_of(row["received_at"]),
    }
    return StoredDecision(line, operation, stored, bytes(row["body"]), bytes(row["answer"]))


def _by_name(name: str) -> Callable[[Any], str]:
    return lambda row: str(row[name])


_OF_CASES: Sequence[tuple[Thing, str, Callable[[Any], str], Callable[[Any], Telling]]] = (
    (Thing.BREACH, QUERIES.breaches_of_cases, _by_name("clock"), _breach),
    (Thing.PROMISE, QUERIES.promises_of_cases, _by_name("id"), _promise),
    (Thing.DATA_KEY, QUERIES.keys_of_cases, _by_name("id"), lambda row: told_key(key_of_row(row))),
    (Thing.EXHIBIT, QUERIES.exhibits_of_cases, _by_name("id"), lambda row: told_exhibit(exhibit_of_row(row))),
    (
        Thing.CUSTODY,
        QUERIES.touches_of_cases,
        lambda row: f"{row['exhibit']}/{row['seq']}",
        lambda row: told_touch(touch_of_row(row), row["case_id"]),
    ),
    (
        Thing.LEGAL_HOLD,
        QUERIES.legal_holds_of_cases,
        _by_name("id"),
        lambda row: told_legal_hold(legal_hold_of_row(row)),
    ),
    (
        Thing.TOMBSTONE,
        QUERIES.tombstones_of_cases,
        _by_name("data_key"),
        lambda row: told_tombstone(tombstone_of_row(row)),
    ),
)
