"""Goal: customers see who is in, throw them out, prove it with what no thief has, and know what is not well.

Method: a real house and Chromium on a phone's screen; a passkey by the browser's virtual authenticator.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from countermand.flows.consent_to_data import data_consents
from countermand.flows.keep_devices import list_devices
from countermand.surfaces.web.words import said
from countermand.vocabulary.operations import Device
from pages.looking import visiting
from pages.mine_stage import (
    LAPTOP,
    PASSWORD,
    PHONE,
    come_in,
    decided,
    local,
    page_of,
    press,
    settle_in,
    signed_in,
    whole,
)
from pages.served import Served

SCRIPT = '<img src=x onerror="document.title=1">'
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def served(asking_house: Served) -> Served:
    """A house that asks."""
    return asking_house


def names_of(served: Served, account: str) -> dict[str, str | None]:
    """The devices of an account, and what they are called."""
    found = served.run(list_devices(served.house.devices, account))
    return {one.device: one.name for one in found.devices}


def test_a_stolen_phone_is_taken_off(served: Served, visit: Any, language: str) -> None:
    """Named, refused without a proof, taken off with one: its visit ends; a name never becomes a script."""
    account = f"a-lost-{language}"
    settle_in(served, account)
    with signed_in(served, account, PHONE, "s-stolen") as thief:
        assert thief.get("/me").status_code == 200
        come_in(served, visit, account, LAPTOP)
        visit.goto("/me/devices")
        whole(visit)
        card = visit.locator("article", has_text=PHONE)
        card.locator("summary").click()
        card.locator("input[name=name]").fill(SCRIPT)
        press(visit, f'form[action="/me/devices/{PHONE}/name"] button')
        assert SCRIPT in visit.locator("article", has_text=PHONE).inner_text()
        visit.locator("article", has_text=PHONE).locator("summary").click()
        press(visit, f'form[action="/me/devices/{PHONE}/remove"] button')
        assert visit.locator("[role=alert]").count() == 1
        whole(visit)
        visit.locator("article", has_text=PHONE).locator("input[name=proof]").fill(PASSWORD)
        press(visit, f'form[action="/me/devices/{PHONE}/remove"] button')
        assert said("devices.done_removed", language) in visit.locator("main").inner_text()
        assert PHONE not in names_of(served, account)
        assert thief.get("/me").status_code == 401
    press(visit, 'form[action="/me/devices/looked"] button')
    assert said("devices.done_looked", language) in visit.locator("main").inner_text()


@pytest.mark.parametrize("language", ["en"])
def test_a_passkey_is_made_and_confirms_a_payment(served: Served, browser: Any, language: str) -> None:
    """Made on the page itself with the password as proof; then it and the password let a payment go."""
    account = "a-passkey"
    settle_in(served, account)
    payment = decided(served, account, "payment")
    with visiting(browser, local(served), language) as visit:
        devtools = visit.context.new_cdp_session(visit)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        come_in(served, visit, account, LAPTOP, "s-laptop")
        visit.goto("/me/ways")
        whole(visit)
        visit.fill("#proof-add", PASSWORD)
        press(visit, "form.card > button.main")
        whole(visit)
        press(visit, "form[data-passkey] button")
        assert said("ways.done_added", language) in visit.locator("main").inner_text()
        visit.goto(page_of(payment))
        press(visit, 'form[action$="/begin"] button')
        visit.fill("#password", PASSWORD)
        press(visit, "#password")
        press(visit, "form[data-passkey] button")
        assert said("waiting.done_confirmed", language) in visit.locator("main").inner_text()
    assert served.run(served.house.holds.find(payment)).unmet == ()


def test_the_score_is_that_of_the_account(served: Served, visit: Any, language: str) -> None:
    """What is mended counts at once; each item leads to its page; the map counts what was recorded."""
    account = f"a-check-{language}"
    settle_in(served, account)
    decided(served, account, "login", device=Device("strange-1"))
    come_in(served, visit, account)
    visit.goto("/me/check-up")
    whole(visit)
    before = int(visit.locator(".score strong").inner_text())
    assert {one.get_attribute("href") for one in visit.locator("a.door").all()} == {
        "/me/ways", "/me/contacts", "/me/devices", "/me/limit",
    }  # fmt: skip
    with signed_in(served, account) as client:
        assert client.form("/me/limit", amount="500", currency="CNY").status_code == 303
        assert client.form("/me/devices/looked").status_code == 303
    visit.reload()
    assert (before, int(visit.locator(".score strong").inner_text())) == (45, 68)
    visit.goto("/me/privacy")
    whole(visit)
    assert said("privacy.record", language, count=1) in visit.locator("main").inner_text()


def test_consent_is_given_to_the_words_and_taken_back(served: Served) -> None:
    """Only to what was shown; taken back twice is taken back; a purpose that is none is no page."""
    account = "a-consent"
    with signed_in(served, account) as client:
        page = client.get("/me/privacy/profiling").text
        digest = page.split('name="digest" value="', 1)[1].split('"', 1)[0]
        assert client.form("/me/privacy/profiling", digest="0" * 64, language="en").status_code == 409
        assert client.form("/me/privacy/profiling", digest=digest, language="en").status_code == 303
        (given,) = served.run(data_consents(served.house, account))
        assert (given["digest"], given["withdrawn_at"]) == (digest, None)
        for _ in range(2):
            assert client.form("/me/privacy/profiling/withdraw").status_code == 303
        (given,) = served.run(data_consents(served.house, account))
        assert given["withdrawn_at"] is not None
        for path in ("/me/privacy/none", "/me/privacy/none/withdraw"):
            assert client.form(path, digest=digest).status_code == 404


def test_what_was_typed_too_late_is_shown_and_not_done(served: Served) -> None:
    """The session ended in the middle: nothing is lost but what was secret; nobody's device is another's."""
    account = "a-late"
    settle_in(served, account)
    with signed_in(served, account) as client:
        token = client.get("/me").text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        client.form("/me/leave", everywhere="yes")
        client.cookies.clear()
        typed = {"csrf": token, "name": SCRIPT, "proof": PASSWORD}
        late = client.post(f"/me/devices/{PHONE}/name", data=typed)
        assert late.status_code == 401
        assert "&lt;img src=x" in late.text
        assert SCRIPT not in late.text
        assert PASSWORD not in late.text
    assert names_of(served, account)[PHONE] is None
    with signed_in(served, "a-nobody") as client:
        for path in (f"/me/devices/{LAPTOP}/name", f"/me/devices/{quote('no/such', safe='')}/remove"):
            assert client.form(path, name="mine").status_code == 404
        assert client.form("/me/ways/aut-none/remove", proof=PASSWORD).status_code == 404
