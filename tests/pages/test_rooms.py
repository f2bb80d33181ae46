"""Goal: policies, knowledge, clocks and measures have rooms that say who may do what. Method: Chromium."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import httpx
import pytest

from countermand.app import read_policy
from countermand.flows.keep_knowledge import search_knowledge
from countermand.flows.publish_policy import checked, draft_policy
from countermand.vocabulary.staff import Role
from pages.desk_stage import SESSION_COOKIE, at_desk, decided, reported, signed_in
from pages.looking import violations
from pages.served import Served

NAME = "handbook-demo"


@pytest.fixture(scope="module")
def people(served: Served) -> dict[str, str]:
    """Cookies of everybody who comes here."""
    roles = {
        "boss": Role.ADMIN, "chen": Role.APPROVER, "lin": Role.AUDITOR, "wang": Role.INVESTIGATOR,
        "ed": Role.KB_EDITOR, "qiu": Role.QUALITY,
    }  # fmt: skip
    return {name: signed_in(served, name, role) for name, role in roles.items()}


def drafted(served: Served, version: str, author: str) -> str:
    """The label of a policy that somebody wrote."""
    files = dict(read_policy(NAME))
    found = next(name for name, text in files.items() if '"2026.11.1"' in text)
    files[found] = files[found].replace('"2026.11.1"', f'"{version}"')
    served.run(draft_policy(served.house, checked(files), "fewer challenges", author))
    return f"{NAME}@{version}"


@pytest.fixture(scope="module")
def label(served: Served) -> str:
    """A policy that the administrator wrote."""
    return drafted(served, "2026.12.1", "boss")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("chen", "/desk/lab"),
        ("chen", f"/desk/lab/policies/{NAME}@2026.12.1"),
        ("qiu", "/desk/knowledge"),
        ("ed", "/desk/knowledge/close-account"),
    ],
)
def test_a_room_is_whole(
    browser: Any, served: Served, people: dict[str, str], label: str, name: str, path: str, language: str
) -> None:
    """In both languages, for whoever works in it, without an accessibility fault, at a desk's width."""
    assert label
    with at_desk(browser, served, people[name], language) as page:
        assert page.goto(path).status == 200
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_a_policy_goes_its_way_through_two_people(
    browser: Any, served: Served, people: dict[str, str], label: str
) -> None:
    """Proposed by one, judged by another; a refused form comes back as it was typed, with the reason."""
    with at_desk(browser, served, people["boss"], "en") as page:
        page.goto("/desk/lab")
        page.locator(".lab-line[href*='2026.12.1']").click()
        page.wait_for_url(re.compile("/policies/"))
        form = page.locator("form:has([value=propose])")
        form.locator("[name=why]").fill("ready")
        form.locator("button").click()
        page.locator(".badge", has_text="proposed").first.wait_for()
        assert page.locator("form:has([value=approve])").count() == 0
    with at_desk(browser, served, people["chen"], "en") as page:
        page.goto(f"/desk/lab/policies/{label}")
        assert page.locator(".lab-rules article").count() >= 5
        form = page.locator("form:has([value=approve])")
        form.locator("[name=why]").fill("   ")
        form.locator("button").click()
        page.locator("[role=alert]").wait_for()
        form.locator("[name=why]").fill("looked at the backtest")
        form.locator("button").click()
        form = page.locator("form:has([value=schedule])")
        form.locator("[name=start]").fill("2001-01-01T09:00")
        form.locator("[name=why]").fill("on Monday")
        form.locator("button").click()
        page.locator("[role=alert]").wait_for()
        assert form.locator("[name=start]").input_value() == "2001-01-01T09:00"
        assert form.locator("[name=why]").input_value() == "on Monday"
        page.locator(".timeline li").nth(2).wait_for()


def test_whoever_may_only_look_changes_nothing(served: Served, people: dict[str, str], label: str) -> None:
    """An auditor reads the lab and may take no step; an agent's role opens none of it."""
    before = [one.state for one in served.run(served.house.publications.publications())]
    with httpx.Client(base_url=served.address, cookies={SESSION_COOKIE: people["lin"]}) as client:
        shown = client.get(f"/desk/lab/policies/{label}")
        csrf = re.search(r'name="csrf" content="([^"]+)"', shown.text)
        assert shown.status_code == 200
        assert csrf is not None
        headers = {"x-csrf-token": csrf[1], "origin": served.address}
        for path, form in (
            (f"/desk/lab/policies/{label}/steps", {"step": "propose", "why": "x"}),
            (f"/desk/lab/policies/{label}/canary", {"share": "10", "why": "x"}),
            (f"/desk/lab/policies/{label}/shadow", {"why": "x"}),
            ("/desk/lab/backtests", {"policy": label}),
            ("/desk/lab/canary", {"step": "stop", "why": "x"}),
        ):
            assert client.post(path, data=form, headers=headers).status_code == 403, path
    assert [one.state for one in served.run(served.house.publications.publications())] == before
    with httpx.Client(base_url=served.address, cookies={SESSION_COOKIE: people["wang"]}) as client:
        for path in ("/desk/lab", f"/desk/lab/policies/{label}", "/desk/lab/shadows/x"):
            assert client.get(path).status_code == 403, path


def test_a_backtest_runs_beside_and_can_be_cancelled(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """It has a page of its own from the start; a second one is refused in words; cancelled it stays so."""
    with at_desk(browser, served, people["chen"], "en") as page:
        page.goto("/desk/lab")
        page.locator("button[data-key=b]").click()
        page.wait_for_url(re.compile("/backtests/"))
        assert page.locator("#job").get_attribute("data-state") == "running"
        with at_desk(browser, served, people["chen"], "en") as other:
            other.goto("/desk/lab")
            other.locator("button[data-key=b]").click()
            other.locator("[role=alert]").wait_for()
        page.locator("form[action$=cancel] button").click()
        page.locator("#job[data-state=cancelled]").wait_for()
        answer = page.request.get(page.url + "/report")
        assert answer.status == 404


def test_a_shadow_follows_and_is_let_go(
    browser: Any, served: Served, people: dict[str, str], label: str
) -> None:
    """From a policy's page to its comparison, paused and removed, each by a button."""
    with at_desk(browser, served, people["chen"], "zh") as page:
        page.goto(f"/desk/lab/policies/{label}")
        page.locator("form[action$=shadow] button").click()
        page.wait_for_url(re.compile("/shadows/"))
        assert violations(page) == []
        page.locator("[name=act][value=pause]").click()
        page.locator("[name=act][value=resume]").wait_for()
        page.locator("[name=act][value=remove]").click()
        page.wait_for_url(re.compile("/desk/lab$"))
        assert page.locator(".lab-line[href*=shadows]").count() == 0


def test_an_article_is_written_judged_and_published_by_two(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """A draft that asks for a code, or counts without a source, stays as typed and is told; two publish."""
    with at_desk(browser, served, people["ed"], "en") as page:
        page.goto("/desk/knowledge?q=how+do+I+close+my+account")
        page.locator(".lab-line").first.click()
        page.wait_for_url(re.compile("/knowledge/close-account"))
        answer = page.locator("[name='en.answer']")
        wrong = answer.input_value().replace("It is free.", "Send us your password. 38.83% did.")
        answer.fill(wrong)
        page.locator("button[data-key=v]").click()
        page.locator(".message.warn").wait_for()
        assert answer.input_value() == wrong
        assert page.locator("label:has([name='en.answer']) .wrong").count() == 2
        assert violations(page) == []
        answer.fill(wrong.replace("Send us your password. 38.83% did.", "It costs nothing."))
        page.locator(".kb-form [name=why]").fill("plainer")
        page.locator(".kb-form [name=why]").press("Enter")
        page.locator("[name=act][value=withdraw]").wait_for()
        assert page.locator("[name=act][value=publish]").count() == 0
    with at_desk(browser, served, people["chen"], "zh") as page:
        page.goto("/desk/knowledge")
        page.locator(".lab-line[href*='#art']").click()
        page.locator("article form [name=why]").fill("看过了")
        assert violations(page) == []
        page.locator("[name=act][value=publish]").click()
        page.locator("#v2").wait_for()
    found = search_knowledge(served.house.knowledge, served.house.clock, "close my account", "en")
    assert (found[0]["version"], "It costs nothing." in found[0]["words"]["en"]["answer"]) == (2, True)


def test_measures_and_breaches_tell_whose_and_why(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """What was missed stands with its owner and cause; every figure of the chart stands in a table."""
    number = reported(served, account=f"a-late-{language}")
    decided(served, f"a-late-{language}")
    served.run(missed(served, number))
    with at_desk(browser, served, people["wang"], language) as page:
        page.goto("/desk/clocks")
        row = page.locator(f"tr:has(a[href*='{number}'])").first
        assert row.locator("td").nth(3).inner_text() == "team-a"
        assert "ball_with" not in row.inner_text()
        assert violations(page) == []
        page.goto("/desk/measures?days=7")
        assert page.locator("figure details tbody tr").count() in (7, 8)
        page.locator(".chart canvas").wait_for()
        assert page.locator(".tiles dd").first.inner_text() != "–"
        assert violations(page) == []
        assert page.request.get("/desk/measures?days=8").status == 400


async def missed(served: Served, number: str) -> None:
    """A deadline of the case was missed an hour ago, while it waited for the desk."""
    connection: Any = await asyncpg.connect(served.settings.database_url)
    await connection.execute(
        "INSERT INTO breach (clock, case_id, policy, due_at, noted_at, owner, cause) "
        "SELECT k.id, k.case_id, k.policy, now() - interval '1 hour', now(), 'team-a', 'ball_with_desk' "
        "FROM clock AS k JOIN case_file AS c ON c.id = k.case_id WHERE c.number = $1 LIMIT 1",
        number,
    )
    await connection.close()
