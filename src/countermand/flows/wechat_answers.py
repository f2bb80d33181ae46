"""What goes to somebody on WeChat later: late receipts and answers; and the files fetched from there."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from countermand.cases.ports import Inbound, KeptFile
from countermand.flows.case_events import Happenings
from countermand.flows.hear_wechat import ANSWERS_PORT, Said, WechatDoor, words_for
from countermand.flows.kept_words import open_kept, seals_of
from countermand.flows.read_pictures import readings_wanted
from countermand.intake.media_types import media_type_of
from countermand.intake.wechat_messages import read_message, shortened
from countermand.intake.wechat_ports import MEDIA_BYTES_MAX, MediaFetcher, Messenger
from countermand.kernel.canonical import digest
from countermand.vocabulary.cases import Direction, EventKind
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.reports import Channel, media_port

REPLIES_PORT = "replies.wechat"
PORTS = (ANSWERS_PORT, REPLIES_PORT, media_port(Channel.WECHAT))


@dataclass(frozen=True, slots=True)
class WechatAnswers:
    """A port of the outbox; effects name what came in, so that no openid and no word stands in them."""

    door: WechatDoor
    fetcher: MediaFetcher
    messenger: Messenger

    async def deliver(self, effect: Effect) -> Delivery:
        """Do what the effect says. Raises Unavailable, SetupError."""
        if effect.action == "hear":
            return await self._hear(effect)
        if effect.action == "fetch":
            return await self._fetch(effect)
        return await self._send(effect)

    async def _hear(self, effect: Effect) -> Delivery:
        """What was set aside is heard now, once, and its receipt sent."""
        body, vault = effect.body, self.door.reception.vault
        account = self.door.account(body["account"])
        if account is None:
            return _failed("account_unknown")
        raw = vault.open(base64.b64decode(body["sealed"]), f"wechat {body['key']}")
        said = Said(account, raw, read_message(raw))
        received = await self.door.receive(said, body["received_at"], effect.trace)
        text = words_for(said.message, received.answer)
        return _sent(await self.messenger.send(account, said.message.sender, text))

    async def _send(self, effect: Effect) -> Delivery:
        """An answer of the desk, to whoever wrote last in its case here."""
        async with self.door.reception.works.open() as unit:
            messages = await unit.cases.messages(effect.body["case"])
            out = next((one for one in messages if one.id == effect.body["message"]), None)
            heard = [
                one.inbound
                for one in messages
                if one.direction is Direction.IN and one.channel == Channel.WECHAT and one.inbound is not None
            ]
            inbound = await unit.cases.inbound_named(heard[-1]) if heard else None
        if out is None or inbound is None:
            return _failed("nobody_to_answer")
        said = await self._said(inbound)
        if said is None:
            return _failed("account_unknown")
        return _sent(await self.messenger.send(said.account, said.message.sender, shortened(out.masked)))

    async def _fetch(self, effect: Effect) -> Delivery:
        """A file of a message, kept with it: its digest stands in the case's events."""
        house = self.door.reception
        async with house.works.open() as unit:
            inbound = await unit.cases.inbound_named(effect.body["inbound"])
        said = None if inbound is None else await self._said(inbound)
        if inbound is None or said is None or said.message.media is None:
            return _failed("nothing_to_fetch")
        got = await self.fetcher.fetch(said.account, said.message.media, MEDIA_BYTES_MAX)
        if got.refused is not None:
            return _failed(got.refused)
        message, place = f"{inbound.id}/message", effect.body["place"]
        name = f"{message}/{place}"
        async with house.works.open() as unit:
            (case,) = await unit.cases.lock([inbound.case])
            seals = await seals_of(house, unit, case)
            file = KeptFile(
                id=name,
                message=message,
                name=got.name,
                media_type=media_type_of(got.content),
                size=len(got.content),
                digest=digest(got.content),
                sealed=seals.seal(got.content, f"attachment {name}"),
            )
            known = {one.id for one in await unit.cases.files(case.id)}
            if file.id not in known:
                now = Happenings(case, house.clock.now(), effect.trace)
                told = {"file": file.id, "sha256": file.digest.hex(), "media_type": file.media_type}
                now.happen(EventKind.FILE_ADDED, {**told, "bytes": file.size}, "countermand")
                await unit.cases.attach([file])
                if READING_PORT in house.effect_ports:
                    await unit.effects.put(readings_wanted(case.id, [file], now.now, effect.trace))
                await now.write(unit, house)
        return Delivery(state=EffectState.DONE, answer={"sha256": file.digest.hex()})

    async def _said(self, inbound: Inbound) -> Said | None:
        """What came in, read again from the sealed bytes."""
        account = self.door.account(inbound.key.partition(" ")[0])
        if account is None:
            return None
        reception = self.door.reception
        async with reception.works.open() as unit:
            raw = await open_kept(reception, unit, inbound.sealed, f"inbound {inbound.id}")
        return Said(account, raw, read_message(raw))


def _sent(refused: str | None) -> Delivery:
    return Delivery(state=EffectState.DONE, answer={"sent": True}) if refused is None else _failed(refused)


def _failed(why: str) -> Delivery:
    return Delivery(state=EffectState.FAILED, answer={"refused": why})
