"""Customers on their own pages: let in when the institution vouches for them, asked again each time."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from countermand.cases.channel_ports import ChatHolder, ChatTokens
from countermand.containment.standing import session_revoked
from countermand.flows.remind_holders import begin_reminding
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unauthenticated
from countermand.kernel.ids import Ids, new_secret
from countermand.vocabulary.facts import HOLDER_CAME, HOLDER_LEFT, HOLDER_REFUSED, Fact
from countermand.vocabulary.holder_access import ENTRY_SECONDS, SEEN_SECONDS, Entry, HolderSession, ends_at
from countermand.vocabulary.incidents import Revocation
from countermand.work import Unit, Works

CSRF_KEY = "holder forms"
CODE_CHARACTERS_MAX = 128


class MacKeys(Protocol):
    """The house's own keys by purpose."""

    def mac_key(self, purpose: str) -> bytes:
        """The key of a purpose: 32 bytes, always the same."""
        ...


class Revocations(Protocol):
    """Sessions that containment has ended."""

    async def revocations_about(
        self, account: str | None, person: str | None, session: str | None, device: str | None
    ) -> Sequence[Revocation]:
        """Those that may concern a session."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderAccess:
    """What the stories share. `tokens` is None where the institution signs none: then it asks for links.

    `check_days` is how often holders are asked to look at their devices; 0: never.
    """

    works: Works
    clock: Clock
    ids: Ids
    keys: MacKeys
    revocations: Revocations
    tokens: ChatTokens | None
    check_days: int = 0


class OpenHolder(NamedTuple):
    """Somebody who is in, and the token of their forms."""

    session: HolderSession
    csrf: str

    @property
    def account(self) -> str:
        """Whose pages."""
        return self.session.account


class MadeEntry(NamedTuple):
    """What stands in the link, and until when it works (microseconds UTC)."""

    code: str
    ends_at: int


async def make_entry(
    access: HolderAccess, account: str, session: str, device: str | None, *, public: bool
) -> MadeEntry:
    """A way in for somebody who is signed in at the institution; it works once, within two minutes."""
    code, now = new_secret(), access.clock.now()
    ends = now + ENTRY_SECONDS * MICROS_PER_SECOND
    async with access.works.open() as unit:
        await unit.holder_sessions.put_entry(
            Entry(_digest(code), account, session, device, public, now, ends)
        )
    return MadeEntry(code, ends)


async def enter_by_code(access: HolderAccess, code: str, browser: str) -> str:
    """Come in by a link; the cookie. Raises Unauthenticated (`entry_refused`: used, too old, or none)."""
    now = access.clock.now()
    async with access.works.open() as unit:
        entry = await unit.holder_sessions.use_entry(_digest(code[:CODE_CHARACTERS_MAX]), now)
        if entry is None:
            raise entry_refused()
        holder = ChatHolder(entry.account, entry.session, entry.public)
        return await _begin(access, unit, holder, entry.device, browser, now)


async def enter_by_token(access: HolderAccess, token: str, browser: str) -> str:
    """Come in by what the institution signed (JWT); the cookie. Raises Unauthenticated (`entry_refused`)."""
    now = access.clock.now()
    holder = None if access.tokens is None else access.tokens.holder(token, now)
    if holder is None:
        raise entry_refused()
    async with access.works.open() as unit:
        return await _begin(access, unit, holder, None, browser, now)


async def holder_of(access: HolderAccess, cookie: str, browser: str) -> OpenHolder:
    """Who is in by a cookie, asked at every request: nothing is remembered between.

    A cookie that comes from another browser was copied: its session ends at once.
    Raises Unauthenticated (`holder_needed`: nobody; `holder_over`: time is up, signed out, or contained).
    """
    now = access.clock.now()
    async with access.works.open() as unit:
        found = await unit.holder_sessions.find(_digest(cookie[:CODE_CHARACTERS_MAX]))
        if found is None:
            raise holder_needed()
        if found.ended_at is not None or now >= ends_at(found):
            raise holder_over()
        copied = not hmac.compare_digest(found.browser, _digest(browser))
        if copied:
            await unit.holder_sessions.end(found.account, now, found.id)
            await unit.note([await _fact(unit, HOLDER_REFUSED, found, now)])
        elif now - found.seen_at >= SEEN_SECONDS * MICROS_PER_SECOND:
            await unit.holder_sessions.seen(found.digest, now)
            found = found._replace(seen_at=now)
    if copied or await _is_revoked(access, found):
        raise holder_over()
    return OpenHolder(found, hmac.digest(access.keys.mac_key(CSRF_KEY), found.digest, sha256).hex())


async def leave(access: HolderAccess, holder: OpenHolder, *, everywhere: bool = False) -> int:
    """Sign out here, or on all one's devices; how many sessions ended."""
    session = holder.session
    async with access.works.open() as unit:
        now = access.clock.now()
        only = None if everywhere else session.id
        ended = await unit.holder_sessions.end(session.account, now, only)
        await unit.note([await _fact(unit, HOLDER_LEFT, session, now, sessions=ended)])
    return ended


def fits(holder: OpenHolder, csrf: str | None) -> bool:
    """Whether a form comes from a page of this very session."""
    return csrf is not None and hmac.compare_digest(holder.csrf.encode(), csrf.encode())


async def _begin(
    access: HolderAccess, unit: Unit, holder: ChatHolder, device: str | None, browser: str, now: int
) -> str:
    cookie = new_secret()
    session = HolderSession(
        _digest(cookie), access.ids.new("visit", now), holder.account, holder.session, device, holder.public,
        _digest(browser), now, now,
    )  # fmt: skip
    if await _is_revoked(access, session):
        raise entry_refused()
    await unit.holder_sessions.begin(session)
    await begin_reminding(unit, holder.account, now, access.check_days)
    await unit.note([await _fact(unit, HOLDER_CAME, session, now, public=holder.public)])
    return cookie


async def _is_revoked(access: HolderAccess, one: HolderSession) -> bool:
    """Whether containment has ended the sign-in behind it: by name, by device, or as older than an incident.

    One that came in afterwards was vouched for afterwards: then only its name and device count.
    """
    found = await access.revocations.revocations_about(one.account, None, one.session, one.device)
    begun = one.begun_at
    return any(session_revoked(one.session, one.device, begun, each) for each in found)


async def _fact(unit: Unit, kind: str, one: HolderSession, now: int, **more: object) -> Fact:
    handles = await unit.handles([one.account])
    return Fact(now, kind, {"visit": one.id, **more}, handles.get(one.account))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def entry_refused() -> Unauthenticated:
    """A link or a token that lets nobody in."""
    return Unauthenticated(
        "entry_refused",
        "This link does not work any more: it works once, for two minutes. Open the app and come in again.",
        "该链接已失效：仅可使用一次，两分钟内有效。请打开官方 App 重新进入。",
    )


def holder_needed() -> Unauthenticated:
    """Nobody is in."""
    return Unauthenticated(
        "holder_needed",
        "Open this page from our app. Something is wrong? Say so at the start page: no sign-in is needed.",
        "请从官方 App 打开本页。如有异常，可直接在首页告诉我们，无需登录。",
    )


def holder_over() -> Unauthenticated:
    """Somebody was, and is not any more."""
    return Unauthenticated(
        "holder_over",
        "You were signed out, to keep your account safe. Open this page from our app again.",
        "为保护您的账户，登录已结束。请从官方 App 重新打开本页。",
    )
