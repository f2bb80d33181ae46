"""A stage for staff who sign in: a desk, people with their browsers, and the time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyotp
from argon2 import PasswordHasher

from countermand.adapters.credentials.passwords import ArgonPasswords
from countermand.app import open_desk
from countermand.flows.desk import Desk
from countermand.flows.invite_staff import begin_joining, finish_joining, invite
from countermand.flows.proving import Answer
from countermand.flows.sign_in_staff import begin_sign_in, finish_sign_in
from countermand.flows.staff_access import Browser, SignedIn, StaffAccess
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.staff import Role
from flows.soft_key import SoftKey
from flows.stage import NOON, SECOND

PASSWORD = "Tangerine-88-okapi"
LIGHT = ArgonPasswords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
HERE = Browser("198.51.100.7", "Firefox · Linux")
ELSEWHERE = Browser("203.0.113.9", "Chrome · Windows")


@dataclass
class Person:
    """Somebody with an authenticator app or a passkey; `signed_in` is their newest session."""

    name: str
    access: StaffAccess
    totp: str = ""
    key: SoftKey = field(default_factory=SoftKey)
    signed_in: SignedIn | None = None

    @property
    def cookie(self) -> str:
        """Of their newest session."""
        assert self.signed_in is not None
        return self.signed_in.cookie

    @property
    def browser(self) -> Browser:
        """Where they signed in last."""
        assert self.signed_in is not None
        return HERE._replace(known=self.signed_in.browser)

    def code(self) -> Answer:
        """What their app shows now."""
        seconds = self.access.clock.now() // SECOND
        return Answer(method=Method.TOTP, code=pyotp.TOTP(self.totp).at(seconds))

    async def sign_in(self, browser: Browser = HERE) -> SignedIn:
        """Name, password, code."""
        step = await begin_sign_in(self.access, self.name, PASSWORD, browser)
        self.signed_in = await finish_sign_in(self.access, step.token, self.code(), browser)
        return self.signed_in


@dataclass
class StaffStage:
    """The desk's database, how staff come in, and the time."""

    desk: Desk
    access: StaffAccess
    clock: ManualClock

    async def join(self, name: str, *roles: Role, method: Method = Method.TOTP) -> Person:
        """Somebody is invited and accepts."""
        return await join(self.access, name, *roles, method=method)

    def later(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.advance(int(seconds * SECOND))


async def join(access: StaffAccess, name: str, *roles: Role, method: Method = Method.TOTP) -> Person:
    """Somebody is invited as this and accepts, with a code of their app or a passkey."""
    _, link = await invite(access, name, roles or (Role.AGENT,), "cli")
    person = Person(name, access)
    joining = await begin_joining(access, link.rsplit("/", 1)[1], PASSWORD, method, HERE)
    if method is Method.TOTP:
        assert joining.otpauth is not None
        person.totp = pyotp.parse_uri(joining.otpauth).secret
        answer = person.code()
    else:
        assert joining.webauthn is not None
        answer = Answer(method=method, credential=person.key.create(joining.webauthn))
    person.signed_in = await finish_joining(access, joining.token, answer, HERE)
    return person


@asynccontextmanager
async def staff_stage(dsn: str, folder: Path, **settings: Any) -> AsyncIterator[StaffStage]:
    """A stage on a database; passwords are hashed lightly here."""
    clock = ManualClock(NOON)
    async with open_desk(Settings(database_url=dsn, data_dir=folder, **settings), clock) as desk:
        yield StaffStage(desk, light(desk.access), clock)


def light(access: StaffAccess) -> StaffAccess:
    """The same with a hash that costs nothing."""
    return replace(access, kit=replace(access.kit, passwords=LIGHT))
