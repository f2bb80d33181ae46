"""Goal: a customer sees what happened, takes back what waits, and says "not me" in two taps.

Method: a real house and Chromium on a phone's screen; the institution lets its customer in by a link.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import httpx
import pytest

from countermand.flows.holder_access import make_entry
from countermand.flows.show_incidents import check_session
from countermand.kernel.clock import moment_of
from countermand.surfaces.web.words import said
from countermand.vocabulary.incidents import SessionQuestion
from countermand.vocabulary.operations import Amount, Counterparty, Device, Kind, Operation
from pages.looking import violations
from pages.mine_stage import signed_in
from pages.served import Served

_numbers = itertools.count(1)
SCRIPT = '<img src=x onerror="document.title=1">'


def decided(served: Served, account: str, kind: str = "payment", minor: int = 120_050, **more: Any) -> str:
    """An operation of the account, decided now; its id."""
    number = next(_numbers)
    at: datetime = moment_of(served.house.clock.now())
    operation = Operation(
        id=f"op-{account}-{number}", kind=Kind(kind), account=account, occurred_at=at, ip="203.0.113.7",
        amount=None if kind == "login" else Amount(minor, "CNY"), device=Device("phone-1"), **more,
    )  # fmt: skip
    served.run(served.house.decider.decide(operation, None))
    return operation.id


def come_in(served: Served, page: Any, account: str) -> None:
    """The institution gives a link; one tap, and its customer is in."""
    made = served.run(
        make_entry(served.house.holder_access, account, f"s-{account}", "phone-1", public=False)
    )
    page.goto(f"/me/enter/{made.code}")
    assert violations(page) == []
    page.locator("main button").click()
    page.wait_for_url("**/me")


def test_a_customer_looks_and_takes_back(served: Served, visit: Any, language: str) -> None:
    """History with "not me" on each row, a held transfer taken back, a lower limit, and every page sound."""
    account = f"a-look-{language}"
    decided(served, account, "login")
    decided(served, account, counterparty=Counterparty(SCRIPT))
    held = decided(served, account, "transfer", minor=12_000_000, counterparty=Counterparty("x-1"))
    decided(served, f"{account}-payer", "transfer", minor=12_000_000, counterparty=Counterparty(account))
    come_in(served, visit, account)
    assert said("mine.incoming", language) in visit.locator("main").inner_text()
    assert f"{account}-payer" not in visit.content()
    assert visit.locator(".line").count() == 3
    assert SCRIPT in visit.locator(".line").nth(1).inner_text()
    for path in ("/me", "/me/history", "/me/debits", "/me/limit", "/me/notices", "/me/not-me"):
        visit.goto(path)
        assert violations(visit) == [], path
        assert visit.evaluate("document.documentElement.scrollWidth") <= 390, path
    visit.goto("/me")
    visit.locator(f'form[action="/me/holds/{held}/revoke"] button').click()
    assert said("mine.done_revoked", language) in visit.locator("main").inner_text()
    assert served.run(served.house.holds.find(held)).state == "revoked"
    visit.goto("/me/limit")
    visit.fill("#amount", "abc")
    visit.locator("main form button").click()
    assert visit.input_value("#amount") == "abc"
    assert visit.locator("#amount-wrong").is_visible()
    visit.fill("#amount", "2,000")
    visit.locator("main form button").click()
    assert "2,000.00" in visit.locator(".card").inner_text()
    visit.fill("#amount", "9000")
    visit.locator("main form button").click()
    assert "purpose=limit" in visit.url
    assert "9,000.00" in visit.locator(".ask-card").inner_text()


def test_not_me_stops_and_gives_number_and_secret(served: Served, visit: Any, language: str) -> None:
    """From a row: two taps. The money is stopped, the case is open, and the sign-in ends with it."""
    account = f"a-thief-{language}"
    operation = decided(served, account, "payment")
    come_in(served, visit, account)
    visit.locator(f'a[href="/me/not-me?operation={operation}"]').click()
    visit.locator('button[value="everything"]').click()
    assert visit.locator("h1").inner_text() == said("mine.stopped_title", language)
    assert len(visit.locator(".secret").inner_text().replace(" ", "").replace("-", "")) == 20
    assert violations(visit) == []
    asked = SessionQuestion(account=account, session=f"s-{account}")
    assert not served.run(check_session(served.house, asked))["active"]
    visit.goto("/me")
    assert "holder_over" in visit.locator("main").inner_text()
    # The case is there by now, and its secret was given once.
    with signed_in(served, account, session="s-home") as client:
        again = client.form("/me/not-me", operation=operation, stop="everything")
        assert again.status_code == 200
        assert 'class="secret"' not in again.text


def test_nobody_comes_to_the_pages_of_another(served: Served, browser: Any) -> None:
    """No cookie, a foreign form, another's operation, a used link: refused, and nothing is done."""
    theirs = decided(served, "a-other", "payment")
    made = served.run(make_entry(served.house.holder_access, "a-mine", "s-1", None, public=True))
    home = {"origin": served.address, "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=served.address, headers=home) as client:
        assert client.get("/me").status_code == 401
        assert client.post("/me/enter", data={"code": "forged"}).status_code == 401
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert client.post("/me/enter", data={"code": made.code}, headers=foreign).status_code == 403
        assert client.post("/me/enter", data={"code": made.code}).headers["location"] == "/me"
        assert client.post("/me/enter", data={"code": made.code}).status_code == 401
        assert client.get("/me").status_code == 200
        assert client.get(f"/me/not-me?operation={theirs}").status_code == 404
        for path in ("/me/not-me", "/me/limit", f"/me/holds/{theirs}/revoke", "/me/leave"):
            refused = client.post(path, data={"csrf": "0" * 64, "stop": "everything", "amount": "1"})
            assert refused.status_code == 403
            assert "csrf_refused" in refused.text


@pytest.mark.parametrize("language", ["en"])
def test_the_history_is_one_s_to_keep(served: Served, visit: Any) -> None:
    """As a file that a spreadsheet shows and does not compute."""
    decided(served, "a-file", counterparty=Counterparty("=cmd()"))
    come_in(served, visit, "a-file")
    content = visit.request.get("/me/history.csv").body().decode("utf-8-sig")
    header, line = content.splitlines()
    assert header.startswith("at,operation,what")
    assert "'=cmd()" in line
    assert "1200.50,CNY" in line
