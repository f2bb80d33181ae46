"""Goal: staff see what the house decides and stops as it happens, once, masked, and only while they may."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from countermand.flows.staff_changes import change_roles, sign_out_everywhere
from countermand.vocabulary.staff import Role
from pages.desk_stage import SESSION_COOKIE, at_desk, decided, reported, signed_in
from pages.looking import violations
from pages.served import Served

PAYEE = "6222021234567890128"


@pytest.fixture(scope="module")
def wang(served: Served) -> str:
    """The cookie of an investigator who watches."""
    return signed_in(served, "wang", Role.INVESTIGATOR)


def test_what_happens_shows_once_in_order_and_waits_while_paused(
    browser: Any, served: Served, wang: str, language: str
) -> None:
    """Decisions come by themselves, paused they wait for the key, a row tells why; no number is whole."""
    account, first, second = f"a-live-{language}", *{"en": (111, 222), "zh": (333, 444)}[language]
    decided(served, account, counterparty={"id": PAYEE}, minor=12_345_600)
    with at_desk(browser, served, wang, language) as page:
        page.goto("/desk/live")
        page.locator(".live-state.on").wait_for()
        decided(served, account, counterparty={"id": PAYEE}, minor=first)
        page.locator(".live-line.new", has_text=f"{first / 100}").wait_for()
        page.keyboard.press("p")
        decided(served, account, minor=second)
        reported(served, account=account)
        page.locator(".live-state", has_text=re.compile("· [1-9]")).wait_for()
        assert page.locator(".live-line", has_text=f"{second / 100}").count() == 0
        page.keyboard.press("p")
        page.locator(".live-line", has_text=f"{second / 100}").wait_for()
        page.locator(".live-line.event").first.wait_for()
        seen = page.locator(".live-line").evaluate_all("lines => lines.map((one) => Number(one.dataset.seq))")
        assert seen == sorted(set(seen), reverse=True)
        assert PAYEE not in page.content()
        page.keyboard.press("c")
        page.locator(".chart canvas").wait_for()
        assert violations(page) == []
        page.locator("a.live-row[href*='/decisions/']").first.click()
        page.wait_for_url(re.compile("/desk/live/decisions/"))
        assert page.locator("h1 .badge").count() == 1
        assert violations(page) == []
        assert PAYEE not in page.content()


def news(served: Served, cookie: str, headers: dict[str, str], least: int) -> tuple[list[int], str]:
    """The numbers of lines that a reader is sent until there are so many, and the number to go on from."""
    seen: list[int] = []
    with (
        httpx.Client(base_url=served.address, cookies={SESSION_COOKIE: cookie}, timeout=20) as client,
        client.stream("GET", "/desk/live/stream", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.status_code
        place = ""
        for line in answer.iter_lines():
            if line.startswith("id: "):
                place = line.removeprefix("id: ")
            seen += [int(one) for one in reversed(re.findall(r'data-seq=\\"(\d+)\\"', line))]
            if len(seen) >= least and line == "":
                break
    return seen, place


def test_who_comes_back_misses_nothing_and_sees_nothing_twice(served: Served, wang: str) -> None:
    """With Last-Event-ID the stream goes on behind what was seen last."""
    board = served.house.board
    served.run(board.ready())
    start = str(board.position)
    for _ in range(3):
        decided(served, "a-again")
    first, place = news(served, wang, {"last-event-id": start}, 3)
    for _ in range(2):
        decided(served, "a-again")
    second, _ = news(served, wang, {"last-event-id": place}, 2)
    assert (len(first), len(second)) == (3, 2)
    assert [*first, *second] == sorted({*first, *second})


def test_the_board_ends_for_who_may_not_see_it_any_more(browser: Any, served: Served) -> None:
    """A change of roles, and a session that was ended elsewhere, end the stream before the next line."""
    access = served.house.access
    for name, lose in (
        ("moved", lambda: change_roles(access, "moved", [Role.KB_EDITOR], "chen")),
        ("gone", lambda: sign_out_everywhere(access, "gone", "chen")),
    ):
        cookie = signed_in(served, name, Role.INVESTIGATOR)
        with at_desk(browser, served, cookie, "en") as page:
            page.goto("/desk/live")
            page.locator(".live-state.on").wait_for()
            lines = page.locator(".live-line").count()
            served.run(lose())
            decided(served, "a-secret")
            page.locator("[data-over-note]:not([hidden])").wait_for()
            assert page.locator(".live-line").count() == lines
            assert page.locator(".live-state.over").count() == 1


def test_single_cases_and_no_money_mean_no_board(served: Served) -> None:
    """Who sees only the cases opened to them, or no amounts, is refused by name."""
    for name, role in (("viewer", Role.REGULATOR_VIEWER), ("editor", Role.KB_EDITOR), ("boss", Role.ADMIN)):
        cookie = signed_in(served, name, role)
        with httpx.Client(base_url=served.address, cookies={SESSION_COOKIE: cookie}) as client:
            for path in ("/desk/live", "/desk/live/stream", "/desk/live/decisions/x"):
                assert client.get(path).status_code == 403, (name, path)
