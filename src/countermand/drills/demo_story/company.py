"""Everything that the demo's own page stands on: the story, the people, the ways in, what is decided now."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.cases.permissions import may_ever
from countermand.drills.demo_company.cast import CAST, CUSTOMER
from countermand.drills.demo_company.links import Links, Visitor
from countermand.drills.demo_company.staff import Codes
from countermand.drills.demo_company.stream import Heard
from countermand.drills.demo_story.show import Show
from countermand.vocabulary.staff import Role, Verb

LINK_PATH = "/demo/in/"


@dataclass(frozen=True, slots=True)
class Company:
    """The demo as its page shows it."""

    show: Show
    links: Links
    codes: Codes
    heard: Heard

    def visitor(self, who: str, to: str | None = None) -> Visitor:
        """Somebody of the demo, on their way to a page or to their own first one.

        Raises ValueError, KeyError for nobody of the demo.
        """
        if who == CUSTOMER:
            scene = self.show.scene
            return Visitor(who, to or "/me", scene.account, scene.home["device"])
        return Visitor(who, to or first_page(CAST[Role(who)].role))

    def link(self, who: str) -> str:
        """The path of a new way in."""
        return f"{LINK_PATH}{self.links.make(self.visitor(who))}"


def first_page(role: Role) -> str:
    """Where somebody begins their day."""
    roles = frozenset({role})
    if may_ever(roles, Verb.CONFIGURE):
        return "/staff/people"
    return "/desk" if may_ever(roles, Verb.READ_CASE) else "/staff"
