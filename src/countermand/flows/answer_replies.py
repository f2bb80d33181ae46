"""A customer answers an SMS: "not me" and a number take back what waits; all else gets a plain answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from countermand.flows.address_book import one_form
from countermand.flows.revoke_hold import RevokingHouse, revoke_hold
from countermand.flows.send_notices import Post
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.text import Text
from countermand.oversight.text_replies import ANSWERS, Meaning, chosen, understood
from countermand.vocabulary.facts import NOTICE_ANSWERED, Fact
from countermand.vocabulary.notices import NoticeChannel

ACTOR, CAUSE = "sms reply", "not_me_by_sms"


class RevocableShelf(Protocol):
    """What can still be taken back."""

    async def revocable(self, accounts: Collection[str]) -> list[str]:
        """Operations of these accounts that wait, or were just released, the oldest first."""
        ...


class ReplyHouse(RevokingHouse, Protocol):
    """What this story needs of the house."""

    @property
    def post(self) -> Post: ...

    @property
    def notice_shelf(self) -> RevocableShelf: ...

    @property
    def clock(self) -> Clock: ...


async def answer_reply(
    house: ReplyHouse, sender: str, text: str, trace: str | None = None
) -> tuple[Text, str]:
    """What is said back, and in which language. Whoever can fake a number can only stop money, never move it.

    A number that is nobody's gets the answer of one for whom nothing waits. Raises Unavailable.
    """
    reply = understood(text)
    accounts, language = await _whose(house, sender, text)
    if reply.meaning is Meaning.UNCLEAR:
        return await _said(house, "unclear", accounts, None, trace), language
    waiting = await house.notice_shelf.revocable(accounts)
    operation = chosen(reply, waiting)
    if operation is None:
        return await _said(house, "which" if waiting else "nothing", accounts, None, trace), language
    try:
        done: dict[str, Any] = await revoke_hold(house, operation, CAUSE, ACTOR, trace)
    except (Conflict, NotFound):  # it was over in the meantime
        return await _said(house, "over", accounts, operation, trace), language
    said = "revoked" if done["revoked"] else "asked"
    return await _said(house, said, accounts, operation, trace), language


async def _whose(house: ReplyHouse, sender: str, text: str) -> tuple[list[str], str]:
    """The accounts that are reached at the number, and the language to answer in."""
    try:
        address = one_form(NoticeChannel.SMS, sender)
    except BadRequest:
        return [], "zh" if not text.isascii() else "en"
    post = house.post
    async with post.works.open() as unit:
        key = post.addresses.key_of(NoticeChannel.SMS, address)
        accounts = await unit.contacts.accounts_at(NoticeChannel.SMS, key)
        stored = None if not accounts else await unit.contacts.of(accounts[0])
    if stored is not None:
        return accounts, stored.language
    return accounts, "zh" if not text.isascii() else "en"


async def _said(
    house: ReplyHouse, answer: str, accounts: list[str], operation: str | None, trace: str | None
) -> Text:
    """The answer, and the fact that it was given; what was written is kept nowhere."""
    async with house.works.open() as unit:
        handles = await unit.handles(accounts)
        body = {"answer": answer, "operation": operation}
        subject = next((handles[one] for one in accounts if one in handles), None)
        await unit.note([Fact(house.clock.now(), NOTICE_ANSWERED, body, subject, trace)])
    return ANSWERS[answer]
