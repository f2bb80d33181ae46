"""Every page that the story names is opened as whom it names, and must say what it should; it blocks."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import NamedTuple

from countermand.drills.demo_story.acts import Act, Look
from countermand.drills.demo_story.company import LINK_PATH, Company
from countermand.drills.demo_story.scene import Scene
from countermand.drills.page_visitor import PageVisitor
from countermand.kernel.text import Text

OK = 200
LOOKS_MAX, LOOK_SECONDS = 40, 0.25


class Page(NamedTuple):
    """A page that an act names: as whom it is opened by which link, and what stands there."""

    act: str
    path: str
    code: str | None
    words: Text


def pages_of(company: Company, act: Act) -> Iterator[Page]:
    """Those that can be seen now, each with a link of its own."""
    scene = company.show.scene
    for look in act.looks:
        found = _page(company, act, look, scene)
        if found is not None:
            yield found


def _page(company: Company, act: Act, look: Look, scene: Scene) -> Page | None:
    to = look.to(scene)
    if to is None:
        return None
    code = company.links.make(company.visitor(look.who, to)) if look.who else None
    return Page(act.name, to, code, look.words(scene))


def opened(address: str, language: str, page: Page) -> Text | None:
    """What is wrong with a page, or None."""
    visitor = PageVisitor(address, language)
    if page.code is not None:
        asked = visitor.get(f"{LINK_PATH}{page.code}")
        answered = visitor.post("/demo/in", {"code": page.code}) if asked.status == OK else asked
    else:
        answered = visitor.get(page.path)
    words = page.words.zh if language == "zh" else page.words.en
    for _ in range(LOOKS_MAX):  # a notice is on its way for a moment
        if answered.status != OK or words in answered.text:
            break
        sleep(LOOK_SECONDS)
        answered = visitor.get(page.path)
    if answered.status != OK:
        return Text(en=f"{page.path} answered {answered.status}", zh=f"{page.path} 返回 {answered.status}")
    if words not in answered.text:
        return Text(en=f"{page.path} does not say {words!r}", zh=f"{page.path} 未显示“{words}”")
    return None
