"""Goal: staff join, sign in, keep their ways in and their colleagues, in a browser and in both languages.

Method: Chromium over a real house; codes computed as an app does, a passkey by a virtual authenticator.
"""

from __future__ import annotations

import time
from typing import Any

import pyotp
import pytest

from countermand.flows.invite_staff import invite
from countermand.flows.staff_changes import sign_out_everywhere
from countermand.vocabulary.staff import Role
from flows.staff_stage import LIGHT, PASSWORD
from pages.looking import violations, visiting
from pages.served import Served

EVIL = "<script>document.title='stolen'</script>"


@pytest.fixture(autouse=True)
def light(served: Served) -> None:
    """A hash that costs nothing, and the address that this browser calls us by."""
    access = served.house.access
    object.__setattr__(access.kit, "passwords", LIGHT)
    access.kit.passkeys._origins.append(local(served))


def local(served: Served) -> str:
    """A name for which browsers make passkeys."""
    return served.address.replace("127.0.0.1", "localhost")


def press(page: Any) -> None:
    """Enter sends the form; the next page is there when this returns."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def link_of(served: Served, name: str, *roles: Role) -> str:
    """The path of an invitation."""
    _, link = served.run(invite(served.house.access, name, roles, "cli"))
    return "/staff/invitation/" + link.rsplit("/", 1)[1]


def join(page: Any, served: Served, name: str, *roles: Role) -> str:
    """Somebody accepts by app; the app's secret."""
    page.goto(link_of(served, name, *roles))
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    press(page)
    secret = page.locator("code.typed").inner_text().replace(" ", "")
    page.locator("#code").fill(pyotp.TOTP(secret).now())
    press(page)
    page.wait_for_url("**/staff")
    return str(secret)


def test_joining_signing_in_and_one_s_own(visit: Any, served: Served, language: str) -> None:
    """By keyboard alone; a wrong word comes back with what was typed; no page has an accessibility fault."""
    name = f"li-{language}"
    path = link_of(served, name, Role.AGENT)
    visit.goto(path)
    assert violations(visit) == []
    visit.locator("#password").fill("password1234")
    visit.locator("#again").fill("password1234")
    press(visit)
    assert visit.locator("[role=alert]").count() == 1
    visit.locator("#password").fill(PASSWORD)
    visit.locator("#again").fill(PASSWORD)
    press(visit)
    assert violations(visit) == []
    secret = visit.locator("code.typed").inner_text().replace(" ", "")
    visit.locator("#code").fill(pyotp.TOTP(secret).now())
    press(visit)
    visit.wait_for_url("**/staff")
    assert violations(visit) == []
    visit.goto(path)
    assert visit.locator("code").first.inner_text() == "invitation_used"
    visit.goto("/staff")
    visit.get_by_role("button", name={"en": "Sign out", "zh": "退出登录"}[language]).click()
    visit.wait_for_url("**/staff/sign-in")
    assert violations(visit) == []
    visit.goto("/staff?x=1")
    assert visit.url.endswith("/staff/sign-in?next=%2Fstaff%3Fx%3D1")
    visit.locator("#name").fill(EVIL)
    visit.locator("#password").fill("wrong")
    press(visit)
    assert visit.locator("[role=alert]").count() == 1
    assert visit.locator("#name").input_value() == EVIL[:64]
    visit.locator("#name").fill(name)
    visit.locator("#password").fill(PASSWORD)
    press(visit)
    visit.locator("#code").fill(pyotp.TOTP(secret).at(int(time.time()) + 30))
    assert violations(visit) == []
    press(visit)
    visit.wait_for_url("**/staff?x=1")
    assert visit.evaluate("document.cookie") == ""


def test_an_admin_invites_changes_and_removes(visit: Any, served: Served, language: str) -> None:
    """The link is shown to be handed over; a tab that is open is refused at its next step."""
    root, name = f"root-{language}", f"wang-{language}"
    join(visit, served, root, Role.ADMIN)
    visit.goto("/staff/people")
    visit.locator("#name").fill("two words")
    visit.locator("input[value=agent]").first.check()
    press(visit)
    assert visit.locator("#name").input_value() == "two words"
    assert visit.locator("input[value=agent]").first.is_checked()
    visit.locator("#name").fill(name)
    press(visit)
    link = visit.locator("[role=status] code").inner_text()
    assert violations(visit) == []
    with visiting(visit.context.browser, served.address, language) as other:
        other.goto("/staff/invitation/" + link.rsplit("/", 1)[1])
        other.locator("#password").fill(PASSWORD)
        other.locator("#again").fill(PASSWORD)
        press(other)
        secret = other.locator("code.typed").inner_text().replace(" ", "")
        other.locator("#code").fill(pyotp.TOTP(secret).now())
        press(other)
        other.wait_for_url("**/staff")
        assert other.goto("/staff/people").status == 403, "an agent keeps no people"
        visit.goto("/staff/people")
        person = visit.locator("li.person").filter(has_text=name)
        person.locator("summary").click()
        assert violations(visit) == []
        person.locator("form[action$=remove] button").click()
        visit.wait_for_url("**/staff/people")
        other.goto("/staff")
        assert "/staff/sign-in" in other.url


def test_a_passkey_and_a_form_sent_too_late(browser: Any, served: Served) -> None:
    """A passkey is made, signs in, and proves again; what was sent before the proof waits."""
    with visiting(browser, local(served), "en") as page:
        client = page.context.new_cdp_session(page)
        client.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        client.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto(link_of(served, "kim", Role.ADMIN))
        page.locator("#password").fill(PASSWORD)
        page.locator("#again").fill(PASSWORD)
        page.locator("input[value=webauthn]").check()
        press(page)
        assert violations(page) == []
        page.get_by_role("button", name="Make a passkey").click()
        page.wait_for_url("**/staff")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/staff/sign-in")
        page.locator("#name").fill("kim")
        page.locator("#password").fill(PASSWORD)
        press(page)
        page.get_by_role("button", name="Use your passkey").click()
        page.wait_for_url("**/staff")
        page.goto("/staff/people")
        page.locator("#name").fill("park")
        page.locator("input[value=quality]").first.check()
        _forget_proofs(served, "kim")
        press(page)
        page.get_by_role("button", name="Use your passkey").click()
        page.wait_for_url("**/staff/kept/*")
        assert "park" in page.locator("dl").inner_text()
        assert violations(page) == []
        page.get_by_role("button", name="Send it now").click()
        assert "/staff/invitation/" in page.locator("[role=status] code").inner_text()
        served.run(invite(served.house.access, "kim", [Role.ADMIN], "cli"))
        served.run(sign_out_everywhere(served.house.access, "kim", "cli"))
        page.goto("/staff")
        assert "/staff/sign-in" in page.url


def _forget_proofs(served: Served, name: str) -> None:
    """As if five minutes had passed."""

    async def forget() -> None:
        async with served.house.works.open() as unit:
            for session in await unit.access.sessions(name):
                await unit.access.put_session(session._replace(proved_at=0))

    served.run(forget())
