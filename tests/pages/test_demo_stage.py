"""Goal: the story is played, paused and taken over, nothing of it twice, and nobody comes in but by a way in.

Method: a real house with the demo's stage, the system's Chromium; a story without its last acts.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest

from conftest import module_database
from countermand.app import DEMO_PLACES
from countermand.drills.demo_company.cast import CAST
from countermand.drills.demo_company.links import LINK_SECONDS, LINKS_MAX, Links
from countermand.drills.demo_company.staff import Codes, hire
from countermand.drills.demo_company.stream import Heard, Stream
from countermand.drills.demo_story.company import Company
from countermand.drills.demo_story.redress import STORY
from countermand.drills.demo_story.scene import Setting
from countermand.drills.demo_story.show import Show
from countermand.drills.demo_world import World
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Forbidden
from countermand.settings import Settings
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.web.demo.stage_pages import demo_pages
from countermand.surfaces.web.routes import pages
from countermand.vocabulary.staff import Role
from pages.looking import DESK, violations, visiting
from pages.served import Served, served_house

NAMES = ("morning", "stranger", "grab", "not-me", "stopped", "desk")
STOP_SECONDS_MAX = 10
PEOPLE = [CAST[Role.AGENT], CAST[Role.INVESTIGATOR], CAST[Role.ADMIN]]


class Stage(NamedTuple):
    """A served house, and the company in it."""

    served: Served
    company: Company

    @property
    def address(self) -> str:
        """Where its pages are."""
        return self.served.address


@pytest.fixture(scope="module")
def demo(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A house with the stage, its people, and a story of six acts."""
    made: list[Company] = []

    def with_stage(house: Any) -> Pages:
        heard = Heard()

        async def decide(operation: Any, trace: str | None) -> bytes:
            answer: bytes = await house.decider.decide(operation, trace)
            heard.heard(operation, answer)
            return answer

        async def nobody(*_: Any) -> tuple[bool, list[str]]:
            return False, []

        folder = tmp_path_factory.mktemp("made")
        setting = Setting(house=house, decide=decide, folder=folder, language="zh", verify=nobody)
        now = house.clock.now()
        acts = tuple(act for act in STORY if act.name in NAMES)
        show = Show(setting=setting, acts=acts, make_world=lambda run: World(run, now, f"t{run}"))
        made.append(Company(show, Links(house.access, house.holder_access), Codes(house.clock), heard))
        return Pages((*pages().handlers, *demo_pages(made[0])), pages().refuse)

    with module_database(postgres_server, database_template) as dsn:
        settings = Settings(
            database_url=dsn, data_dir=tmp_path_factory.mktemp("house"), geo_country_file=DEMO_PLACES
        )
        with served_house(settings, with_stage) as served:
            company = made[0]
            company.show.setting.address = served.address
            company.codes.apps.update(served.run(hire(served.house, PEOPLE)).apps)
            playing = asyncio.run_coroutine_threadsafe(_living(served, company), served._loop)
            yield Stage(served, company)
            playing.cancel()
            with suppress(CancelledError):
                playing.result(STOP_SECONDS_MAX)


async def _living(served: Served, company: Company) -> None:
    async with served.house.worker.working():
        await company.show.attend()


def fresh(client: httpx.Client) -> str:
    """The story from its beginning, paused; its place."""
    client.post("/demo/do", data={"do": "replay", "place": place_of(client)})
    client.post("/demo/do", data={"do": "pause"})
    client.post("/demo/do", data={"do": "step", "place": place_of(client)})
    return place_of(client)


def place_of(client: httpx.Client) -> str:
    """Where the page says that the story stands."""
    found = re.search(r'name="place" value="([0-9.]+)"', client.get("/demo").text)
    assert found is not None
    return found[1]


@pytest.fixture
def client(demo: Stage) -> Iterator[httpx.Client]:
    """A program that sends what a browser on this machine would."""
    home = {"origin": demo.address, "sec-fetch-site": "same-origin", "accept": "text/html"}
    with httpx.Client(base_url=demo.address, headers=home, timeout=30) as opened:
        yield opened


def test_the_story_is_played_and_taken_over(
    browser: Any, demo: Stage, client: httpx.Client, language: str
) -> None:
    """Step by step; a look as the customer; the reader presses the red button, and the story goes on."""
    fresh(client)
    with visiting(browser, demo.address, language, DESK) as page:
        page.goto("/demo")
        assert violations(page) == []
        page.locator("#act-morning.done").wait_for()
        with page.context.expect_page() as looked:
            page.locator("#act-morning .looks button").first.click()
        looked.value.wait_for_url("**/me")
        assert "36.80" in looked.value.locator("main").inner_text()
        for name in ("stranger", "grab"):
            page.locator("#do-step").click()
            page.locator(f"#act-{name}.done").wait_for()
        with page.context.expect_page() as mine:
            page.locator("#act-grab .looks button").first.click()
        mine.value.locator("a[href^='/me/not-me']").first.click()
        mine.value.locator("button[value=everything]").click()
        page.locator("#act-not-me.yours").wait_for()
        assert page.locator("#act-not-me .told .yours").count() == 1
        page.locator("#speed-4").click()
        page.locator("#do-play").click()
        page.locator("#act-stopped.now .told li").first.wait_for()
        page.locator("#do-pause").dispatch_event("click")  # it moves all the time while the story plays
        page.locator("#do-play").wait_for()
        assert violations(page) == []
        page.locator("#do-step").click()
        page.locator("#act-stopped.done").wait_for()
        page.locator("#do-replay").click()
        page.locator("#act-not-me.waiting").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]


def test_two_pages_that_step_at_once_do_it_once(client: httpx.Client, demo: Stage) -> None:
    """One of them goes on; the other is told that the story is elsewhere, and does nothing."""
    place = fresh(client)
    answers: list[str] = []

    def step() -> None:
        sent = httpx.post(f"{demo.address}/demo/do", data={"do": "step", "place": place},
                          headers=dict(client.headers), timeout=30)  # fmt: skip
        answers.append(sent.headers["location"])

    both = [threading.Thread(target=step) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answers) == ["/demo", "/demo?said=moved"]
    run, _, act = place.partition(".")
    assert place_of(client) == f"{run}.{int(act) + 1}"
    late = client.post("/demo/do", data={"do": "replay", "place": place})
    assert late.headers["location"] == "/demo?said=moved"
    assert client.get(late.headers["location"]).text.count('class="message warn"') == 1


def test_a_way_in_works_once(client: httpx.Client) -> None:
    """For staff and for the customer; a used or forged one is refused, and says what to do."""
    fresh(client)
    for who, home, cookie in (
        ("investigator", "/desk", "countermand-staff"),
        ("admin", "/staff/people", "countermand-staff"),
        ("customer", "/me", "countermand-holder"),
    ):
        made = client.post("/demo/link", data={"who": who}).text
        found = re.search(r'value="http://[^"]*/demo/in/([\w-]+)"', made)
        assert found is not None
        code = found[1]
        assert client.get(f"/demo/in/{code}").status_code == 200  # looking does not use it
        came = client.post("/demo/in", data={"code": code})
        assert (came.status_code, came.headers["location"]) == (303, home)
        assert cookie in came.headers["set-cookie"]
        assert client.get(home).status_code == 200
        again = client.post("/demo/in", data={"code": code})
        assert (again.status_code, "demo_link_refused" in again.text) == (403, True)
    for forged in ("", "x" * 43, "a" * 5000):
        assert client.post("/demo/in", data={"code": forged}).status_code == 403
    for sent in ({"who": "root"}, {"who": "consumer"}, {"who": ""}):
        assert client.post("/demo/look", data=sent).status_code == 403
    nothing = {"who": "customer", "act": "grab", "look": "99"}
    assert client.post("/demo/look", data=nothing).status_code == 404


def test_it_answers_this_machine_alone(client: httpx.Client) -> None:
    """Not another name of this machine, nobody behind a proxy, no page of somebody else's."""
    assert client.get("/demo", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/demo", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    for path in ("/demo/do", "/demo/look", "/demo/link", "/demo/in"):
        assert client.post(path, data={"who": "admin"}, headers=foreign).status_code == 403


def test_a_way_in_is_shut_after_ten_minutes(demo: Stage) -> None:
    """Nobody comes in by a link that was forgotten; the oldest of too many are dropped."""
    clock = ManualClock(demo.served.house.clock.now())
    links = replace(demo.company.links, staff=replace(demo.company.links.staff, clock=clock), open={})
    code = links.make(demo.company.visitor("investigator"))
    clock.advance((LINK_SECONDS - 1) * 10**6)
    assert links.see(code).who == "investigator"
    clock.advance(10**6)
    with pytest.raises(Forbidden, match="demo_link_refused"):
        links.see(code)
    first = links.make(demo.company.visitor("customer"))
    for _ in range(LINKS_MAX):
        links.make(demo.company.visitor("customer"))
    assert len(links.open) == LINKS_MAX
    with pytest.raises(Forbidden, match="demo_link_refused"):
        links.see(first)


def test_the_company_lives(demo: Stage) -> None:
    """An operation of an ordinary customer is decided, and is seen."""
    company, house = demo.company, demo.served.house
    before = company.heard.total
    walkers = World(3, house.clock.now(), "walk")
    stream = Stream(house, walkers, company.show.setting.decide)
    demo.served.run(stream.once(Random(1)))
    assert company.heard.total == before + 1
    assert company.heard.rows[0].operation.account.startswith("acct-walker-")
