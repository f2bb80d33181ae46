"""Sessions of staff: asked for at every request, listed, ended one by one or everywhere."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from countermand.flows.staff_access import OpenSession, StaffAccess, token_digest
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import NotFound, Unauthenticated
from countermand.vocabulary.facts import STAFF_SIGNED_OUT, Fact
from countermand.vocabulary.staff_access import (
    SEEN_SECONDS,
    KeptForm,
    Session,
    SessionEnd,
    ends_at,
    is_open,
)

CSRF_KEY = "staff forms"
KEPT_SECONDS = 3600
# A whole policy may be what somebody was writing.
KEPT_BYTES_MAX = 1024 * 1024
TOKEN_CHARACTERS_MAX = 128


async def enter(access: StaffAccess, cookie: str) -> OpenSession:
    """The session of a cookie and its holder with the roles they have now: nothing is remembered between.

    Raises Unauthenticated (`sign_in_needed`: unknown, ended, or its holder has left; `session_over`: its time
    is up), Unavailable.
    """
    named = token_digest(cookie[:TOKEN_CHARACTERS_MAX])
    found = await access.sessions.find(named)
    if found is None or found[0].ended_at is not None or found[1].left_at is not None:
        raise sign_in_needed()
    session, account = found
    now = access.clock.now()
    if not is_open(session, now, access.terms):
        raise session_over()
    if now - session.seen_at >= SEEN_SECONDS * MICROS_PER_SECOND:
        await access.sessions.seen(named, now)
        session = session._replace(seen_at=now)
    return OpenSession(session, account.staff, csrf_of(access, session))


async def still_in(access: StaffAccess, opened: OpenSession) -> bool:
    """Whether a session that a long answer goes to is open, and its holder is who they were, roles and all.

    It is not used by that: a page that only listens keeps nobody signed in. Raises Unavailable.
    """
    found = await access.sessions.find(opened.session.digest)
    if found is None or found[1].left_at is not None or found[1].staff != opened.staff:
        return False
    return is_open(found[0], access.clock.now(), access.terms)


def csrf_of(access: StaffAccess, session: Session) -> str:
    """The token of a session's forms: bound to its cookie by a key that only this house has."""
    return hmac.digest(access.kit.vault.mac_key(CSRF_KEY), session.digest, sha256).hex()


def fits_csrf(opened: OpenSession, given: str | None) -> bool:
    """Whether a form comes from a page of this very session."""
    return given is not None and hmac.compare_digest(opened.csrf.encode(), given.encode())


async def list_sessions(access: StaffAccess, mine: Session) -> list[dict[str, Any]]:
    """Where somebody is signed in, the last used first; never a cookie. Instants are microseconds UTC."""
    now = access.clock.now()
    async with access.works.open() as unit:
        found = await unit.access.sessions(mine.staff)
    return [
        {
            "id": one.id,
            "here": one.id == mine.id,
            "place": one.place,
            "how": one.how,
            "begun_at": one.begun_at,
            "seen_at": one.seen_at,
            "ends_at": ends_at(one, access.terms),
        }
        for one in found
        if is_open(one, now, access.terms)
    ]


async def end_session(access: StaffAccess, mine: Session, session: str) -> None:
    """End one of one's own, this one too. Raises NotFound (`unknown_session`)."""
    async with access.works.open() as unit:
        now = access.clock.now()
        how = SessionEnd.SIGNED_OUT if session == mine.id else SessionEnd.REVOKED
        ended = await unit.access.end_sessions(mine.staff, now, how, only=session)
        if not ended:
            raise NotFound(
                "unknown_session",
                "You have no such session; it may have ended before.",
                "您没有此登录会话，可能已经结束。",
            )
        await unit.note([_out(mine, now, ended)])


async def end_all(access: StaffAccess, mine: Session, *, here_too: bool) -> int:
    """Sign out everywhere, or everywhere else; how many ended."""
    async with access.works.open() as unit:
        now = access.clock.now()
        but = None if here_too else mine.id
        theirs = [one for one in await unit.access.sessions(mine.staff) if one.id != but]
        ended = sum(is_open(one, now, access.terms) for one in theirs)
        await unit.access.end_sessions(mine.staff, now, SessionEnd.SIGNED_OUT, but=but)
        await unit.note([_out(mine, now, ended)])
    return ended


async def is_linked(access: StaffAccess, mine: Session) -> bool:
    """Whether a provider of single sign-on vouches for the holder of this session."""
    async with access.works.open() as unit:
        account = await unit.access.account(mine.staff)
    return account is not None and account.issuer is not None


class Form(NamedTuple):
    """What somebody sent: where to, and the fields in their order."""

    path: str
    fields: tuple[tuple[str, str], ...]


async def keep_form(access: StaffAccess, cookie: str, form: Form) -> str | None:
    """Keep what was sent in a session whose time is up, for its holder; None: there is none, or too much.

    A session that somebody ended keeps nothing: whoever has its cookie may be anybody.
    """
    found = await access.sessions.find(token_digest(cookie[:TOKEN_CHARACTERS_MAX]))
    plain = msgspec.json.encode(form)
    if found is None or found[0].ended_at is not None or found[1].left_at is not None:
        return None
    if len(plain) > KEPT_BYTES_MAX:
        return None
    now = access.clock.now()
    named = access.ids.new("form", now)
    sealed = access.kit.vault.seal(plain, f"form {named}")
    ends = now + KEPT_SECONDS * MICROS_PER_SECOND
    async with access.works.open() as unit:
        await unit.access.keep_form(KeptForm(named, found[0].staff, sealed, now, ends))
    return named


async def kept_form(access: StaffAccess, session: Session, form: str) -> Form:
    """What the holder of this session sent before. Raises NotFound (`unknown_form`)."""
    async with access.works.open() as unit:
        found = await unit.access.kept_form(form, session.staff, access.clock.now())
    if found is None:
        raise NotFound(
            "unknown_form",
            "Nothing is kept here for you; it may have been sent, or an hour has passed.",
            "此处没有为您保留的内容，可能已提交或已超过一小时。",
        )
    return msgspec.json.decode(access.kit.vault.open(found.sealed, f"form {found.id}"), type=Form)


async def drop_form(access: StaffAccess, session: Session, form: str) -> None:
    """It was sent again, or is not wanted. Raises NotFound (`unknown_form`)."""
    await kept_form(access, session, form)
    async with access.works.open() as unit:
        await unit.access.drop_form(form)


def sign_in_needed() -> Unauthenticated:
    """Nobody is signed in here."""
    return Unauthenticated("sign_in_needed", "Sign in first.", "请先登录。")


def session_over() -> Unauthenticated:
    """Somebody was, and their time is up."""
    return Unauthenticated(
        "session_over", "Your session has ended; sign in again.", "登录已过期，请重新登录。"
    )


def _out(mine: Session, now: int, ended: int) -> Fact:
    return Fact(now, STAFF_SIGNED_OUT, {"staff": mine.staff, "actor": mine.staff, "sessions": ended})
