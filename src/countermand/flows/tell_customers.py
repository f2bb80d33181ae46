"""A notice is taken from the outbox: kept for the feed, and sent on its ways, each an effect of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from countermand.flows.address_book import AddressBook, Known
from countermand.flows.turns import Turns
from countermand.flows.use_of_data import NoticeConsents
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Unavailable
from countermand.oversight.notices import Way, ways_at_once
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.facts import NOTICE_PLANNED, Fact
from countermand.vocabulary.notices import (
    TOLD_EVERYWHERE,
    Notice,
    NoticeChannel,
    Sending,
    SendState,
    Urgency,
)
from countermand.work import Unit, Works

log = structlog.get_logger(__name__)
ALARM_SECONDS = {Urgency.SECURITY: 300, Urgency.SERVICE: 86400}


class NoticeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the body of a notice's effect holds; who puts one need not know all of it."""

    account: str | None = None
    person: str | None = None
    values: dict[str, object] = {}
    urgency: Urgency = Urgency.SECURITY


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePort:
    """The port `notices` of the outbox; `channels` are those that lead somewhere here."""

    works: Works
    addresses: AddressBook
    channels: Collection[NoticeChannel]
    consents: NoticeConsents
    clock: Clock
    turns: Turns[Effect, Delivery] = field(init=False, default_factory=Turns)

    async def deliver(self, effect: Effect) -> Delivery:
        """Keep the notice and set its sendings going, in one unit; again: nothing new.

        One that waits for a consent which is not given reaches nobody, and no feed either. Those under way
        together share a unit: every commit that announces something waits for all others that do.
        """
        return await self.turns.take(effect, frozenset(), self._deliver_all)

    async def _deliver_all(self, effects: Sequence[Effect]) -> Sequence[Delivery | Exception]:
        if len(effects) > 1:
            try:
                async with self.works.open() as unit:
                    return [await self._delivered(unit, effect) for effect in effects]
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one of them is at fault, and will say so for itself
                log.info("notices_apart", notices=len(effects), error=type(error).__name__)
        return [await self._deliver_alone(effect) for effect in effects]

    async def _deliver_alone(self, effect: Effect) -> Delivery | Exception:
        try:
            async with self.works.open() as unit:
                return await self._delivered(unit, effect)
        except Exception as error:  # noqa: BLE001 - it is raised where the effect came from
            return error

    async def _delivered(self, unit: Unit, effect: Effect) -> Delivery:
        try:
            body = msgspec.convert(effect.body, NoticeBody)
        except msgspec.ValidationError as error:
            return Delivery(state=EffectState.FAILED, answer={"refused": str(error)})
        if body.account is None and body.person is None:
            return Delivery(state=EffectState.DONE, answer={"told": "nobody"})
        notice = Notice(
            id=effect.id,
            kind=effect.action,
            account=body.account,
            person=body.person,
            values=dict(body.values),
            urgency=body.urgency,
            at=effect.placed_at,
            trace=effect.trace,
        )
        now = self.clock.now()
        if refused := await self.consents.lacking(unit, notice):
            fact = {"notice": notice.kind, "effect": effect.id, "channels": [], "no_consent": refused}
            await unit.note([Fact(now, NOTICE_PLANNED, fact, effect.subject, effect.trace)])
            return Delivery(state=EffectState.DONE, answer={"told": "nobody", "no_consent": refused})
        if not await unit.notices.add(notice):
            return Delivery(state=EffectState.DONE, answer={"told": "already"})
        name = notice.account or ""
        known = self.addresses.opened(name, await unit.contacts.of(name))
        channels = set(self.channels)
        if NoticeChannel.WEBHOOK in channels and await self.consents.lacking(
            unit, notice, NoticeChannel.WEBHOOK
        ):
            channels.remove(NoticeChannel.WEBHOOK)
        everywhere = notice.kind in TOLD_EVERYWHERE
        ways = ways_at_once(notice.urgency, known.contacts, channels, now, everywhere=everywhere)
        planned = await send_on(unit, notice, ways, known, (), now, effect.subject)
        said = [one.channel.value for one in planned]
        fact = {"notice": notice.kind, "effect": effect.id, "channels": said}
        await unit.note([Fact(now, NOTICE_PLANNED, fact, effect.subject, effect.trace)])
        return Delivery(state=EffectState.DONE, answer={"told": ["feed", *said]})


def port_of(channel: NoticeChannel) -> str:
    """The port of the outbox that sends through a channel."""
    return f"notices.{channel.value}"


async def send_on(
    unit: Unit,
    notice: Notice,
    ways: Sequence[Way],
    known: Known,
    before: Sequence[Sending],
    now: int,
    subject: str | None,
) -> list[Sending]:
    """Plan sendings and put their effects; `before` are those that the notice has had already."""
    sendings = []
    for number, way in enumerate(ways, len(before) + 1):
        sendings.append(
            Sending(
                id=f"{notice.id}.{way.channel.value}-{number}",
                notice=notice.id,
                channel=way.channel,
                point=None if way.point is None else known.keys[way.point],
                state=SendState.PLANNED,
                planned_at=max(now, way.due_at),
            )
        )
    await unit.notices.plan(sendings)
    await unit.effects.put([_effect(notice, one, now, subject) for one in sendings])
    return sendings


def _effect(notice: Notice, sending: Sending, now: int, subject: str | None) -> Effect:
    """It names the sending and nothing else: words and address are looked up when it leaves."""
    alarm = ALARM_SECONDS[notice.urgency] * MICROS_PER_SECOND
    return Effect(
        id=sending.id,
        port=port_of(sending.channel),
        action=notice.kind,
        lane=None,
        body={"sending": sending.id},
        placed_at=now,
        due_at=sending.planned_at,
        alarm_at=sending.planned_at + alarm,
        subject=subject,
        trace=notice.trace,
    )
