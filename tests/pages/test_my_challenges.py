"""Goal: what asks for a customer's proof or consent is seen whole, answered or stopped, and never slips past.

Method: a real house and Chromium on a phone's screen, by keyboard; and requests as only an attacker sends.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from countermand.flows.give_consent import consent_of
from countermand.surfaces.web.words import said
from pages.mine_stage import (
    LAPTOP,
    PASSWORD,
    PHONE,
    come_in,
    decided,
    now_code,
    page_of,
    press,
    settle_in,
    signed_in,
    whole,
)
from pages.served import Served

LOAN = {"credit_total_minor": 1_120_000, "credit_months": 12, "credit_yearly_percent": 14.4}


@pytest.fixture(scope="module")
def served(asking_house: Served) -> Served:
    """A house that asks."""
    return asking_house


def test_a_payment_is_confirmed_with_two_proofs(served: Served, visit: Any, language: str) -> None:
    """Amount and payee stand first; a wrong code says what is left; the second right proof lets it go."""
    account = f"a-ask-{language}"
    secret = settle_in(served, account)
    operation = decided(served, account, "payment")
    come_in(served, visit, account)
    press(visit, f'a[href="{page_of(operation)}"]')
    assert "1,200.50" in visit.locator(".ask-card").inner_text()
    assert "shop" in visit.locator(".ask-card").inner_text()
    whole(visit)
    press(visit, 'form[action$="/begin"] button')
    visit.fill("#code-totp", "00000000")
    press(visit, "#code-totp")
    whole(visit)
    assert said("challenge.answers_left", language, count=4) in visit.locator("[role=alert]").inner_text()
    visit.fill("#code-totp", now_code(served, secret))
    press(visit, "#code-totp")
    assert visit.locator("#code-totp").count() == 0
    visit.fill("#password", PASSWORD)
    press(visit, "#password")
    assert said("waiting.done_confirmed", language) in visit.locator("main").inner_text()
    assert served.run(served.house.holds.find(operation)).unmet == ()
    whole(visit)
    visit.goto(page_of(operation))
    assert visit.url.endswith(page_of(operation, "holds"))


def test_a_loan_is_agreed_to_in_the_words_that_were_shown(served: Served, visit: Any, language: str) -> None:
    """A wrong answer is explained and kept; the receipt has the very words, and their digest."""
    account = f"a-loan-{language}"
    loan = decided(served, account, "loan_apply", minor=1_000_000, attributes=LOAN)
    come_in(served, visit, account)
    visit.goto(page_of(loan, "consents"))
    whole(visit)
    shown = visit.locator(".statement").evaluate("one => one.textContent")
    digest = sha256(shown.encode()).hexdigest()
    assert visit.locator("input[name=digest]").input_value() == digest
    assert "11,200.00" in shown
    for name, choice in (("answer-0", "0"), ("answer-1", "1")):
        visit.locator(f'input[name="{name}"][value="{choice}"]').check()
    press(visit, "form button.main")
    assert visit.locator("[role=alert]").count() == 1
    assert visit.locator('input[name="answer-1"][value="1"]').is_checked()
    visit.locator('input[name="answer-0"][value="1"]').check()
    press(visit, "form button.main")
    assert visit.locator(".statement").evaluate("one => one.textContent") == shown
    assert digest in visit.locator("main").inner_text()
    assert served.run(consent_of(served.house, loan))["digest"] == digest
    whole(visit)


@pytest.mark.parametrize("language", ["zh"])
def test_who_decides_is_told_by_role_and_when(served: Served, visit: Any) -> None:
    """No name stands there; on the narrowest phone as well."""
    account = "a-approve"
    operation = decided(served, account, "withdrawal", minor=30_000_000)
    come_in(served, visit, account)
    visit.set_viewport_size({"width": 320, "height": 640})
    visit.goto(page_of(operation, "holds"))
    assert said("waiting.role_payments", "zh") in visit.locator("main").inner_text()
    assert visit.locator(".timeline > li").count() == 2
    whole(visit)


def test_one_tap_says_not_me_and_stops(served: Served) -> None:
    """Taken back, never to be confirmed, and money stands still; with control of the account, everything."""
    account = "a-thief"
    settle_in(served, account)
    operation = decided(served, account, "payment")
    with signed_in(served, account) as client:
        client.form(f"{page_of(operation)}/begin", purpose="operation")
        told = client.form(f"{page_of(operation)}/not-me", purpose="operation")
        assert (told.status_code, 'class="secret"' in told.text) == (200, True)
        assert served.run(served.house.holds.find(operation)).state == "revoked"
        refused = client.form(f"{page_of(operation)}/begin", purpose="operation")
        assert refused.status_code == 409
        assert client.get("/me").status_code == 200
        again = client.form(f"{page_of(operation)}/not-me", purpose="operation")
        assert again.status_code == 200
    bound = decided(served, "a-taken", "device_bind")
    with signed_in(served, "a-taken") as client:
        client.form(f"{page_of(bound)}/not-me", purpose="operation")
        assert client.get("/me").status_code == 401


def test_the_wait_ends_sooner_only_from_elsewhere(served: Served) -> None:
    """The same session and device are refused before anybody is asked; others, with two proofs, are not."""
    account = "a-wait"
    secret = settle_in(served, account)
    operation = decided(served, account, "transfer")
    for device, session in ((PHONE, "s-new"), (LAPTOP, "")):
        with signed_in(served, account, device, session) as client:
            assert "purpose=release" not in client.get(page_of(operation, "holds")).text
            refused = client.form(f"{page_of(operation)}/begin", purpose="release")
            assert (refused.status_code, 'role="alert"' in refused.text) == (403, True)
    with signed_in(served, account, LAPTOP, "s-laptop") as client:
        assert "purpose=release" in client.get(page_of(operation, "holds")).text
        client.form(f"{page_of(operation)}/begin", purpose="release")
        answers = {"password": PASSWORD}, {"code": now_code(served, secret)}
        for method, given in zip(("password", "totp"), answers, strict=True):
            sent = client.form(f"{page_of(operation)}/answer", purpose="release", method=method, **given)
        assert sent.headers["location"].endswith("?done=released")
    hold = served.run(served.house.holds.find(operation))
    assert (hold.state.value, hold.until <= served.house.clock.now()) == ("released", True)


def test_nobody_answers_for_another(served: Served) -> None:
    """Another's operation looks the same as none; a purpose, ref or digest that is none is refused."""
    theirs = decided(served, "a-theirs", "payment")
    loan = decided(served, "a-theirs", "loan_apply", attributes=LOAN)
    with signed_in(served, "a-mine") as client:
        for what, real in (("challenges", theirs), ("holds", theirs), ("consents", loan)):
            answers = [client.get(page_of(one, what)) for one in (real, real[:-1] + "x")]
            assert [one.status_code for one in answers] == [404, 404]
            bodies = [one.text.split("<main", 1)[1].split("<code>", 1)[0] for one in answers]
            assert bodies[0] == bodies[1]
        for path in (f"{page_of(theirs)}/begin", f"{page_of(theirs)}/answer", f"{page_of(theirs)}/not-me"):
            assert client.form(path, purpose="operation").status_code == 404
            assert client.post(path, data={"csrf": "0" * 64}).status_code == 403
        assert client.form(page_of(loan, "consents"), digest="0" * 64).status_code == 404
        assert client.get("/me/challenges/x?purpose=limit").status_code == 400
        assert client.get("/me/challenges/x?purpose=steal").status_code == 400
    assert served.run(served.house.holds.find(theirs)).state == "open"
