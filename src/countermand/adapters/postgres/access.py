"""Accounts, invitations, credentials and sessions of staff in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.challenges import authenticator_of_row, row_of_authenticator
from countermand.adapters.postgres.queries import Queries
from countermand.confirmation.lockout import Standing, Strikes
from countermand.kernel.clock import MICROS_PER_DAY, micros_of, moment_of
from countermand.kernel.errors import Conflict
from countermand.vocabulary.authenticators import Authenticator, Method
from countermand.vocabulary.staff import Role
from countermand.vocabulary.staff_access import (
    Attempt,
    AttemptKind,
    Invitation,
    InvitationEnd,
    KeptForm,
    Session,
    SessionEnd,
    StaffAccount,
)

QUERIES = Queries("access.sql")
OLD_SESSION_DAYS = 30
FORMS_MAX, BROWSERS_MAX = 10, 50


class PostgresAccess:
    """Everything about signing in, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def account(self, name: str) -> StaffAccount | None:
        """One account, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_account, name)
        return None if row is None else _account(row)

    async def accounts(self) -> list[StaffAccount]:
        """Every account, by name."""
        return [_account(row) for row in await self._connection.fetch(QUERIES.all_accounts)]

    async def key_roles(self, name: str) -> frozenset[Role]:
        """What somebody's good personal keys let them act as."""
        return frozenset(Role(row["role"]) for row in await self._connection.fetch(QUERIES.key_roles, name))

    async def put_account(self, account: StaffAccount) -> None:
        """A new account, or what became of a locked one."""
        values = _out(account)
        values[1] = sorted(role.value for role in account.roles)
        try:
            await self._connection.execute(QUERIES.put_account, *values)
        except asyncpg.UniqueViolationError:
            raise Conflict(
                "subject_linked",
                "Somebody else here is linked to this identity of the provider.",
                "该单点登录身份已关联到其他人员。",
            ) from None

    async def linked(self, issuer: str, subject: str) -> StaffAccount | None:
        """Whom a provider means."""
        row = await self._connection.fetchrow(QUERIES.linked_account, issuer, subject)
        return None if row is None else _account(row)

    async def invitation(self, digest: bytes) -> Invitation | None:
        """The invitation of a link, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_invitation, digest)
        return None if row is None else _invitation(row)

    async def invitations(self) -> list[Invitation]:
        """The newest invitations first."""
        return [_invitation(row) for row in await self._connection.fetch(QUERIES.all_invitations)]

    async def put_invitation(self, invitation: Invitation) -> None:
        """A new one, or how a locked one ended."""
        values = _out(invitation)
        values[3] = sorted(role.value for role in invitation.roles)
        await self._connection.execute(QUERIES.put_invitation, *values)

    async def credentials(self, name: str) -> list[Authenticator]:
        """What somebody signs in with, locked."""
        rows = await self._connection.fetch(QUERIES.staff_credentials, name)
        return [authenticator_of_row(row) for row in rows]

    async def put_credentials(self, credentials: Sequence[Authenticator]) -> None:
        """New ones, and what became of locked ones; those removed first, so that another one has room."""
        for one in sorted(credentials, key=lambda one: one.removed_at is None):
            try:
                await self._connection.execute(QUERIES.put_credential, *row_of_authenticator(one))
            except asyncpg.UniqueViolationError:
                raise Conflict(
                    "passkey_known",
                    "This passkey is enrolled already; use it, or make another one.",
                    "该通行密钥已登记；请直接使用，或另建一个。",
                ) from None

    async def strikes(self, name: str) -> dict[tuple[Method, str], Strikes]:
        """The wrong answers for somebody, locked."""
        rows = await self._connection.fetch(QUERIES.staff_strikes, name)
        found = [
            Strikes(
                account=name,
                method=Method(row["method"]),
                standing=Standing(row["standing"]),
                failures=row["failures"],
                window_at=micros_of(row["window_at"]),
                locked_until=micros_of(row["locked_until"]),
            )
            for row in rows
        ]
        return {(one.method, one.standing.value): one for one in found}

    async def strike(self, strikes: Strikes) -> None:
        """What became of locked strikes."""
        await self._connection.execute(
            QUERIES.put_strike,
            strikes.account,
            strikes.method.value,
            strikes.standing.value,
            strikes.failures,
            moment_of(strikes.window_at),
            moment_of(strikes.locked_until),
        )

    async def put_session(self, session: Session) -> None:
        """A new session, or a proof shown in it."""
        old = moment_of(session.seen_at - OLD_SESSION_DAYS * MICROS_PER_DAY)
        await self._connection.execute(QUERIES.drop_old_sessions, old)
        await self._connection.execute(QUERIES.put_session, *_out(session))

    async def sessions(self, name: str) -> list[Session]:
        """Those that were not ended, the last used first."""
        return [_session(row) for row in await self._connection.fetch(QUERIES.open_sessions, name)]

    async def end_sessions(
        self, name: str, at: int, how: SessionEnd, *, only: str | None = None, but: str | None = None
    ) -> int:
        """End some; how many."""
        given = (name, moment_of(at), how.value, only, but)
        return len(await self._connection.fetch(QUERIES.end_sessions, *given))

    async def put_attempt(self, attempt: Attempt) -> None:
        """A way in; those whose time is up are forgotten."""
        await self._connection.execute(QUERIES.drop_old_attempts, moment_of(attempt.begun_at))
        await self._connection.execute(QUERIES.put_attempt, *_out(attempt))

    async def attempt(self, digest: bytes) -> Attempt | None:
        """One, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_attempt, digest)
        if row is None:
            return None
        found = _back(Attempt, row)
        return Attempt(*found)._replace(kind=AttemptKind(row["kind"]))

    async def end_attempt(self, digest: bytes) -> None:
        """It came to its end."""
        await self._connection.execute(QUERIES.end_attempt, digest)

    async def knows_browser(self, digest: bytes, name: str) -> bool:
        """Whether somebody has signed in there before."""
        return bool(await self._connection.fetchval(QUERIES.knows_browser, digest, name))

    async def know_browser(self, digest: bytes, name: str, at: int) -> None:
        """They have now; of many the ones used last stay known."""
        await self._connection.execute(QUERIES.know_browser, digest, name, moment_of(at))
        await self._connection.execute(QUERIES.drop_old_browsers, name, BROWSERS_MAX)

    async def forget_browsers(self, name: str) -> None:
        """None is theirs any more."""
        await self._connection.execute(QUERIES.forget_browsers, name)

    async def keep_form(self, form: KeptForm) -> None:
        """Keep what was sent; of one person the newest few."""
        await self._connection.execute(QUERIES.keep_form, *_out(form))
        await self._connection.execute(QUERIES.drop_old_forms, moment_of(form.kept_at), form.staff, FORMS_MAX)

    async def kept_form(self, form: str, name: str, now: int) -> KeptForm | None:
        """What somebody sent, if it is theirs and its time is not up."""
        row = await self._connection.fetchrow(QUERIES.find_form, form, name, moment_of(now))
        return None if row is None else KeptForm(*_back(KeptForm, row))

    async def drop_form(self, form: str) -> None:
        """It was sent again."""
        await self._connection.execute(QUERIES.drop_form, form)


class PostgresSessions:
    """Sessions as every request asks for them."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def find(self, digest: bytes) -> tuple[Session, StaffAccount] | None:
        """The session of a cookie with its holder as they are now. Raises Unavailable."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.find_session, digest)
        return None if row is None else (_session(row), _account(row))

    async def seen(self, digest: bytes, at: int) -> None:
        """It was used. Raises Unavailable."""
        with away_is_unavailable():
            await self._pool.execute(QUERIES.session_seen, digest, moment_of(at))


def _out(row: Any) -> list[Any]:
    """The columns of a named tuple; its instants, whose names end in `_at`, as the database takes them."""
    return [
        moment_of(value) if name.endswith("_at") and value is not None else value
        for name, value in zip(row._fields, row, strict=True)
    ]


def _back(kind: Any, row: Any) -> list[Any]:
    """The values of a named tuple of a row."""
    found = ((name, row[name]) for name in kind._fields)
    return [micros_of(it) if name.endswith("_at") and it is not None else it for name, it in found]


def _roles(row: Any) -> frozenset[Role]:
    return frozenset(Role(role) for role in row["roles"])


def _account(row: Any) -> StaffAccount:
    return StaffAccount(*_back(StaffAccount, row))._replace(roles=_roles(row))


def _invitation(row: Any) -> Invitation:
    end = None if row["outcome"] is None else InvitationEnd(row["outcome"])
    return Invitation(*_back(Invitation, row))._replace(roles=_roles(row), outcome=end)


def _session(row: Any) -> Session:
    end = None if row["outcome"] is None else SessionEnd(row["outcome"])
    return Session(*_back(Session, row))._replace(outcome=end)
