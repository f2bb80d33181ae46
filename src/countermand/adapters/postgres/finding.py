"""Lists, queues, search and measures in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.cases.list_ports import ExportedCase, Hit
from countermand.kernel.clock import micros_of, moment_of, rfc3339
from countermand.vocabulary.cases import Stage
from countermand.vocabulary.queues import (
    ME,
    HeardPlace,
    ListedCase,
    Order,
    QueueFilter,
    QueuePlace,
    SavedQueue,
)

QUERIES = Queries("finding.sql")
RECENT_MESSAGES = 10_000
# Behind every instant that a message can have.
_END_OF_TIME = moment_of(253_370_764_800_000_000)


_AWAKE = "(snoozed_until IS NULL OR snoozed_until <= $1)"


_HEARD = ("heard_at", "case_id")
_COLUMNS = {
    Order.NEAREST: ("slot", "risk", "unproven", "due_at", "case_id"),
    Order.OLDEST: _HEARD,
    Order.NEWEST: _HEARD,
}
_MOMENTS = frozenset({"due_at", "heard_at"})


class Conditions:
    """SQL over `case_listed` for filters, with the values it takes; words of filters never enter the SQL."""

    def __init__(self, me: str, now: int) -> None:
        self.values: list[Any] = [moment_of(now)]
        self._me = me

    def value(self, value: Any) -> str:
        """The place of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def of(self, wanted: QueueFilter) -> str:
        """What a row must fulfil."""
        state = [] if Stage.CLOSED in wanted.stage else ["open"]
        state.append("snoozed_until > $1" if wanted.snoozed else _AWAKE)
        return " AND ".join((*state, *self._parts(wanted)))

    def within(self, wanted: QueueFilter) -> str:
        """What a row must fulfil that is known to be open and awake."""
        return " AND ".join(self._parts(wanted)) or "true"

    def _parts(self, wanted: QueueFilter) -> Iterable[str]:
        for column in ("stage", "ball", "risk", "category", "channel", "contained"):
            words = [word.value for word in getattr(wanted, column)]
            if len(words) == 1:
                yield f"{column} = {self.value(words[0])}"
            elif words:
                yield f"{column} = ANY({self.value(words)}::text[])"
        for column in ("owner", "team", "account", "person"):
            name = getattr(wanted, column)
            if name is not None:
                yield f"{column} = {self.value(self._me if (column, name) == ('owner', ME) else name)}"
        if wanted.unowned:
            yield "owner IS NULL"
        if wanted.tag is not None:
            yield f"tags <> '{{}}' AND tags @> ARRAY[{self.value(wanted.tag)}::text]"
        if wanted.proven is not None:
            yield "NOT unproven" if wanted.proven else "unproven"
        for column in ("overdue", "warned"):
            told = getattr(wanted, column)
            if told is not None:
                yield column if told else f"NOT {column}"
        if wanted.heard_from is not None:
            yield f"heard_at >= {self.value(moment_of(wanted.heard_from))}"
        if wanted.heard_until is not None:
            yield f"heard_at < {self.value(moment_of(wanted.heard_until))}"


class PostgresCaseLists:
    """Finding cases."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def page(
        self, wanted: QueueFilter, me: str, now: int, after: QueuePlace | HeardPlace | None, count_max: int
    ) -> list[ListedCase]:
        """The first cases behind a place that a filter lets through, in the filter's order."""
        conditions = Conditions(me, now)
        where = conditions.of(wanted)
        columns, newest = _COLUMNS[wanted.order], wanted.order is Order.NEWEST
        if after is not None:
            values = [moment_of(one) if name in _MOMENTS else one for name, one in after._asdict().items()]
            places = ", ".join(map(conditions.value, values))
            where += f" AND ({', '.join(columns)}) {'<' if newest else '>'} ({places})"
        way = " DESC" if newest else ""
        inner = ", ".join(f"{one}{way}" for one in columns)
        outer = ", ".join(f"l.{one}{way}" for one in columns)
        # Only names of columns and places of values are put together here.
        sql = (
            "SELECT l.*, c.number FROM (SELECT * FROM case_listed "  # noqa: S608
            f"WHERE {where} ORDER BY {inner} LIMIT {count_max:d}) AS l "
            f"JOIN case_file AS c ON c.id = l.case_id ORDER BY {outer}"
        )
        return [_listed(row) for row in await self._connection.fetch(sql, *conditions.values)]

    async def counts(self, wanted: Sequence[QueueFilter], me: str, now: int) -> list[int]:
        """How many cases each filter lets through: one statement, which reads the whole list at most once."""
        if not wanted:
            return []
        conditions = Conditions(me, now)
        parts = [
            f"(SELECT count(*) FROM case_listed WHERE {conditions.of(one)})"  # noqa: S608
            if _selective(one)
            else f"count(*) FILTER (WHERE {conditions.within(one)})"
            for one in wanted
        ]
        sql = f"SELECT {', '.join(parts)} FROM case_listed WHERE open AND {_AWAKE}"  # noqa: S608
        return list(await self._connection.fetchrow(sql, *conditions.values))

    async def saved(self, staff: str) -> list[SavedQueue]:
        """The queues of somebody, and everybody's."""
        rows = await self._connection.fetch(QUERIES.saved_queues, staff)
        return [
            SavedQueue(row["name"], row["staff"], msgspec.convert(row["filter"], QueueFilter)) for row in rows
        ]

    async def save(self, queue: SavedQueue, now: int, by: str) -> None:
        """Keep a queue."""
        kept = msgspec.to_builtins(queue.filter)
        await self._connection.execute(QUERIES.save_queue, queue.staff, queue.name, kept, moment_of(now), by)

    async def drop(self, name: str, staff: str) -> bool:
        """Forget a queue; False where there was none."""
        return await self._connection.fetchval(QUERIES.drop_queue, staff, name) is not None

    async def listed(self, numbers: Sequence[str], tag: str | None, count_max: int) -> list[ListedCase]:
        """Cases by number or tag, open or not."""
        rows = await self._connection.fetch(QUERIES.cases_named, list(numbers), tag, count_max)
        return [_listed(row) for row in rows]

    async def hits(
        self,
        tsquery: str,
        digests: Sequence[bytes],
        without: Sequence[str],
        before: tuple[int, str] | None,
        count_max: int,
    ) -> list[Hit]:
        """Messages that match, newest first, behind one."""
        at, message = (_END_OF_TIME, "") if before is None else (moment_of(before[0]), before[1])
        fetch, values, own = self._connection.fetch, list(digests), list(without)
        if tsquery and values:
            rows = await fetch(QUERIES.hits_by_both, tsquery, at, message, count_max, own, values)
        elif values:
            rows = await fetch(QUERIES.hits_by_values, values, at, message, count_max, own)
        else:
            # Common words are among the newest messages; rare ones are few enough to fetch them all and sort.
            rows = await fetch(QUERIES.recent_hits, tsquery, at, message, count_max, own, RECENT_MESSAGES)
            if len(rows) < count_max:
                await self._connection.execute(QUERIES.prefer_indexes)
                rows = await fetch(QUERIES.hits_by_words, tsquery, at, message, count_max, own)
        return [_hit(row) for row in rows]

    async def exported(
        self, since: int, until: int, after: tuple[int, str] | None, count_max: int
    ) -> list[ExportedCase]:
        """Cases first heard in a span, in that order, behind one."""
        at, last = (moment_of(since), "") if after is None else (moment_of(after[0]), after[1])
        rows = await self._connection.fetch(
            QUERIES.cases_heard, moment_of(since), moment_of(until), at, last, count_max
        )
        ids = [row["case_id"] for row in rows]
        events = _by_case(await self._connection.fetch(QUERIES.events_of_cases, ids))
        messages = _by_case(await self._connection.fetch(QUERIES.messages_of_cases, ids))
        clocks = _by_case(await self._connection.fetch(QUERIES.clocks_of_cases, ids))
        return [
            ExportedCase(
                micros_of(row["heard_at"]), row["case_id"], row["state"], events.get(row["case_id"], []),
                messages.get(row["case_id"], []), clocks.get(row["case_id"], []),
            )
            for row in rows
        ]  # fmt: skip

    async def platform(self, since: int, until: int, timezone: str, breaches_max: int) -> dict[str, Any]:
        """How fast the house was, what it had to go on, and where it was late."""
        span = (moment_of(since), moment_of(until))
        one, all_of = self._connection.fetchrow, self._connection.fetch
        return {
            "stop": dict(await one(QUERIES.word_to_stop, *span)),
            "reply": dict(await one(QUERIES.first_replies, *span)),
            "evidence": dict(await one(QUERIES.evidence_at_hand, *span)),
            "causes": [dict(row) for row in await all_of(QUERIES.breaches_by_cause, *span)],
            "missed": [_instants(row) for row in await all_of(QUERIES.newest_breaches, *span, breaches_max)],
            "days": [_instants(row) for row in await all_of(QUERIES.desk_days, *span, timezone)],
        }

    async def measures(self, since: int, until: int) -> dict[str, Any]:
        """What happened to the cases heard in a span, and what is open now."""
        span = (moment_of(since), moment_of(until))
        one, all_of = self._connection.fetchrow, self._connection.fetch
        return {
            "cases": dict(await one(QUERIES.desk_counts, *span)),
            "human_contact": dict(await one(QUERIES.human_contact, *span)),
            "stages": [dict(row) for row in await all_of(QUERIES.stage_times, *span)],
            "breaches": [dict(row) for row in await all_of(QUERIES.breaches_by_policy, *span)],
            "earliness": dict(await one(QUERIES.report_earliness, *span)),
        }


def _selective(wanted: QueueFilter) -> bool:
    """Whether an index leads to the few that it lets through, or they are not among the open and awake."""
    named = (wanted.owner, wanted.team, wanted.tag, wanted.account, wanted.person)
    few = wanted.overdue or wanted.warned or wanted.snoozed or Stage.CLOSED in wanted.stage
    return bool(few) or any(name is not None for name in named)


def _listed(row: Any) -> ListedCase:
    place = QueuePlace(row["slot"], row["risk"], row["unproven"], micros_of(row["due_at"]), row["case_id"])
    names = ("number", "stage", "ball", "contained", "category", "channel", "clock", "overdue", "warned")
    snoozed = row["snoozed_until"]
    return ListedCase(
        place=place,
        **{name: row[name] for name in (*names, "owner", "team", "account")},
        heard_at=micros_of(row["heard_at"]),
        snoozed_until=None if snoozed is None else micros_of(snoozed),
        tags=tuple(row["tags"]),
    )


def _instants(row: Any) -> dict[str, Any]:
    return {name: micros_of(value) if hasattr(value, "tzinfo") else value for name, value in row.items()}


def _hit(row: Any) -> Hit:
    names = ("direction", "channel", "masked", "stage", "risk", "category", "owner")
    return Hit(row["id"], row["case_id"], row["number"], micros_of(row["at"]), *(row[name] for name in names))


def _by_case(rows: Sequence[Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        values = dict(row)
        if "at" in values:
            values["at"] = rfc3339(micros_of(values["at"]))
        found.setdefault(values.pop("case_id"), []).append(values)
    return found
