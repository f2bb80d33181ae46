"""A customer answers an SMS: "not me" takes back what waits, or stops the account; all else is answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from countermand.flows.address_book import one_form
from countermand.flows.contain_now import ContainHouse, contain_now
from countermand.flows.revoke_hold import RevokingHouse, revoke_hold
from countermand.flows.send_notices import Post
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock, moment_of
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.text import Text
from countermand.oversight.text_replies import ANSWERABLE_SECONDS, ANSWERS, Meaning, aimed_at, understood
from countermand.vocabulary.facts import NOTICE_ANSWERED, Fact
from countermand.vocabulary.incidents import ContainRequest, IncidentState
from countermand.vocabulary.notices import CONTAINED_BY, Notice, NoticeChannel

ACTOR, CAUSE = "sms reply", "not_me_by_sms"


class ReplyShelf(Protocol):
    """What can still be taken back, and what was told to a number."""

    async def revocable(self, accounts: Collection[str]) -> list[str]:
        """Operations of these accounts that wait, or were just released, the oldest first."""
        ...

    async def texted(self, point: bytes, kinds: Collection[str], since: int, now: int) -> list[Notice]:
        """Notices of these kinds since then that went by SMS to a number of their account's, newest first."""
        ...


class ReplyHouse(RevokingHouse, ContainHouse, Protocol):
    """What this story needs of the house."""

    @property
    def post(self) -> Post: ...

    @property
    def notice_shelf(self) -> ReplyShelf: ...

    @property
    def clock(self) -> Clock: ...


class _Sender(NamedTuple):
    """Who wrote: the accounts reached at the number, its notices that can be denied, the language to use."""

    accounts: Sequence[str]
    told: Sequence[Notice]
    language: str


class _Done(NamedTuple):
    """The answer, and what it was about: operation, kind of notice, incident."""

    answer: str
    operation: str | None = None
    notice: str | None = None
    incident: str | None = None


async def answer_reply(
    house: ReplyHouse, sender: str, text: str, trace: str | None = None
) -> tuple[Text, str]:
    """What is said back, and in which language. Whoever can fake a number can only stop money, never move it.

    "Not me" to a notice of CONTAINED_BY stops its account, once however often it is said; only where that
    notice went to this very number. To a hold: it is taken back. A number that is nobody's gets the answer of
    one for whom nothing waits. Raises Unavailable.
    """
    reply = understood(text)
    known = await _sender(house, sender, text)
    if reply.meaning is Meaning.UNCLEAR:
        return await _said(house, _Done("unclear"), known, trace)
    waiting = await house.notice_shelf.revocable(known.accounts)
    meant = aimed_at(reply, waiting, known.told, house.clock.now())
    if isinstance(meant, Notice):
        done = await _contain(house, meant, waiting, trace)
    elif meant is not None:
        done = _Done(await _revoke(house, meant, trace), meant)
    else:
        done = _Done("which" if waiting or known.told else "nothing" if known.accounts else "stranger")
    return await _said(house, done, known, trace)


async def _contain(house: ReplyHouse, notice: Notice, waiting: Sequence[str], trace: str | None) -> _Done:
    """Stop the notice's account, once; and take back its own operation, if that still waits."""
    assert notice.account is not None, "it went to a contact of the account"
    preset, key = CONTAINED_BY[notice.kind], f"notice {notice.id}"
    async with house.works.open() as unit:
        before = await unit.incidents.by_key(ACTOR, key)
    if before is not None and before.state is not IncidentState.CONTAINED:
        return _Done("opened_again", notice.operation, notice.kind, before.id)
    request = ContainRequest(
        account=notice.account,
        preset=preset,
        reason=f"not me, by SMS, to the notice {notice.kind}",
        reference=notice.id,
        since=moment_of(notice.at - MICROS_PER_DAY),
    )
    shown = await contain_now(house, request, key, ACTOR, trace)
    if notice.operation is not None and notice.operation in waiting:
        await _revoke(house, notice.operation, trace)
    return _Done(f"stopped_{preset.value}", notice.operation, notice.kind, shown["incident"])


async def _revoke(house: ReplyHouse, operation: str, trace: str | None) -> str:
    """Take an operation back; which answer that is."""
    try:
        done: dict[str, Any] = await revoke_hold(house, operation, CAUSE, ACTOR, trace)
    except (Conflict, NotFound):  # it was over in the meantime
        return "over"
    return "revoked" if done["revoked"] else "asked"


async def _sender(house: ReplyHouse, sender: str, text: str) -> _Sender:
    """Whose the number is; one that was replaced a few days ago may still deny what it was told."""
    guess = "en" if text.isascii() else "zh"
    try:
        address = one_form(NoticeChannel.SMS, sender)
    except BadRequest:
        return _Sender((), (), guess)
    post, now = house.post, house.clock.now()
    key = post.addresses.key_of(NoticeChannel.SMS, address)
    async with post.works.open() as unit:
        accounts = await unit.contacts.accounts_at(NoticeChannel.SMS, key)
        stored = None if not accounts else await unit.contacts.of(accounts[0])
    since = now - ANSWERABLE_SECONDS * MICROS_PER_SECOND
    told = await house.notice_shelf.texted(key, list(CONTAINED_BY), since, now)
    return _Sender(accounts, told, guess if stored is None else stored.language)


async def _said(house: ReplyHouse, done: _Done, known: _Sender, trace: str | None) -> tuple[Text, str]:
    """The answer, and the fact that it was given; what was written is kept nowhere."""
    whose = list(known.accounts) or [one.account for one in known.told if one.account is not None][:1]
    async with house.works.open() as unit:
        handles = await unit.handles(whose)
        subject = next((handles[one] for one in whose if one in handles), None)
        await unit.note([Fact(house.clock.now(), NOTICE_ANSWERED, done._asdict(), subject, trace)])
    pack, said = house.post.pack, ANSWERS["nothing" if done.answer == "stranger" else done.answer]
    filled = {
        language: getattr(said, language).replace("{helpline}", getattr(pack.helpline, language))
        for language in ("en", "zh")
    }
    return msgspec.convert(filled, Text), known.language
