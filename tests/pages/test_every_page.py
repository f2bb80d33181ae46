"""Goal: every page stands under one strict policy, in the visitor's language, and loads from nowhere else."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from countermand.surfaces.http.page_safety import CONTENT_SECURITY_POLICY
from countermand.surfaces.web.answers import is_ours
from countermand.surfaces.web.assets import assets, manifest
from countermand.surfaces.web.routes import PAGE_HANDLERS
from countermand.vocabulary.staff import Verb
from pages.looking import violations
from pages.served import Served


def test_every_page_says_whom_it_is_for() -> None:
    """One that says nothing would be open to everybody by mistake."""
    for handler in PAGE_HANDLERS:
        assert handler.opt.get("page") in ("open", "holder", "staff"), handler
        assert handler.opt["page"] != "open" or handler.opt.get("open"), handler
        verb = handler.opt.get("verb")
        assert handler.opt["page"] != "staff" or isinstance(verb, Verb) or handler.opt.get("own"), handler


def test_the_home_page_is_whole_in_both_languages(visit: Any, language: str) -> None:
    """It is in the language asked for, has no accessibility fault, and stays so once the other was chosen."""
    visit.goto("/")
    assert visit.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert violations(visit) == []
    visit.locator(".choice").first.click()
    assert visit.locator("html").get_attribute("lang") == {"en": "zh-CN", "zh": "en"}[language]
    visit.reload()
    assert visit.locator("html").get_attribute("lang") == {"en": "zh-CN", "zh": "en"}[language]


def test_dark_is_as_readable_as_light(visit: Any) -> None:
    """The choice is kept by the device, and holds the contrast."""
    visit.goto("/theme/dark?back=/")
    assert visit.locator("html").get_attribute("data-theme") == "dark"
    assert violations(visit) == []


def test_every_answer_stands_under_the_policy(served: Served) -> None:
    """Also a refusal; and an address nobody knows is a page for a browser, a problem for a program."""
    with httpx.Client(base_url=served.address, headers={"accept": "text/html"}) as client:
        for path in ("/", "/nowhere", "/static/nothing.js", "/language/xx"):
            answer = client.get(path)
            assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert answer.headers["content-type"].startswith("text/html")
        assert (
            client.get("/nowhere", headers={"accept": "application/json"}).json()["code"] == "unknown_route"
        )
        assert client.post("/", content=b"{}").status_code == 405


def test_assets_are_kept_for_ever_and_compressed(served: Served) -> None:
    """Each under the name of its own bytes; whichever coding the browser takes, the bytes are the same."""
    with httpx.Client(base_url=served.address) as client:
        for name in manifest().values():
            answers = [
                client.get(f"/static/{name}", headers={"accept-encoding": one})
                for one in ("gzip", "identity")
            ]
            assert {one.content for one in answers} == {assets()[name].plain}
            assert "immutable" in answers[0].headers["cache-control"]


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
def test_the_way_back_never_leads_elsewhere(served: Served, path: str) -> None:
    """A link that switches the language must not be made to send people away."""
    assert not is_ours(path)
    answer = httpx.get(f"{served.address}/language/zh", params={"back": path}, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


def test_no_served_house_has_a_stage(served: Served) -> None:
    """The doors of the demo are no page of the product: elsewhere they do not exist."""
    assert not [path for one in PAGE_HANDLERS for path in one.paths if path.startswith("/demo")]
    home = {"origin": served.address, "sec-fetch-site": "same-origin", "accept": "text/html"}
    with httpx.Client(base_url=served.address, headers=home) as client:
        assert client.get("/demo").status_code == 404
        assert client.get("/demo/in/x").status_code == 404
        for path in ("/demo/do", "/demo/look", "/demo/link", "/demo/in"):
            assert client.post(path, data={"who": "admin", "code": "x"}).status_code == 404
