"""A notice leaves through one channel: that it starts is written before, what came of it after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from countermand.extensions import Notifier
from countermand.flows.address_book import AddressBook, Known
from countermand.flows.breaking_points import breaking_point
from countermand.flows.gateway_doors import GatewayDoors
from countermand.flows.tell_customers import send_on
from countermand.flows.use_of_data import NoticeConsents
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unavailable
from countermand.oversight.notice_pack import NoticePack
from countermand.oversight.notice_words import words_of
from countermand.oversight.notices import RECEIPT_SECONDS, Way, gives_up, is_last_hope, next_way
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.facts import NOTICE_CONFIRMED, NOTICE_NOT_DELIVERED, NOTICE_SENT, Fact
from countermand.vocabulary.notices import (
    ENDED,
    REACHED,
    RECEIPT_TIMER,
    ContactPoint,
    Notice,
    NoticeChannel,
    NoticeMessage,
    Sending,
    SendState,
    Taken,
)
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works

_STATE_OF = {
    Taken.ACCEPTED: SendState.ACCEPTED,
    Taken.REFUSED: SendState.REFUSED,
    Taken.UNCERTAIN: SendState.UNCERTAIN,
}


class _Begun(NamedTuple):
    """A sending that is about to leave."""

    sending: Sending
    notice: Notice
    message: NoticeMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What every channel of an installation shares."""

    works: Works
    addresses: AddressBook
    pack: NoticePack
    channels: Collection[NoticeChannel]
    doors: GatewayDoors
    consents: NoticeConsents
    clock: Clock

    async def known(self, unit: Unit, notice: Notice) -> Known:
        """Where the notice's account is reached."""
        name = notice.account or ""
        return self.addresses.opened(name, await unit.contacts.of(name))


@dataclass(frozen=True, slots=True)
class ChannelPort:
    """The port of the outbox that sends through one channel."""

    channel: NoticeChannel
    notifier: Notifier
    post: Post

    async def deliver(self, effect: Effect) -> Delivery:
        """Send it, or go on to the next channel; a sending that has ended is left as it is.

        Raises Unavailable while the channel cannot be reached and may still be: it is tried again.
        """
        begun = await self._begin(str(effect.body.get("sending")), effect.subject)
        if isinstance(begun, Delivery):
            return begun
        breaking_point("notices.begun")
        try:
            answer = await self.notifier.send(begun.message)
        except Unavailable as error:
            return await self._not_now(begun, error, effect.subject)
        breaking_point("notices.sent")
        async with self.post.works.open() as unit:
            sending = await unit.notices.lock(begun.sending.id)
            assert sending is not None, "it was there when it began"
            if sending.state not in ENDED:  # a receipt may have been faster
                sending = await end(
                    self.post, unit, sending, _STATE_OF[answer.taken], answer.said, effect.subject
                )
        breaking_point("notices.written")
        return _delivery(sending)

    async def _begin(self, name: str, subject: str | None) -> _Begun | Delivery:
        """Write that it leaves now. What may have left already only leaves again where that does no harm."""
        now = self.post.clock.now()
        async with self.post.works.open() as unit:
            sending = await unit.notices.lock(name)
            notice = None if sending is None else await unit.notices.find(sending.notice)
            if sending is None or notice is None:
                return Delivery(state=EffectState.FAILED, answer={"refused": "unknown_sending"})
            if sending.state in ENDED:
                return _delivery(sending)
            if sending.state is SendState.STARTED and not self.notifier.repeats_safely:
                said = {"uncertain": "interrupted"}
                return _delivery(await end(self.post, unit, sending, SendState.UNCERTAIN, said, subject))
            if refused := await self.post.consents.lacking(unit, notice, self.channel):
                return _delivery(await self._not_agreed(unit, sending, notice, refused, subject))
            known = await self.post.known(unit, notice)
            point = known.point(self.channel, sending.point)
            if point is None and sending.point is not None:
                said = {"refused": "address_gone"}
                return _delivery(await end(self.post, unit, sending, SendState.REFUSED, said, subject))
            sending = msgspec.structs.replace(sending, state=SendState.STARTED, started_at=now)
            await unit.notices.put(sending)
        return _Begun(sending, notice, self._message(sending, notice, known, point))

    async def _not_agreed(
        self, unit: Unit, sending: Sending, notice: Notice, refused: list[str], subject: str | None
    ) -> Sending:
        """It stays here: a consent was withdrawn after it was planned, and no other channel may have it."""
        said: dict[str, object] = {"refused": "no_consent", "purposes": refused}
        now = self.post.clock.now()
        ended = msgspec.structs.replace(sending, state=SendState.REFUSED, ended_at=now, answer=said)
        await unit.notices.put(ended)
        body = {"sending": sending.seq, "notice": notice.kind, "channel": sending.channel.value, **said}
        await unit.note([Fact(now, NOTICE_NOT_DELIVERED, body, subject, notice.trace)])
        return ended

    def _message(
        self, sending: Sending, notice: Notice, known: Known, point: ContactPoint | None
    ) -> NoticeMessage:
        assert sending.seq is not None, "it was read back"
        terms = known.contacts
        return NoticeMessage(
            id=sending.id,
            notice=notice,
            to="" if point is None else point.address,
            language=terms.language,
            words=words_of(notice, self.post.pack, terms.timezone, self.post.clock.now()),
            receipt_url=self.post.doors.receipt_url(sending.seq),
        )

    async def _not_now(self, begun: _Begun, error: Unavailable, subject: str | None) -> Delivery:
        """It has not left: again soon, or, when it has waited long enough, through the next channel."""
        now = self.post.clock.now()
        async with self.post.works.open() as unit:
            sending = await unit.notices.lock(begun.sending.id)
            assert sending is not None, "it was there when it began"
            if gives_up(begun.notice.urgency, sending.planned_at, now):
                said = {"away": error.code}
                return _delivery(await end(self.post, unit, sending, SendState.GAVE_UP, said, subject))
            await unit.notices.put(
                msgspec.structs.replace(sending, state=SendState.PLANNED, answer={"away": error.code})
            )
        raise error


async def end(
    post: Post,
    unit: Unit,
    sending: Sending,
    state: SendState,
    said: Mapping[str, object],
    subject: str | None,
) -> Sending:
    """Write what came of a locked sending; one that reached nobody goes on through the next channel."""
    now = post.clock.now()
    ended = msgspec.structs.replace(
        sending,
        state=state,
        ended_at=sending.ended_at or now,
        confirmed_at=now if state is SendState.CONFIRMED else None,
        answer=dict(said),
    )
    await unit.notices.put(ended)
    notice = await unit.notices.find(sending.notice)
    assert notice is not None, "a sending belongs to a notice"
    reached = state in REACHED
    kind = NOTICE_NOT_DELIVERED if not reached else NOTICE_SENT
    kind = NOTICE_CONFIRMED if state is SendState.CONFIRMED else kind
    fact = {
        "sending": sending.seq,
        "notice": notice.kind,
        "channel": sending.channel.value,
        "state": state.value,
    }
    await unit.note([Fact(now, kind, fact, subject, notice.trace)])
    waits = state is SendState.ACCEPTED and sending.channel is NoticeChannel.SMS
    if waits and post.doors.public_url is not None:
        due_at = now + RECEIPT_SECONDS[notice.urgency] * MICROS_PER_SECOND
        await unit.timers.set([Timer(RECEIPT_TIMER, sending.id, due_at)])
    if not reached:
        await _go_on(post, unit, notice, ended, now, subject)
    return ended


async def _go_on(
    post: Post, unit: Unit, notice: Notice, failed: Sending, now: int, subject: str | None
) -> None:
    """The next channel, or once more the same one where nothing else is left."""
    sendings = await unit.notices.sendings(notice.id)
    known = await post.known(unit, notice)
    tried = {point for one in sendings if (point := known.point(one.channel, one.point)) is not None}
    way = next_way(notice.urgency, known.contacts, post.channels, tried, now)
    again = known.point(failed.channel, failed.point)
    if way is None and again is not None and is_last_hope(notice.urgency, failed, sendings):
        way = Way(failed.channel, again, now)
    if way is not None:
        await send_on(unit, notice, [way], known, sendings, now, subject)


def _delivery(sending: Sending) -> Delivery:
    """What the outbox keeps of it: that a channel failed is no failure of the notice."""
    answer = {"state": sending.state.value, **(sending.answer or {})}
    state = EffectState.DONE if sending.state in REACHED else EffectState.FAILED
    return Delivery(state=state, answer=answer)
