"""Cases in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.cases.ports import DecidedOperation, HiddenValue, Inbound, KeptFile, OnRecord, Promise
from countermand.intake.search_words import tsvector_of
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import Conflict
from countermand.vocabulary.cases import Case, CaseEvent, Direction, EventKind, Message
from countermand.vocabulary.triage import Signals
from countermand.work.tellings import told_inbound, told_promise

QUERIES = Queries("cases.sql")
WEBHOOKS = Queries("webhooks.sql")
OPEN_CASES_MAX = 50


def case_of_state(state: Mapping[str, Any]) -> Case:
    """The case as it was kept."""
    return msgspec.convert(state, Case)


class PostgresCases:
    """Cases, events, messages, promises, and what came in."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def inbound(self, channel: str, key: str) -> Inbound | None:
        """What came under this key before."""
        row = await self._connection.fetchrow(QUERIES.inbound_by_key, channel, key)
        return None if row is None else inbound_of_row(row)

    async def inbounds(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Inbound]:
        """What came under these (channel, key) before."""
        channels, named = zip(*keys, strict=True)
        rows = await self._connection.beside.fetch(QUERIES.inbound_by_keys, channels, named)
        return {(row["channel"], row["key"]): inbound_of_row(row) for row in rows}

    async def inbound_named(self, inbound: str) -> Inbound | None:
        """What came in under this name of ours."""
        row = await self._connection.beside.fetchrow(QUERIES.inbound_by_id, inbound)
        return None if row is None else inbound_of_row(row)

    async def answered_lately(self, case: str, sender: bytes, since: int) -> bool:
        """Whether an answer to this sender in this case was put into the outbox since."""
        return bool(await self._connection.fetchval(QUERIES.answered_lately, case, sender, moment_of(since)))

    async def receive(self, inbound: Inbound) -> bool:
        """Keep what came; False where the key is taken."""
        row = _row_of_inbound(inbound)
        if await self._connection.beside.fetchval(QUERIES.put_inbounds, [row]) is None:
            return False
        self._connection.tell([told_inbound(inbound)])
        return True

    async def receive_later(self, inbound: Inbound) -> None:
        """Keep what came, at the unit's end."""
        self._connection.later(QUERIES.put_inbounds, [(_row_of_inbound(inbound),)], must_be_new=True)
        self._connection.tell([told_inbound(inbound)])

    async def open(self, case: Case, events: Sequence[CaseEvent]) -> bool:
        """Write a new case with its first events; False where its number is taken."""
        if await self._connection.beside.fetchval(QUERIES.open_cases, [_row_of(case)]) is None:
            return False
        self._add(events)
        return True

    async def open_later(self, case: Case, events: Sequence[CaseEvent]) -> None:
        """Write a new case with its first events, at the unit's end."""
        self._connection.later(QUERIES.open_cases, [(_row_of(case),)], must_be_new=True)
        self._add(events)

    async def append(self, case: Case, events: Sequence[CaseEvent]) -> None:
        """Write events, and the case as it stands after them. Raises Conflict (`case_changed`)."""
        before = events[0].seq - 1
        if await self._connection.fetchval(QUERIES.write_case, *_row_of(case), before) is None:
            raise Conflict(
                "case_changed",
                f"Somebody else has changed case {case.number} meanwhile; read it again.",
                f"案件 {case.number} 已被他人更新；请重新读取。",
                number=case.number,
            )
        self._add(events)

    def _add(self, events: Sequence[CaseEvent]) -> None:
        """Events, and an effect for every webhook that is told of them: written together, told after."""
        rows = (
            (
                event.case, event.seq, event.kind.value, moment_of(event.at), event.actor,
                event.body, event.trace,
            )
            for event in events
        )  # fmt: skip
        self._connection.later(QUERIES.add_events, rows)
        places = ((event.case, event.seq) for event in events)
        self._connection.later(WEBHOOKS.place_deliveries, places, follows=True)

    async def lock(self, cases: Collection[str]) -> list[Case]:
        """These cases, locked in order of their ids until the transaction ends."""
        rows = await self._connection.fetch(QUERIES.lock_cases, list(cases))
        return [case_of_state(row["state"]) for row in rows]

    async def of_incidents(self, incidents: Collection[str]) -> list[str]:
        """The ids of cases for which one of these incidents was placed."""
        rows = await self._connection.fetch(QUERIES.cases_of_incidents, list(incidents))
        return [row["case_id"] for row in rows]

    async def by_number(self, number: str) -> Case | None:
        """The case of a number, not locked."""
        state = await self._connection.fetchval(QUERIES.case_by_number, number)
        return None if state is None else case_of_state(state)

    async def open_of(self, about: Sequence[tuple[str | None, str | None]], since: int) -> list[list[Case]]:
        """Of each (account, person): open cases about them that were touched since, newest first."""
        found: list[list[Case]] = [[] for _ in about]
        if any(account or person for account, person in about):
            accounts, persons = zip(*about, strict=True)
            rows = await self._connection.beside.fetch(
                QUERIES.open_cases_of, accounts, persons, moment_of(since), OPEN_CASES_MAX
            )
            for row in rows:
                found[row["place"] - 1].append(case_of_state(row["state"]))
        return found

    async def of_account(self, account: str, count_max: int) -> list[Case]:
        """The cases about an account, closed ones too, those touched last first; not those merged away."""
        rows = await self._connection.beside.fetch(QUERIES.cases_of_account, account, count_max)
        return [case_of_state(row["state"]) for row in rows]

    async def signals(self, accounts: Collection[str], since: int) -> Mapping[str, Signals]:
        """What the record says of each of these accounts since an instant."""
        if not accounts:
            return {}
        rows = await self._connection.beside.fetch(
            QUERIES.account_signals, sorted(accounts), moment_of(since)
        )
        return {
            row["account"]: Signals(
                alarming_decisions=row["alarming"],
                denied_decisions=row["denied"],
                revocable_operations=row["revocable"],
            )
            for row in rows
        }

    async def operations_between(self, account: str, since: int, until: int, count_max: int) -> list[bytes]:
        """The bodies of an account's operations in a time, newest first."""
        times = (moment_of(since), moment_of(until))
        rows = await self._connection.fetch(QUERIES.operations_between, account, *times, count_max)
        return [bytes(row["body"]) for row in rows]

    async def decided_of(
        self, account: str, behind: tuple[int, int], count_max: int
    ) -> list[DecidedOperation]:
        """An account's operations behind a place, newest first."""
        at, seq = behind
        rows = await self._connection.fetch(QUERIES.decided_of, account, moment_of(at), seq, count_max)
        return [
            DecidedOperation(row["id"], row["decision_id"], row["outcome"], bytes(row["body"]), row["seq"])
            for row in rows
        ]

    async def on_record(self, account: str, since: int) -> OnRecord:
        """What there is of an account since an instant."""
        row = await self._connection.fetchrow(QUERIES.on_record, account, moment_of(since))
        return OnRecord(*row)

    async def wrote_before(self, case: str, sender: bytes) -> bool:
        """Whether something of this case came from the sender of this digest."""
        return bool(await self._connection.fetchval(QUERIES.wrote_before, case, sender))

    async def events(self, case: str, after: int = 0) -> list[CaseEvent]:
        """Its events behind a version, in order."""
        rows = await self._connection.fetch(QUERIES.case_events, case, after)
        return [
            CaseEvent(
                case=row["case_id"],
                seq=row["seq"],
                kind=EventKind(row["kind"]),
                at=micros_of(row["at"]),
                actor=row["actor"],
                body=row["body"],
                trace=row["trace_id"],
            )
            for row in rows
        ]

    async def add_messages(self, messages: Sequence[Message]) -> None:
        """Write messages."""
        rows = (
            (
                one.id, one.case, one.direction.value, one.channel, one.author, moment_of(one.at),
                one.language, one.masked, one.sealed, one.inbound, one.approved, one.secret_said,
                tsvector_of(one.masked),
            )
            for one in messages
        )  # fmt: skip
        self._connection.later(QUERIES.add_messages, rows)
        if any(one.direction is Direction.OUT for one in messages):
            await self._connection.execute(QUERIES.announce_message)

    async def add_values(self, case: str, message: str, values: Sequence[HiddenValue]) -> None:
        """Let a case be found by values that were said in a message."""
        rows = ((one.digest, case, one.kind, message) for one in values)
        self._connection.later(QUERIES.add_values, rows)

    async def messages(self, case: str) -> list[Message]:
        """All messages of a case, in order of time."""
        rows = await self._connection.fetch(QUERIES.case_messages, case)
        return [message_of_row(row) for row in rows]

    async def attach(self, files: Sequence[KeptFile]) -> None:
        """Write files that came with messages."""
        await self._connection.executemany(QUERIES.add_attachment, [tuple(one) for one in files])

    async def files(self, case: str) -> list[KeptFile]:
        """The files of a case, without their bytes."""
        rows = await self._connection.fetch(QUERIES.case_attachments, case)
        return [KeptFile(**dict(zip(KeptFile._fields, (*row, b""), strict=True))) for row in rows]

    async def file_bytes(self, case: str, file: str) -> bytes | None:
        """The sealed bytes of one file of a case."""
        sealed: bytes | None = await self._connection.fetchval(QUERIES.attachment_bytes, case, file)
        return sealed

    async def promise(self, promises: Sequence[Promise]) -> None:
        """Write promises, new or kept."""
        rows = (
            (
                one.id, one.case, one.code, moment_of(one.due_at), moment_of(one.made_at), one.made_by,
                None if one.kept_at is None else moment_of(one.kept_at),
            )
            for one in promises
        )  # fmt: skip
        self._connection.later(QUERIES.put_promises, rows, named_by=1)
        self._connection.tell(map(told_promise, promises))

    async def promises(self, case: str) -> list[Promise]:
        """The promises of a case, those due first first."""
        rows = await self._connection.fetch(QUERIES.case_promises, case)
        return [promise_of_row(row) for row in rows]


def promise_of_row(row: Any) -> Promise:
    """A promise, from its row."""
    return Promise(
        id=row["id"],
        case=row["case_id"],
        code=row["code"],
        due_at=micros_of(row["due_at"]),
        made_at=micros_of(row["made_at"]),
        made_by=row["made_by"],
        kept_at=None if row["kept_at"] is None else micros_of(row["kept_at"]),
    )


def _row_of(case: Case) -> tuple[Any, ...]:
    return (
        case.id,
        case.number,
        case.version,
        case.stage.value,
        case.ball.value,
        case.contained.value,
        None if case.outcome is None else case.outcome.value,
        case.risk.value,
        case.category.value,
        case.owner,
        case.team,
        case.account,
        case.person,
        moment_of(case.opened_at),
        moment_of(case.updated_at),
        None if case.closed_at is None else moment_of(case.closed_at),
        case.merged_into,
        msgspec.to_builtins(case, order="deterministic"),
    )


def _row_of_inbound(inbound: Inbound) -> tuple[Any, ...]:
    return (
        inbound.id,
        inbound.channel,
        inbound.key,
        inbound.digest,
        inbound.sealed,
        inbound.sender,
        moment_of(inbound.received_at),
        inbound.case,
        # A JSON text within JSON: told again, the answer has its keys in the same order.
        msgspec.json.encode(inbound.answer).decode(),
    )


def inbound_of_row(row: Any) -> Inbound:
    """What came in, from its row."""
    return Inbound(
        id=row["id"],
        channel=row["channel"],
        key=row["key"],
        digest=row["digest"],
        sealed=row["sealed"],
        sender=row["sender"],
        received_at=micros_of(row["received_at"]),
        case=row["case_id"],
        answer=msgspec.json.decode(row["answer"]),
    )


def message_of_row(row: Any) -> Message:
    """A message, from its row."""
    return Message(
        id=row["id"],
        case=row["case_id"],
        direction=Direction(row["direction"]),
        channel=row["channel"],
        author=row["author"],
        at=micros_of(row["at"]),
        language=row["language"],
        masked=row["masked"],
        sealed=row["sealed"],
        inbound=row["inbound"],
        approved=row["approved"],
        secret_said=row["secret_said"],
    )
