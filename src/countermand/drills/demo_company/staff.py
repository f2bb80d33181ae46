"""The demo's staff join as anybody does: invited, with a password nobody knows and an authenticator app."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pyotp

from countermand.drills.demo_company.cast import CAST, Person
from countermand.drills.demo_company.patience import again
from countermand.flows.approve_operation import ApprovalHouse, name_approver
from countermand.flows.case_desk import CaseDesk
from countermand.flows.invite_staff import begin_joining, finish_joining, invite
from countermand.flows.keep_staff import put_staff
from countermand.flows.proving import Answer
from countermand.flows.staff_access import Browser, StaffAccess
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.ids import new_secret
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.staff import Role

ACTOR = "demo"
# Where the demo's staff joined from: nobody's browser is known by it.
_BACKSTAGE = Browser("127.0.0.1", "demo")
_SEATS = ("payments", "compliance")
_TEAM = "desk-1"
_AT_ONCE = 3


class StaffHouse(ApprovalHouse, Protocol):
    """What joining needs of the house."""

    @property
    def access(self) -> StaffAccess: ...

    @property
    def case_desk(self) -> CaseDesk: ...


@dataclass(frozen=True, slots=True)
class Codes:
    """The authenticator apps of the demo's staff: what each shows now."""

    clock: Clock
    apps: dict[str, pyotp.TOTP] = field(default_factory=dict)

    def now(self, name: str) -> tuple[str, int]:
        """The code of somebody's app, and for how many seconds it stays. Raises KeyError."""
        app, seconds = self.apps[name], self.clock.now() // MICROS_PER_SECOND
        return app.at(seconds), app.interval - seconds % app.interval


async def hire(house: StaffHouse, people: Iterable[Person] = tuple(CAST.values())) -> Codes:
    """Everybody joins; who was here before is set up anew. Raises as `invite` and `finish_joining`."""
    codes = Codes(house.access.clock)
    places = asyncio.Semaphore(_AT_ONCE)

    async def joined(one: Person) -> tuple[str, pyotp.TOTP]:
        async with places:
            return await again(lambda: _joined(house.access, one))

    codes.apps.update(await asyncio.gather(*map(joined, people)))
    admin = CAST[Role.ADMIN].staff
    for one in people:
        if one.role in (Role.AGENT, Role.INVESTIGATOR):
            known = {"team": _TEAM, "languages": ["en", "zh"]}
            await put_staff(house.case_desk, one.name, known, admin)
    for role in (Role.APPROVER, Role.PAYMENTS_OPS):
        await name_approver(house, CAST[role].name, _SEATS, ACTOR)
    return codes


async def _joined(access: StaffAccess, person: Person) -> tuple[str, pyotp.TOTP]:
    _, link = await invite(access, person.name, [person.role], ACTOR)
    token = link.rpartition("/")[2]
    joining = await begin_joining(access, token, new_secret(), Method.TOTP, _BACKSTAGE)
    assert joining.otpauth is not None, "that is how an app is set up"
    app = pyotp.parse_uri(joining.otpauth)
    assert isinstance(app, pyotp.TOTP), "a code that time makes"
    code = app.at(access.clock.now() // MICROS_PER_SECOND)
    await finish_joining(access, joining.token, Answer(method=Method.TOTP, code=code), _BACKSTAGE)
    return person.name, app
