"""How the tests look at a page: as a phone or a desk does, with axe-core, and with no error unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe

LOCALE = {"en": "en-GB", "zh": "zh-CN"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def visiting(
    browser: Any, address: str, language: str, size: dict[str, int] | None = None, **more: Any
) -> Iterator[Any]:
    """A page of a fresh browser profile; what its scripts raise, or its policy refuses, fails the test."""
    context = browser.new_context(
        base_url=address, locale=LOCALE[language], viewport=size or PHONE, reduced_motion="reduce", **more
    )
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda told: told.type == "error" and wrong(told.text) and said.append(told.text))
    yield page
    context.close()
    assert said == [], f"the page complained: {said}"


def wrong(text: str) -> bool:
    """Whether the browser complains of the page itself, not of an answer that is meant to refuse."""
    return "Failed to load resource: the server responded" not in text


def violations(page: Any) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found.response["violations"]]
