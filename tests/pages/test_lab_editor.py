"""Goal: a policy is written, checked and kept in the console, and nothing typed is ever lost. By Chromium."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx
import pytest

from countermand.app import read_policy
from countermand.flows.edit_policy import CHARACTERS_MAX
from countermand.flows.publish_policy import checked, draft_policy
from countermand.vocabulary.staff import Role
from pages.desk_stage import SESSION_COOKIE, at_desk, signed_in
from pages.looking import violations
from pages.served import Served

BAD = "nosuch > 3 AND <script>alert(1)</script>"


@pytest.fixture(scope="module")
def people(served: Served) -> dict[str, str]:
    """Cookies of everybody who comes here."""
    roles = {"boss": Role.ADMIN, "chen": Role.APPROVER, "lin": Role.AUDITOR, "wang": Role.INVESTIGATOR}
    return {name: signed_in(served, name, role) for name, role in roles.items()}


def drafted(served: Served, version: str) -> str:
    """A small policy that the server's owner once recorded: a version of its own for each test."""
    files = dict(read_policy("handbook-demo"))
    text = files["policy.yaml"].replace('"2026.11.1"', f'"{version}"')
    files["policy.yaml"] = text.replace("policy: handbook-demo", f"policy: small-{version}")
    served.run(draft_policy(served.house, checked(files), "to be written on", "server"))
    return f"small-{version}@{version}"


class Writer:
    """Somebody with the editor open, without a script: the form's fields are what they typed."""

    def __init__(self, served: Served, cookie: str, label: str) -> None:
        self.address, self.cookies = served.address, {SESSION_COOKIE: cookie}
        self.path = f"/desk/lab/policies/{label}"
        shown = httpx.get(f"{self.address}{self.path}/edit", cookies=self.cookies)
        assert shown.status_code == 200
        self.form = fields_of(shown.text)

    def send(self, act: str, **more: str) -> httpx.Response:
        """Send the form as it stands."""
        return httpx.post(
            f"{self.address}{self.path}/{act}",
            data={**self.form, **more},
            headers={"origin": self.address},
            cookies=self.cookies,
        )

    def change(self, old: str, new: str) -> None:
        """Type something else wherever it stands."""
        self.form = {name: text.replace(old, new) for name, text in self.form.items()}


def fields_of(page: str) -> dict[str, str]:
    """The fields of the editor's form, as a browser reads them."""
    fields = {one: unescape(text) for one, text in re.findall(r'name="(csrf|seen)" value="([^"]*)"', page)}
    areas = re.findall(r'<textarea name="(file:[^"]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {**fields, **{name: unescape(text) for name, text in areas}, "why": "fewer holds"}


def test_a_policy_is_written_by_keys_alone(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """Opened, checked while typed, refused with every word kept, mended, saved, and on its way to propose."""
    label = drafted(served, {"en": "1", "zh": "11"}[language])
    with at_desk(browser, served, people["boss"], language) as page:
        page.goto(f"/desk/lab/policies/{label}/edit")
        area = page.locator("textarea").first
        sound = area.input_value()
        area.fill(sound + f'rules:\n  - {{id: mine, when: "{BAD}", then: hold}}\n')
        page.locator("#lab-look:not([data-findings='0'])").wait_for()
        assert violations(page) == []
        typed = area.input_value()
        page.keyboard.press("F8")
        assert area.evaluate("one => one === document.activeElement")
        assert area.evaluate("one => one.value.slice(0, one.selectionStart).split('\\n').length") > 1
        page.locator("[name=why]").fill("we try it")
        page.keyboard.press("Control+s")
        page.locator(".message[role=alert]").wait_for()
        assert page.locator("textarea").first.input_value() == typed
        assert page.locator("[name=why]").input_value() == "we try it"
        page.locator("textarea").first.fill(sound)
        page.locator("#lab-look[data-findings='0']").wait_for()
        page.locator("[name=why]").press("Enter")
        page.wait_for_url(lambda url: "/edit" not in url and "/drafts" not in url)
        assert page.url.endswith({"en": "%402", "zh": "%4012"}[language])
        assert page.locator("form:has([value=propose])").count() == 1
        assert page.locator(".timeline").inner_text().count("we try it") == 1
        page.keyboard.press("e")
        page.wait_for_url(re.compile("/edit$"))


def test_two_who_write_on_one_policy_lose_nothing(served: Served, people: dict[str, str]) -> None:
    """The second is told, shown both, and may keep theirs under the next number."""
    label = drafted(served, "21")
    first, second = Writer(served, people["boss"], label), Writer(served, people["chen"], label)
    first.change("Very unusual for this card", "Odd for this card")
    second.change("Very unusual for this card", "Strange for this card")
    assert first.send("drafts").status_code == 303
    told = second.send("drafts")
    assert told.status_code == 409
    assert "boss" in told.text
    again = fields_of(told.text)
    assert {one: again[one] for one in again if one.startswith("file:")} == {
        one: second.form[one] for one in second.form if one.startswith("file:")
    }
    assert "Odd for this card" in told.text
    second.form = again
    kept = second.send("drafts", renumber="yes")
    assert kept.status_code == 303
    known = {one.label: one for one in served.run(served.house.publications.publications())}
    mine = kept.headers["location"].rsplit("/", 1)[1].replace("%40", "@")
    assert known[mine].author == "chen"
    assert first.send("drafts").status_code == 409


def test_only_whoever_may_write_writes(served: Served, people: dict[str, str]) -> None:
    """An auditor and an investigator open no editor, and their text is neither checked nor kept."""
    label = drafted(served, "31")
    writer = Writer(served, people["boss"], label)
    before = len(served.run(served.house.publications.publications()))
    for name in ("lin", "wang"):
        with httpx.Client(base_url=served.address, cookies={SESSION_COOKIE: people[name]}) as client:
            assert client.get(f"{writer.path}/edit").status_code == 403
            shown = client.get("/desk")
            csrf = re.search(r'name="csrf" content="([^"]+)"', shown.text)
            assert csrf is not None
            headers = {"x-csrf-token": csrf[1], "origin": served.address}
            for act in ("check", "drafts"):
                sent = {**writer.form, "csrf": csrf[1]}
                assert client.post(f"{writer.path}/{act}", data=sent, headers=headers).status_code == 403
    assert len(served.run(served.house.publications.publications())) == before


REFUSED: tuple[tuple[dict[str, str], int], ...] = (
    ({"file:policy.yaml": "a: " + "[" * 5_000}, 422),
    ({"file:policy.yaml": "x" * (CHARACTERS_MAX + 1)}, 400),
    ({"file:../../etc": "x"}, 400),
    ({"why": " "}, 400),
    ({"why": "x" * 3000}, 400),
    ({"why": "bell \x07"}, 400),
)


def test_bad_text_is_refused_in_words(served: Served, people: dict[str, str]) -> None:
    """Too deep, too much, no file, no reason: each by its own words, and nothing is kept."""
    writer = Writer(served, people["boss"], drafted(served, "41"))
    before = len(served.run(served.house.publications.publications()))
    assert [writer.send("drafts", **more).status_code for more, _ in REFUSED] == [
        status for _, status in REFUSED
    ]
    assert len(served.run(served.house.publications.publications())) == before
