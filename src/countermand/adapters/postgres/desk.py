"""What the desk leaves beside its cases, in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.cases.desk_ports import (
    CaseTask,
    Cause,
    Disclosure,
    Draft,
    Glass,
    Grant,
    GrantedCase,
    Presence,
    Recurrence,
    SecondLook,
)
from countermand.cases.likeness import Trait
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.cases import Case
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.staff import Member, Role

QUERIES = Queries("desk.sql")
_INSTANTS = frozenset(
    {
        "at", "begun_at", "ends_at", "reviewed_at", "asked_at", "answered_at", "due_at", "made_at", "done_at",
        "saved_at", "seen_at", "closed_at", "fix_due_at", "given_at", "ended_at",
    }
)  # fmt: skip
_OPERATION = msgspec.json.Decoder(Operation)


def _out(row: Any) -> list[Any]:
    """The columns of a named tuple, its instants as the database takes them."""
    return [
        moment_of(value) if name in _INSTANTS and value is not None else value
        for name, value in zip(row._fields, row, strict=True)
    ]


def _back(kind: Any, row: Any) -> Any:
    """A named tuple of a row whose columns stand in its order."""
    values = (
        micros_of(value) if name in _INSTANTS and value is not None else value
        for name, value in zip(kind._fields, row, strict=True)
    )
    return kind(*values)


def _granted_case(grant: Grant, *case: Any) -> GrantedCase:
    number, stage, category, contained, clock, due_at, overdue = case
    due = None if clock is None else micros_of(due_at)
    return GrantedCase(grant, number, stage, category, contained, clock, due, overdue)


class PostgresDesk:
    """Staff, looks, glass, tasks, drafts, presence, causes."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def member(self, name: str) -> Member:
        """What is known of somebody."""
        rows = await self._connection.fetch(QUERIES.desk_members, name)
        return _member(rows[0]) if rows else Member(name=name, roles=frozenset())

    async def members(self) -> list[Member]:
        """Everybody with a good key for the desk, by name."""
        return [_member(row) for row in await self._connection.fetch(QUERIES.desk_members, None)]

    async def put_member(self, member: Member, at: int, by: str) -> None:
        """Enter or change somebody."""
        await self._connection.execute(
            QUERIES.put_member,
            member.name,
            member.team,
            sorted(member.skills),
            sorted(member.languages),
            member.cases_max,
            sorted(member.own),
            None if member.away_until is None else moment_of(member.away_until),
            moment_of(at),
            by,
        )

    async def loads(self) -> Mapping[str, int]:
        """Open cases by owner."""
        return {row["owner"]: row["cases"] for row in await self._connection.fetch(QUERIES.desk_loads)}

    async def disclose(self, disclosure: Disclosure) -> None:
        """Write down a look."""
        await self._connection.execute(QUERIES.add_disclosure, *_out(disclosure))

    async def disclosures(self, cases: Collection[str]) -> list[Disclosure]:
        """Every look at texts of these cases, oldest first."""
        rows = await self._connection.fetch(QUERIES.case_disclosures, list(cases))
        return [_back(Disclosure, row) for row in rows]

    async def put_glass(self, glass: Glass) -> None:
        """A glass broken, or reviewed."""
        await self._connection.execute(QUERIES.put_glass, *_out(glass))

    async def glass(self, name: str) -> Glass | None:
        """One by its name, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_glass, name)
        return None if row is None else _back(Glass, row)

    async def broken(self, case: str, staff: str, now: int) -> Glass | None:
        """The glass that somebody has broken for a case and that is still open."""
        row = await self._connection.fetchrow(QUERIES.open_glass, case, staff, moment_of(now))
        return None if row is None else _back(Glass, row)

    async def put_grant(self, grant: Grant) -> None:
        """A case opened to somebody, or closed to them again."""
        await self._connection.execute(QUERIES.put_grant, *_out(grant))

    async def granted(self, case: str, staff: str, now: int) -> Grant | None:
        """What opens a case to somebody now, the longest of them."""
        row = await self._connection.fetchrow(QUERIES.open_grant, case, staff, moment_of(now))
        return None if row is None else _back(Grant, row)

    async def grants(self, case: str) -> list[Grant]:
        """To whom a case was ever opened, oldest first."""
        return [_back(Grant, row) for row in await self._connection.fetch(QUERIES.case_grants, case)]

    async def granted_cases(self, staff: str | None, now: int, count_max: int) -> list[GrantedCase]:
        """What is open to somebody now; without a name, whatever was ever opened."""
        rows = await self._connection.fetch(QUERIES.granted_cases, staff, moment_of(now), count_max)
        width = len(Grant._fields)
        return [_granted_case(_back(Grant, tuple(row)[:width]), *tuple(row)[width:]) for row in rows]

    async def put_look(self, look: SecondLook) -> None:
        """An act that waits, or was answered."""
        await self._connection.execute(QUERIES.put_look, *_out(look))

    async def look(self, name: str) -> SecondLook | None:
        """One by its name, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_look, name)
        return None if row is None else _back(SecondLook, row)

    async def looks(self, case: str) -> list[SecondLook]:
        """All of a case, newest first."""
        return [_back(SecondLook, row) for row in await self._connection.fetch(QUERIES.case_looks, case)]

    async def waiting_looks(self, now: int, but: str, count_max: int) -> list[SecondLook]:
        """Those that wait, asked by others than this person, the first to end first."""
        rows = await self._connection.fetch(QUERIES.waiting_looks, moment_of(now), but, count_max)
        return [_back(SecondLook, row) for row in rows]

    async def put_task(self, task: CaseTask) -> None:
        """A task, new or done."""
        await self._connection.execute(QUERIES.put_task, *_out(task))

    async def tasks(self, case: str) -> list[CaseTask]:
        """All of a case, those due first first."""
        return [_back(CaseTask, row) for row in await self._connection.fetch(QUERIES.case_tasks, case)]

    async def put_draft(self, draft: Draft) -> None:
        """Keep what was begun."""
        await self._connection.execute(QUERIES.put_draft, *_out(draft))

    async def draft(self, case: str, staff: str, since: int) -> Draft | None:
        """What somebody has begun, unless it is older."""
        row = await self._connection.fetchrow(QUERIES.find_draft, case, staff, moment_of(since))
        return None if row is None else _back(Draft, row)

    async def drop_draft(self, case: str, staff: str, before: int) -> None:
        """It is done with; and all that nobody touched since."""
        await self._connection.execute(QUERIES.drop_drafts, case, staff, moment_of(before))

    async def be_there(self, presence: Presence, since: int) -> list[Presence]:
        """Say that one is there; everybody who was since."""
        await self._connection.execute(QUERIES.put_presence, *_out(presence))
        await self._connection.execute(QUERIES.drop_presences, presence.case, moment_of(since))
        rows = await self._connection.fetch(QUERIES.case_presences, presence.case)
        return [_back(Presence, row) for row in rows]

    async def put_cause(self, cause: Cause) -> None:
        """The cause of a case that closes."""
        await self._connection.execute(QUERIES.put_cause, *_out(cause))

    async def recurrence(self, cause: Cause, since: int) -> Recurrence:
        """How often this cause closed other cases of the same account, merchant or system since."""
        row = await self._connection.fetchrow(
            QUERIES.count_causes,
            cause.case,
            cause.cause,
            cause.account,
            cause.merchant,
            cause.system,
            moment_of(since),
        )
        return Recurrence(row["account"], row["merchant"], row["system"])

    async def traits(self, case: Case, since: int, count_max: int) -> Sequence[Trait]:
        """What a case is compared by (first), and open cases that it may be like."""
        rows = await self._connection.fetch(
            QUERIES.case_traits,
            case.id,
            case.account,
            case.person,
            case.category.value,
            moment_of(since),
            count_max,
        )
        return [_trait(row) for row in rows]

    async def of_numbers(self, numbers: Collection[str]) -> Mapping[str, str]:
        """The ids of cases by number."""
        rows = await self._connection.fetch(QUERIES.ids_of_numbers, list(numbers))
        return {row["number"]: row["id"] for row in rows}

    async def numbers_of(self, cases: Collection[str]) -> Mapping[str, str]:
        """The numbers of cases by id."""
        rows = await self._connection.fetch(QUERIES.numbers_of_ids, list(cases))
        return {row["id"]: row["number"] for row in rows}


def _member(row: Any) -> Member:
    roles = frozenset(Role(role) for role in row["roles"])
    if row["skills"] is None:
        return Member(name=row["name"], roles=roles)
    return Member(
        name=row["name"],
        roles=roles,
        team=row["team"],
        skills=frozenset(row["skills"]),
        languages=frozenset(row["languages"]),
        cases_max=row["cases_max"],
        own=frozenset(row["own"]),
        away_until=None if row["away_until"] is None else micros_of(row["away_until"]),
    )


def _trait(row: Any) -> Trait:
    operations = [_OPERATION.decode(body) for body in row["bodies"]]
    devices = {one.device.id for one in operations if one.device is not None}
    payees = {one.counterparty.id for one in operations if one.counterparty is not None}
    return Trait(
        row["id"], row["account"], row["person"], frozenset(devices), frozenset(payees), row["words"]
    )
