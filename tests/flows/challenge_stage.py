"""A stage for challenges: a house that asks about everything, a customer with all they can prove with."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyotp
from argon2 import PasswordHasher

from countermand.adapters.credentials.passwords import ArgonPasswords
from countermand.confirmation.challenge_ports import Liveness
from countermand.flows.challenge_customer import Asking, Challenges
from countermand.flows.consent_to_data import give_data_consent, show_purpose
from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.holder_proofs import Keeping
from countermand.flows.house import House
from countermand.flows.keep_authenticators import Authenticators
from countermand.flows.keep_profiles import put_profile
from countermand.flows.proving import Answer, Visitor
from countermand.flows.send_codes import ACTION, CodeCourier
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.authenticators import Method, Purpose
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.parties import AccountProfile
from flows.soft_key import SoftKey
from flows.stage import NOON, SECOND, house_on, outcome_of, payment

POLICY = """
policy: asking
version: "1"
title: {en: Asks, zh: 询问}
currency: CNY
timezone: Asia/Shanghai
rules:
  - id: ask
    on: [payment, withdrawal, loan_disburse, login]
    when: amount > cny(1) OR kind = 'login'
    then: challenge
    reason: {en: "Always ask", zh: "一律询问"}
"""
PHONE, LAPTOP, TABLET = "phone", "laptop", "tablet"
ON_LAPTOP = Visitor(session="s-1", device=LAPTOP)
PASSWORD = "Tangerine-88-okapi"


class Inbox:
    """Takes every code that is sent; may be told to break."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.failure: Exception | None = None

    async def send(self, message: Any) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        self.messages.append(message)
        return {"said": "ok"}

    @property
    def code(self) -> str:
        """The code of the newest message."""
        return re.findall(r"(?<!\d)\d{8}(?!\d)", self.messages[-1].text.zh)[-1]


@dataclasses.dataclass
class Stage:
    """The house with inboxes for senders, and the time."""

    house: House
    clock: ManualClock
    tables: Any
    challenges: Challenges
    authenticators: Authenticators
    courier: CodeCourier
    sms: Inbox
    mail: Inbox
    totp: str = ""
    key: SoftKey = dataclasses.field(default_factory=SoftKey)

    async def held(self, account: str = "a-1", **more: Any) -> str:
        """An operation that waits for a challenge."""
        given = {"device": {"id": LAPTOP}, "session": "s-1", "minor": 10_000, "at": self.clock.now(), **more}
        operation = payment(account, **given)
        (answer,) = await self.house.decider.decide_many([operation], None)
        assert outcome_of(answer) == "challenge"
        return operation.id

    async def begin(self, operation: str, method: Method | None = None, **more: Any) -> dict[str, Any]:
        """A challenge about an operation, its code on its way."""
        shown = await self.challenges.begin(asking(operation), method, **more)
        await self.deliver()
        return shown

    async def answer(self, operation: str, answer: Answer, visitor: Visitor = ON_LAPTOP) -> dict[str, Any]:
        """One answer about an operation."""
        return await self.challenges.answer(asking(operation, visitor), answer)

    def password(self) -> Answer:
        """The right one."""
        return Answer(method=Method.PASSWORD, password=PASSWORD)

    def time_code(self) -> Answer:
        """What the authenticator app shows now."""
        return Answer(method=Method.TOTP, code=pyotp.TOTP(self.totp).at(self.clock.now() // SECOND))

    async def deliver(self) -> None:
        """Hand over what waits in the outbox, as whoever delivers effects would."""
        rows = await self.tables.fetch(
            "SELECT * FROM effect WHERE action = $1 AND state = 'pending' ORDER BY seq", ACTION
        )
        for row in rows:
            effect = Effect(
                id=row["id"], port=row["port"], action=row["action"], lane=None,
                body=msgspec.json.decode(row["body"]), placed_at=0, due_at=0,
            )  # fmt: skip
            try:
                done = await self.courier.deliver(effect)
            except Unavailable as away:
                done = Delivery(state=EffectState.PENDING, answer={"away": away.code})
            await self.tables.execute(
                "UPDATE effect SET state = $2, ended_at = $3, answer = $4, attempts = attempts + 1 "
                "WHERE id = $1",
                row["id"],
                done.state.value,
                None if done.state is EffectState.PENDING else row["placed_at"],
                msgspec.json.encode(done.answer).decode(),
            )

    async def enrol(self, account: str, wanted: Enrolment, **more: Any) -> dict[str, Any]:
        """Enrol something and finish it rightly; what beginning it gave."""
        keeping = Keeping(account=account, visitor=ON_LAPTOP, actor="test", **more)
        begun = await self.authenticators.begin(keeping, wanted)
        await self.deliver()
        answer = Answer(method=wanted.method, password=PASSWORD)
        if wanted.method is Method.TOTP:
            self.totp = pyotp.parse_uri(begun["otpauth"]).secret
            answer = self.time_code()
        if wanted.method in (Method.SMS, Method.EMAIL):
            inbox = self.sms if wanted.method is Method.SMS else self.mail
            answer = Answer(method=wanted.method, code=inbox.code)
        if wanted.method is Method.WEBAUTHN:
            answer = Answer(method=wanted.method, credential=self.key.create(begun["webauthn"]))
        done = await self.authenticators.finish(keeping, begun["authenticator"], answer)
        assert done["state"] == "active"
        if wanted.method is Method.TOTP:
            self.clock.advance(60 * SECOND)  # the code that was shown is used up
        return {**begun, **done}

    async def settle_in(self, account: str = "a-1", kyc_level: int | None = 2) -> None:
        """A customer with a phone and a laptop, and one authenticator of every kind."""
        profile = AccountProfile(devices=(PHONE, LAPTOP), kyc_level=kyc_level)
        await put_profile(self.house, account, profile, "test")
        await self.enrol(account, Enrolment(method=Method.PASSWORD, name="password"))
        known = {"proof": self.password()}
        phone = {"device": PHONE, "language": "zh"}
        sms = Enrolment(method=Method.SMS, name="sms", address="+8613800001234", **phone)
        await self.enrol(account, sms, **known)
        mail = Enrolment(method=Method.EMAIL, name="mail", address="li.ming@example.com", device=TABLET)
        await self.enrol(account, mail, **known)
        await self.enrol(account, Enrolment(method=Method.TOTP, name="app", **phone), **known)
        wanted = Enrolment(method=Method.WEBAUTHN, name="key", device=LAPTOP, biometric=True)
        await self.enrol(account, wanted, **known)


async def agree(house: House, subject: str, purpose: str, values: dict[str, str] | None = None) -> None:
    """Somebody reads what their data is used for, and agrees."""
    put = show_purpose(house, purpose, "zh", values)
    await give_data_consent(house, subject, purpose, "zh", put.digest, values, "app")


def asking(
    ref: str, visitor: Visitor = ON_LAPTOP, purpose: Purpose = Purpose.OPERATION, account: str = ""
) -> Asking:
    """A request about a challenge, relayed by the institution."""
    return Asking(purpose=purpose, ref=ref, account=account, visitor=visitor, actor="test")


@asynccontextmanager
async def stage_on(
    dsn: str, tables: Any, folder: Path, liveness: Liveness | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """A stage on a database of its own; `folder` takes the policy and the vault's key."""
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    clock = ManualClock(NOON)
    async with house_on(dsn, clock, policy=folder, vault_key_file=folder / "vault.key", **settings) as house:
        sms, mail = Inbox(), Inbox()
        cheap = ArgonPasswords(hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        senders = {Method.SMS: sms, Method.EMAIL: mail}
        kit = dataclasses.replace(house.challenges.kit, senders=senders, liveness=liveness, passwords=cheap)
        yield Stage(
            house=house,
            clock=clock,
            tables=tables,
            challenges=dataclasses.replace(house.challenges, kit=kit),
            authenticators=dataclasses.replace(house.authenticators, kit=kit),
            courier=CodeCourier(kit, clock),
            sms=sms,
            mail=mail,
        )
