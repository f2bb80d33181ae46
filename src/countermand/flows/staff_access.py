"""How staff come in by browser: what all of its stories share, and who is half through."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import msgspec
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.confirmation.access_ports import IdentityProvider, SessionShelf
from countermand.confirmation.lockout import LockoutTerms, Standing
from countermand.flows.proving import ProvingKit
from countermand.flows.public_door import Network
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Forbidden, TooMany, Unauthenticated
from countermand.kernel.ids import Ids, new_secret
from countermand.vocabulary.facts import STAFF_SIGNED_IN, Fact
from countermand.vocabulary.staff import Staff
from countermand.vocabulary.staff_access import (
    ATTEMPT_SECONDS,
    Attempt,
    AttemptKind,
    Session,
    SessionTerms,
    StaffAccount,
)
from countermand.work import Unit, Works

# Of one address, which a whole office may share; browsers known as theirs do not count.
TRIES_A_MINUTE = 60
TRIES_OF_A_PERSON = 20
RETRY_SECONDS = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Browser(NamedTuple):
    """Where somebody is: the network it comes from, what it says it is, and its own cookie."""

    address: str
    place: str = ""
    known: str | None = None


class SignedIn(NamedTuple):
    """What the browser keeps: the session's cookie, and its own, by which it is known again."""

    cookie: str
    browser: str
    session: Session


class OpenSession(NamedTuple):
    """A session that is open, who acts in it as they are now, and the token of its forms."""

    session: Session
    staff: Staff
    csrf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAccess:
    """Everything that signing in needs.

    `address` is the product's own, without a slash at its end; `origins` are what browsers call it. `trusted`
    are the networks of proxies whose word on address and scheme is taken. Limits hold for one process.
    """

    works: Works
    sessions: SessionShelf
    kit: ProvingKit
    clock: Clock
    ids: Ids
    terms: SessionTerms
    address: str
    origins: frozenset[str]
    trusted: tuple[Network, ...] = ()
    provider: IdentityProvider | None = None
    lockout: LockoutTerms = field(default_factory=LockoutTerms)
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))
    decoys: list[str] = field(default_factory=list)
    turns: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = field(
        default_factory=WeakValueDictionary
    )

    async def standing(self, unit: Unit, name: str, browser: Browser) -> Standing:
        """Whether this browser is known as theirs."""
        if browser.known is None:
            return Standing.STRANGER
        known = await unit.access.knows_browser(token_digest(browser.known), name)
        return Standing.KNOWN if known else Standing.STRANGER

    def count(self, name: str, browser: Browser, standing: Standing) -> None:
        """One try more, by the person and by the network. Raises TooMany (`too_many_tries`)."""
        wanted = [(RateLimitItemPerMinute(TRIES_OF_A_PERSON), f"{standing.value} {name}")]
        if standing is Standing.STRANGER:
            wanted.append((RateLimitItemPerMinute(TRIES_A_MINUTE), f"from {browser.address}"))
        for item, whose in wanted:
            if not self.limiter.hit(item, "sign in", whose):
                raise TooMany(
                    "too_many_tries",
                    "Too many tries in a short time; wait a minute.",
                    "短时间内尝试次数过多，请一分钟后再试。",
                    retry_after_seconds=RETRY_SECONDS,
                )

    async def begin(
        self,
        unit: Unit,
        kind: AttemptKind,
        staff: str | None,
        about: dict[str, Any],
        token: str | None = None,
    ) -> str:
        """Somebody is half through: the token by which they go on."""
        given = new_secret() if token is None else token
        now, named = self.clock.now(), token_digest(given)
        sealed = self.kit.vault.seal(msgspec.json.encode(about), _context(named))
        ends_at = now + ATTEMPT_SECONDS * MICROS_PER_SECOND
        await unit.access.put_attempt(Attempt(named, kind, staff, sealed, now, ends_at))
        return given

    async def go_on(self, unit: Unit, kind: AttemptKind, token: str) -> tuple[Attempt, dict[str, Any]]:
        """Where they stand, locked. Raises Unauthenticated (`attempt_over`)."""
        found = await unit.access.attempt(token_digest(token))
        if found is None or found.kind is not kind or found.ends_at <= self.clock.now():
            raise Unauthenticated(
                "attempt_over",
                "This took too long, or it was finished before: begin again.",
                "此步骤已超时或已完成，请重新开始。",
            )
        return found, msgspec.json.decode(self.kit.vault.open(found.sealed, _context(found.digest)))

    async def note_step(self, unit: Unit, attempt: Attempt, about: dict[str, Any]) -> None:
        """They stand elsewhere now; the time does not begin again."""
        sealed = self.kit.vault.seal(msgspec.json.encode(about), _context(attempt.digest))
        await unit.access.put_attempt(attempt._replace(sealed=sealed))

    async def open_session(self, unit: Unit, account: StaffAccount, browser: Browser, how: str) -> SignedIn:
        """A session of somebody who has shown both factors; the browser is known as theirs from now on."""
        now, cookie = self.clock.now(), new_secret()
        session = Session(
            digest=token_digest(cookie),
            id=self.ids.new("ses", now),
            staff=account.name,
            begun_at=now,
            seen_at=now,
            proved_at=now,
            ends_at=now + self.terms.session_seconds * MICROS_PER_SECOND,
            how=how,
            place=browser.place,
        )
        await unit.access.put_session(session)
        # Another person's browser is another one: a fresh name, so that no name means two people.
        standing = await self.standing(unit, account.name, browser)
        known = browser.known if standing is Standing.KNOWN and browser.known else new_secret()
        await unit.access.know_browser(token_digest(known), account.name, now)
        body = {"staff": account.name, "session": session.id, "how": how}
        await unit.note([Fact(now, STAFF_SIGNED_IN, body)])
        return SignedIn(cookie, known, session)

    async def nobodys(self) -> str:
        """A password's hash that costs as much as anybody's, and that nothing fits."""
        if not self.decoys:
            self.decoys.append(await self.kit.passwords.hashed(new_secret()))
        return self.decoys[0]

    def turn(self, name: str, method: str, standing: str) -> asyncio.Lock:
        """Answers for one person by one method follow each other, so that none is judged before its time."""
        key = (name, method, standing)
        lock = self.turns.get(key)
        if lock is None:
            lock = self.turns[key] = asyncio.Lock()
        return lock


def is_staff_name(name: str) -> bool:
    """Whether anybody could be called so."""
    return _NAME.fullmatch(name) is not None


def token_digest(token: str) -> bytes:
    """What is kept of a token of 256 random bits."""
    return digest(token.encode())


def sign_in_refused() -> Forbidden:
    """One refusal for every reason, so that nobody learns who works here or which part was wrong."""
    return Forbidden(
        "sign_in_refused",
        "This does not let you in: name, password or code is wrong, or there were too many wrong tries. "
        "A browser in which you have signed in before is not kept waiting by others.",
        "无法登录：姓名、密码或验证码有误，或错误次数过多。他人的错误尝试不会影响您此前登录过的浏览器。",
    )


def _context(named: bytes) -> str:
    return f"sign in {named.hex()}"
