"""A customer with all they can prove with, in a house that asks about payments and holds transfers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pyotp

from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.holder_access import make_entry
from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_profiles import put_profile
from countermand.flows.proving import Answer, Visitor
from countermand.kernel.clock import moment_of
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.operations import Amount, Counterparty, Device, Kind, Operation
from countermand.vocabulary.parties import AccountProfile
from flows.staff_stage import LIGHT
from pages.looking import violations
from pages.served import Served

POLICY = """
policy: pages
version: "1"
title: {en: Pages, zh: 页面}
currency: CNY
timezone: Asia/Shanghai
rules:
  - id: ask
    on: [payment, device_bind]
    when: kind = 'device_bind' OR amount > cny(1)
    then: challenge
    reason: {en: "Always ask", zh: "一律询问"}
  - id: hold
    on: [transfer]
    when: amount > cny(1)
    then: hold
    reason: {en: "Always wait", zh: "一律暂缓"}
  - id: approve
    on: [withdrawal]
    when: amount > cny(1)
    then: approve
    reason: {en: "Somebody decides", zh: "须经批准"}
"""
PASSWORD = "Tangerine-88-okapi"
PHONE, LAPTOP = "phone-1", "laptop-1"
_numbers = itertools.count(1)


class Taker:
    """Takes every code that is sent, and sends none."""

    async def send(self, message: Any) -> dict[str, Any]:
        """Taken."""
        return {"said": "ok"}


def lighten(served: Served) -> None:
    """A hash that costs nothing, a place for codes, and the address by which this browser knows us."""
    kit = served.house.challenges.kit
    object.__setattr__(kit, "passwords", LIGHT)
    object.__setattr__(kit, "senders", {Method.SMS: Taker(), Method.EMAIL: Taker()})
    kit.passkeys._origins.append(local(served))


def local(served: Served) -> str:
    """A name for which browsers make passkeys."""
    return served.address.replace("127.0.0.1", "localhost")


def decided(served: Served, account: str, kind: str, minor: int = 120_050, **more: Any) -> str:
    """An operation of the account, asked for on the phone and decided now; its id."""
    given = {"device": Device(PHONE), "session": f"s-{account}", "counterparty": Counterparty("shop"), **more}
    operation = Operation(
        id=f"op/{account} {next(_numbers)}", kind=Kind(kind), account=account, ip="203.0.113.7",
        occurred_at=moment_of(served.house.clock.now()),
        amount=None if kind in ("login", "device_bind") else Amount(minor, "CNY"), **given,
    )  # fmt: skip
    served.run(served.house.decider.decide(operation, None))
    return operation.id


def settle_in(served: Served, account: str) -> str:
    """A phone and a laptop, a password, an app on the phone, an address; the secret of the app."""
    keeper = served.house.authenticators
    profile = AccountProfile(devices=(PHONE, LAPTOP), kyc_level=2)
    served.run(put_profile(served.house, account, profile, "test"))
    here = Visitor(session="s-0", device=LAPTOP)
    secret = ""
    for wanted in (
        Enrolment(method=Method.PASSWORD, name="password"),
        Enrolment(method=Method.TOTP, name="my app", device=PHONE),
    ):
        proof = Answer(method=Method.PASSWORD, password=PASSWORD)
        keeping = Keeping(account=account, visitor=here, actor="test", proof=proof)
        begun = served.run(keeper.begin(keeping, wanted))
        answer = proof
        if wanted.method is Method.TOTP:
            secret = pyotp.parse_uri(begun["otpauth"]).secret
            # One step back: today's code stays to be used.
            code = pyotp.TOTP(secret).at(served.house.clock.now() // 10**6 - 30)
            answer = Answer(method=Method.TOTP, code=code)
        served.run(keeper.finish(keeping, begun["authenticator"], answer))
    return secret


def come_in(served: Served, page: Any, account: str, device: str | None = PHONE, session: str = "") -> None:
    """The institution gives a link; one tap, and its customer is in."""
    name = session or f"s-{account}"
    made = served.run(make_entry(served.house.holder_access, account, name, device, public=False))
    page.goto(f"/me/enter/{made.code}")
    page.locator("main button").click()
    page.wait_for_url("**/me")


def whole(page: Any) -> None:
    """No accessibility fault, and nothing to scroll aside for."""
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def press(page: Any, selector: str) -> None:
    """By keyboard alone; the next page is there when this returns."""
    page.locator(selector).first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def now_code(served: Served, secret: str) -> str:
    """What the app shows now."""
    return pyotp.TOTP(secret).at(served.house.clock.now() // 10**6)


def page_of(operation: str, what: str = "challenges") -> str:
    """The page about an operation, whose id has blanks and slashes."""
    return f"/me/{what}/{quote(operation, safe='')}"


class Client(httpx.Client):
    """A browser without scripts that is signed in."""

    def form(self, path: str, **fields: str) -> httpx.Response:
        """A form of a page of ours."""
        page = self.get("/me").text
        token = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        return self.post(path, data={"csrf": token, **fields})


@contextmanager
def signed_in(served: Served, account: str, device: str = PHONE, session: str = "") -> Iterator[Client]:
    """Somebody whom the institution let in."""
    name = session or f"s-{account}"
    made = served.run(make_entry(served.house.holder_access, account, name, device, public=False))
    home = {"origin": served.address, "sec-fetch-site": "same-origin"}
    with Client(base_url=served.address, headers=home) as client:
        client.post("/me/enter", data={"code": made.code})
        yield client
