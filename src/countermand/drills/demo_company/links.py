"""Ways in to the demo's pages for somebody who is made up: each works once, for a few minutes, here alone.

They live in the memory of the demo that printed them. A house that is served for real has no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from countermand.drills.demo_company.cast import CAST, CUSTOMER
from countermand.flows.holder_access import HolderAccess, enter_by_code, make_entry
from countermand.flows.staff_access import Browser, SignedIn, StaffAccess
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import Forbidden
from countermand.kernel.ids import new_secret
from countermand.vocabulary.staff import Role

LINK_SECONDS = 600
LINKS_MAX = 1000
HOW = "demo link"
_CODE_CHARACTERS_MAX = 128


class Visitor(NamedTuple):
    """As whom somebody comes in: `customer` with an account, or a role of staff; and to which page."""

    who: str
    to: str
    account: str = ""
    device: str = ""


class Link(NamedTuple):
    """What a link opens, and until when (microseconds UTC)."""

    visitor: Visitor
    ends_at: int


class CustomerIn(NamedTuple):
    """A customer is in: the cookie of their own pages."""

    cookie: str


@dataclass(slots=True)
class Links:
    """The links that can still be used; a used one is forgotten, a forged one was never known."""

    staff: StaffAccess
    holders: HolderAccess
    open: dict[bytes, Link] = field(default_factory=dict)
    visits: int = 0

    def make(self, visitor: Visitor) -> str:
        """The code of a new link."""
        now = self.staff.clock.now()
        self.open = {name: one for name, one in self.open.items() if now < one.ends_at}
        while len(self.open) >= LINKS_MAX:
            self.open.pop(next(iter(self.open)))
        code = new_secret()
        self.open[digest(code.encode())] = Link(visitor, now + LINK_SECONDS * MICROS_PER_SECOND)
        return code

    def see(self, code: str) -> Visitor:
        """Whom a link lets in as; looking does not use it. Raises Forbidden (`demo_link_refused`)."""
        found = self.open.get(digest(code[:_CODE_CHARACTERS_MAX].encode()))
        if found is None or self.staff.clock.now() >= found.ends_at:
            raise link_refused()
        return found.visitor

    async def use(self, code: str, browser: Browser, agent: str) -> tuple[Visitor, SignedIn | CustomerIn]:
        """Come in; the link is gone with it. `agent` is what the browser calls itself.

        Raises Forbidden (`demo_link_refused`: used, too old, or never ours).
        """
        visitor = self.see(code)
        self.open.pop(digest(code[:_CODE_CHARACTERS_MAX].encode()))
        return visitor, await self.enter(visitor, browser, agent)

    async def enter(self, visitor: Visitor, browser: Browser, agent: str) -> SignedIn | CustomerIn:
        """A session of somebody who is made up; for staff the link stands for both factors."""
        if visitor.who == CUSTOMER:
            self.visits += 1
            session = f"demo-visit-{self.staff.clock.now()}-{self.visits}"
            entry = await make_entry(
                self.holders, visitor.account, session, visitor.device or None, public=False
            )
            return CustomerIn(await enter_by_code(self.holders, entry.code, agent))
        person = CAST[Role(visitor.who)]
        async with self.staff.works.open() as unit:
            account = await unit.access.account(person.name)
            if account is None or account.left_at is not None:
                raise link_refused()
            return await self.staff.open_session(unit, account, browser, HOW)


def link_refused() -> Forbidden:
    """A link that lets nobody in."""
    return Forbidden(
        "demo_link_refused",
        "This link does not work any more: each works once, for ten minutes. "
        "Take a new one on the page of the demo.",
        "该链接已失效：每个链接仅可使用一次，十分钟内有效。请在演示页面获取新链接。",
    )
