"""Contacts, notices and their sendings in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.open_groups import open_groups_end
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.oversight.notice_ports import StoredContacts, StoredPoint
from countermand.vocabulary.notices import (
    DecidedOperation,
    Notice,
    NoticeChannel,
    QuietHours,
    Sending,
    SendState,
    Urgency,
)

QUERIES = Queries("notices.sql")


class PostgresContacts:
    """Where people can be reached, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def of(self, account: str) -> StoredContacts | None:
        """The contacts of an account."""
        return await self._read(QUERIES.contact_terms_of, account)

    async def lock(self, account: str) -> StoredContacts | None:
        """The same, for us alone until the transaction ends."""
        return await self._read(QUERIES.lock_contact_terms, account)

    async def _read(self, query: str, account: str) -> StoredContacts | None:
        terms = await self._connection.fetchrow(query, account)
        if terms is None:
            return None
        rows = await self._connection.fetch(QUERIES.contact_points_of, account)
        quiet = None
        if terms["quiet_begins"] is not None:
            quiet = QuietHours(terms["quiet_begins"], terms["quiet_ends"])
        points = [
            StoredPoint(
                NoticeChannel(row["channel"]),
                row["key"],
                row["sealed"],
                _micros(row["verified_at"]),
                _micros(row["former_until"]),
            )
            for row in rows
        ]
        return StoredContacts(account, terms["language"], terms["timezone"], quiet, points)

    async def put(self, contacts: StoredContacts, now: int) -> None:
        """Keep these in place of those before."""
        begins, ends = contacts.quiet or (None, None)
        account, points = contacts.account, contacts.points
        await self._connection.execute(
            QUERIES.put_contact_terms,
            account,
            contacts.language,
            contacts.timezone,
            begins,
            ends,
            moment_of(now),
        )
        await self._connection.execute(QUERIES.clear_contact_points, account)
        await self._connection.execute(
            QUERIES.add_contact_points,
            account,
            [point.channel.value for point in points],
            [point.key for point in points],
            [point.sealed for point in points],
            [_moment(point.verified_at) for point in points],
            [_moment(point.former_until) for point in points],
        )

    async def remove(self, account: str) -> bool:
        """Forget an account's contacts; whether there were any."""
        return await self._connection.fetchval(QUERIES.remove_contacts, account) is not None

    async def forget_former(self, accounts: Sequence[str], now: int) -> None:
        """Forget addresses that were replaced long enough ago."""
        await self._connection.execute(QUERIES.forget_former_points, list(accounts), moment_of(now))

    async def accounts_at(self, channel: NoticeChannel, key: bytes) -> list[str]:
        """The accounts that are reached at an address now, verified."""
        rows = await self._connection.fetch(QUERIES.accounts_at_point, channel.value, key)
        return [row["account"] for row in rows]


class PostgresNotices:
    """What was told, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def add(self, notice: Notice) -> bool:
        """Keep a notice; False where it is there already."""
        seq = await self._connection.fetchval(
            QUERIES.add_notice,
            notice.id,
            notice.kind,
            notice.account,
            notice.person,
            notice.urgency.value,
            notice.values,
            moment_of(notice.at),
            notice.trace,
        )
        return seq is not None

    async def find(self, notice: str) -> Notice | None:
        """A notice by its id."""
        row = await self._connection.fetchrow(QUERIES.notice_of_id, notice)
        return None if row is None else notice_of_row(row)

    async def plan(self, sendings: Sequence[Sending]) -> None:
        """Keep new sendings; one that is there stays as it is."""
        if sendings:
            await self._connection.execute(
                QUERIES.plan_sendings,
                [one.id for one in sendings],
                [one.notice for one in sendings],
                [one.channel.value for one in sendings],
                [None if one.point is None else bytes.fromhex(one.point) for one in sendings],
                [moment_of(one.planned_at) for one in sendings],
            )

    async def sendings(self, notice: str) -> list[Sending]:
        """The sendings of a notice, in order of planning."""
        return [
            sending_of_row(row) for row in await self._connection.fetch(QUERIES.sendings_of_notices, [notice])
        ]

    async def lock(self, sending: str) -> Sending | None:
        """One sending by its id, for us alone until the transaction ends."""
        row = await self._connection.fetchrow(QUERIES.lock_sending, sending)
        return None if row is None else sending_of_row(row)

    async def id_of(self, seq: int) -> str | None:
        """The id of the sending with this number."""
        found: str | None = await self._connection.fetchval(QUERIES.sending_id, seq)
        return found

    async def put(self, sending: Sending) -> None:
        """Write what became of a locked sending."""
        await self._connection.execute(
            QUERIES.put_sending,
            sending.id,
            sending.state.value,
            _moment(sending.started_at),
            _moment(sending.ended_at),
            _moment(sending.confirmed_at),
            sending.answer,
        )

    async def decided(self, count_max: int) -> list[DecidedOperation]:
        """Decisions behind the position, in order and none left out; empty while somebody else is at it."""
        position = await self._connection.fetchval(QUERIES.lock_notice_position)
        if position is None:
            return []
        rows = await self._connection.fetch(QUERIES.decided_operations, position, count_max)
        if rows and rows[-1]["seq"] - position != len(rows):
            # A gap may be a group that has not committed yet: see shadow_follower.
            last = rows[-1]["seq"]
            await open_groups_end(self._connection)
            rows = await self._connection.fetch(QUERIES.decided_operations, position, count_max)
            rows = [row for row in rows if row["seq"] <= last]
        return [_decided_of(row) for row in rows]

    async def pass_by(self, seq: int) -> None:
        """Move the position."""
        await self._connection.execute(QUERIES.pass_notice_position, seq)


class PostgresNoticeShelf:
    """What was told, to be looked at; all raise Unavailable."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def after(self, account: str, seq: int, count_max: int) -> list[Notice]:
        """Notices of an account behind number `seq`, in order."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.notices_of_account, account, seq, count_max)
        return [notice_of_row(row) for row in rows]

    async def before(self, account: str, seq: int, count_max: int) -> list[Notice]:
        """The newest notices of an account before number `seq`, newest first."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.newest_notices_of_account, account, seq, count_max)
        return [notice_of_row(row) for row in rows]

    async def sendings(self, notices: Collection[str]) -> list[Sending]:
        """The sendings of these notices, in order."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.sendings_of_notices, list(notices))
        return [sending_of_row(row) for row in rows]

    async def revocable(self, accounts: Collection[str]) -> list[str]:
        """Operations of these accounts that wait, or were just released, the oldest first."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.revocable_operations, list(accounts))
        return [row["operation"] for row in rows]

    async def texted(self, point: bytes, kinds: Collection[str], since: int, now: int) -> list[Notice]:
        """Notices of these kinds since then that went by SMS to a number, newest first, up to 100.

        The number (its keyed digest) is verified and the account's own, or was replaced and still hears.
        """
        with away_is_unavailable():
            rows = await self._pool.fetch(
                QUERIES.texted_notices, point, list(kinds), moment_of(since), moment_of(now)
            )
        return [notice_of_row(row) for row in rows]


def notice_of_row(row: Any) -> Notice:
    """A row of the table as a notice."""
    return Notice(
        id=row["id"],
        kind=row["kind"],
        account=row["account"],
        person=row["person"],
        values=row["details"],
        urgency=Urgency(row["urgency"]),
        at=micros_of(row["at"]),
        trace=row["trace_id"],
        seq=row["seq"],
    )


def sending_of_row(row: Any) -> Sending:
    """A row of the table as a sending."""
    return Sending(
        id=row["id"],
        notice=row["notice"],
        channel=NoticeChannel(row["channel"]),
        point=None if row["point"] is None else row["point"].hex(),
        state=SendState(row["state"]),
        planned_at=micros_of(row["planned_at"]),
        started_at=_micros(row["started_at"]),
        ended_at=_micros(row["ended_at"]),
        confirmed_at=_micros(row["confirmed_at"]),
        answer=row["answer"],
        seq=row["seq"],
    )


def _decided_of(row: Any) -> DecidedOperation:
    return DecidedOperation(
        seq=row["seq"],
        id=row["id"],
        account=row["account"],
        kind=row["kind"],
        received_at=micros_of(row["received_at"]),
        body=row["body"],
        answer=row["answer"],
        subject=None if row["handle"] is None else str(row["handle"]),
        trace=row["trace_id"],
        watched=row["watched"],
        held_at=_micros(row["placed_at"]),
        until=_micros(row["until"]),
        expires_at=_micros(row["expires_at"]),
        needs=tuple(row["needs"] or ()),
        state=row["state"],
    )


def _micros(moment: Any) -> int | None:
    return None if moment is None else micros_of(moment)


def _moment(micros: int | None) -> Any:
    return None if micros is None else moment_of(micros)
