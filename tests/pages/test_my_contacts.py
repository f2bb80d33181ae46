"""Goal: customers see where their warnings go, add an address, take one away, and nobody silences them.

Method: a real house and Chromium on a phone's screen, by keyboard; codes are caught before they leave.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.surfaces.web.words import said
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.notices import NoticeChannel
from pages.mine_stage import PASSWORD, come_in, press, settle_in, signed_in, whole
from pages.served import Served

OURS, NEW, SCRIPT = "li@example.org", "new@example.org", "<script>document.title=1</script>"


class Inbox:
    """Keeps every code that is sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def send(self, message: Any) -> dict[str, Any]:
        """Taken."""
        self.messages.append(message)
        return {"said": "ok"}


@pytest.fixture(scope="module")
def served(asking_house: Served) -> Served:
    """A house that asks, with mail."""
    house = asking_house.house
    both = frozenset({NoticeChannel.EMAIL, NoticeChannel.SMS})
    object.__setattr__(house.telling, "post", replace(house.post, channels=both))
    return asking_house


@pytest.fixture(scope="module")
def inbox(served: Served) -> Inbox:
    """Where codes arrive."""
    kept = Inbox()
    object.__setattr__(served.house.challenges.kit, "senders", {Method.EMAIL: kept, Method.SMS: kept})
    return kept


def code_for(served: Served, inbox: Inbox) -> str:
    """The code, once the worker has sent it."""
    served.run(served.house.worker.deliverer.settle())
    (message,) = [one for one in inbox.messages if one.to == NEW]
    return re.findall(r"(?<!\d)\d{8}(?!\d)", message.text.zh)[-1]


def test_an_address_is_added_and_another_taken_away(
    served: Served, inbox: Inbox, visit: Any, language: str
) -> None:
    """A code, a proof, a wait with its end in sight, one tap to keep it; the last one cannot go."""
    account = f"a-reach-{language}"
    settle_in(served, account)
    point = GivenPoint(NoticeChannel.EMAIL, OURS, served.house.clock.now())
    given = GivenContacts([point], language, "Asia/Shanghai", None)
    served.run(put_contacts(served.house, account, given, "test"))
    inbox.messages.clear()
    come_in(served, visit, account)
    visit.goto("/me/notices")
    visit.locator('a[href="/me/contacts"]').click()
    main = visit.locator("main")
    assert "l***@example.org" in main.inner_text()
    assert OURS not in visit.content()
    assert said("contacts.last", language) in main.inner_text()
    visit.fill("#address", SCRIPT)
    press(visit, "#address")
    assert visit.locator("#address").input_value() == SCRIPT
    assert visit.locator("[role=alert]").count() == 1
    visit.fill("#address", NEW)
    press(visit, "#address")
    assert visit.locator("#address").input_value() == NEW  # what was typed stays; the proof was missing
    visit.fill("#proof-add", PASSWORD)
    press(visit, "#proof-add")
    visit.fill("#code", "00000000")
    press(visit, "#code")
    whole(visit)
    visit.fill("#code", code_for(served, inbox))
    press(visit, "#code")
    assert said("contacts.done_added", language) in main.inner_text()
    card = visit.locator("article", has_text="l***@example.org")
    card.locator("summary").click()
    card.locator("input[name=proof]").fill(PASSWORD)
    press(visit, 'article form[action="/me/contacts/remove"] button')
    assert said("contacts.state_leaves", language) in card.inner_text()
    assert said("contacts.last", language) in main.inner_text()
    whole(visit)
    press(visit, 'article form[action$="/end"] button')
    assert said("contacts.done_kept", language) in main.inner_text()
    assert said("contacts.state_leaves", language) not in card.inner_text()


def test_the_manner_is_kept_and_nonsense_comes_back(served: Served, inbox: Inbox) -> None:
    """Language and night; a time that is none is refused, the rest as it was; no stranger ends a change."""
    with signed_in(served, "a-manner") as client:
        chosen = {
            "words": "en",
            "timezone": "Europe/London",
            "night": "yes",
            "begins": "23:00",
            "ends": "06:30",
        }
        assert client.form("/me/contacts/manner", **chosen).status_code == 303
        shown = client.get("/me/contacts").text
        assert 'value="23:00"' in shown
        assert "<option selected>Europe/London</option>" in shown
        refused = client.form("/me/contacts/manner", **{**chosen, "begins": SCRIPT, "words": "zh"})
        assert refused.status_code == 400
        assert SCRIPT not in refused.text
        assert '<option value="zh" selected>' in refused.text
        assert client.get("/me/contacts/adr-none").status_code == 404
        assert client.form("/me/contacts/adr-none/verify", code="1").status_code == 404
        assert client.form("/me/contacts/adr-none/end").status_code == 303
        assert client.form("/me/contacts/remove", key="00").status_code == 404
