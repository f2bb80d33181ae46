"""The door of official accounts: a signed message becomes a report, its receipt goes back in seconds."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from msgspec.structs import replace

from countermand.cases.matching import OPEN_MICROS
from countermand.flows.arrivals import sender_digest
from countermand.flows.receive_report import Received, receive_report
from countermand.flows.reception import Reception
from countermand.intake.wechat import (
    RANDOM_BYTES,
    Envelope,
    WechatAccount,
    check_envelope,
    seal,
    signature_of,
    unreadable,
    unseal,
)
from countermand.intake.wechat_messages import (
    WELCOME,
    WechatMessage,
    fields_of,
    read_message,
    reply_xml,
    sealed_xml,
    shortened,
)
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import CountermandError, NotFound, Unauthenticated
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.knowledge import language_of
from countermand.vocabulary.reports import Channel, Report, Sender

ACTOR = "wechat"
ANSWERS_PORT = "answers.wechat"
SUCCESS = b"success"
# The platform waits five seconds and then sends the message again.
PATIENCE_SECONDS = 4.0
SETTING_ASIDE_SECONDS = 0.7

log = structlog.get_logger(__name__)


class Said(NamedTuple):
    """A message in clear: its bytes as the platform wrote them, and what was read in them."""

    account: WechatAccount
    raw: bytes
    message: WechatMessage


@dataclass(frozen=True, slots=True)
class WechatDoor:
    """Official accounts by their names in the address that the platform calls."""

    reception: Reception
    accounts: Mapping[str, WechatAccount]
    patience_seconds: float = PATIENCE_SECONDS
    late: set[asyncio.Task[Received]] = field(default_factory=set)

    def shake(self, name: str, query: Mapping[str, str]) -> str:
        """The handshake of the platform's settings page: what it sent comes back, once it has signed.

        Raises NotFound, Unauthenticated.
        """
        account = self._account(name)
        self._check(account, Envelope.of(query), None)
        return query.get("echostr", "")

    async def hear(self, name: str, query: Mapping[str, str], body: bytes, trace: str | None) -> bytes:
        """Take a message; the passive reply, or `success` where there is none or it comes too late.

        A receipt that takes longer than the platform waits goes out as a customer-service message: what came
        is then set aside before `success` is said, so that nothing is lost.

        Raises NotFound (`wechat_account_unknown`), Unauthenticated (`wechat_unsigned`, `wechat_too_old`,
        `wechat_not_ours`, `wechat_plain_refused`), BadRequest (`wechat_unreadable`), Conflict, Unavailable:
        the platform sends it again.
        """
        envelope = Envelope.of(query)
        try:
            said = self._opened(self._account(name), envelope, body)
        except CountermandError as refusal:
            log.warning("wechat_refused", code=refusal.code, account=name[:64])
            raise
        if said.message.event == "subscribe":
            return self._reply(said, WELCOME.zh + "\n" + WELCOME.en, encrypted=envelope.encrypted)
        if said.message.said is None:
            return SUCCESS
        received_at = self.reception.clock.now()
        task = asyncio.create_task(self.receive(said, received_at, trace))
        done, _ = await asyncio.wait({task}, timeout=self.patience_seconds)
        if not done:
            self.late.add(task)
            task.add_done_callback(self._ended)
            await self._set_aside(said, received_at, trace)
            return SUCCESS
        return self._reply(said, words_for(said.message, task.result().answer), encrypted=envelope.encrypted)

    async def receive(self, said: Said, received_at: int, trace: str | None) -> Received:
        """The report of a message; told again, the same answer. Raises as `receive_report`."""
        report = await self._report(said, received_at)
        return await receive_report(self.reception, report, ACTOR, trace, with_secret=True)

    async def _report(self, said: Said, received_at: int) -> Report:
        message = said.message
        media = message.media
        report = Report(
            channel=Channel.WECHAT,
            key=f"{said.account.name} {message.key}",
            received_at=received_at,
            raw=said.raw,
            text=message.said or "",
            sender=Sender(address=f"{said.account.name} {message.sender}"),
            said_at=message.made_at * MICROS_PER_SECOND,
            media=() if media is None else (media,),
        )
        return await going_on(self.reception, report)

    async def _set_aside(self, said: Said, received_at: int, trace: str | None) -> None:
        """Keep what came in the outbox: it is heard from there, and answered."""
        house, key = self.reception, f"{said.account.name} {said.message.key}"
        sealed = house.vault.seal(said.raw, f"wechat {key}")
        effect = Effect(
            id=f"wechat/{key}/hear",
            port=ANSWERS_PORT,
            action="hear",
            lane=None,
            body={
                "account": said.account.name,
                "key": key,
                "received_at": received_at,
                "sealed": base64.b64encode(sealed).decode(),
            },
            placed_at=received_at,
            due_at=received_at,
            alarm_at=received_at + 300 * MICROS_PER_SECOND,
            trace=trace,
        )
        async with asyncio.timeout(SETTING_ASIDE_SECONDS), house.works.open() as unit:
            await unit.effects.put([effect])
        log.info("wechat_set_aside", account=said.account.name)

    def _ended(self, task: asyncio.Task[Received]) -> None:
        """What came too late is heard again from the outbox; here its end is only seen."""
        self.late.discard(task)
        with suppress(asyncio.CancelledError):
            error = task.exception()
            if error is not None:
                log.warning("wechat_late", error=type(error).__name__)

    async def close(self) -> None:
        """End what is still under way; the outbox has it."""
        for task in list(self.late):
            task.cancel()
        await asyncio.gather(*self.late, return_exceptions=True)

    def account(self, name: str) -> WechatAccount | None:
        """An account by its name."""
        return self.accounts.get(name)

    def _account(self, name: str) -> WechatAccount:
        account = self.accounts.get(name)
        if account is None:
            raise NotFound(
                "wechat_account_unknown",
                "No official account of this name is set up here.",
                "此处未配置该名称的公众号。",
            )
        return account

    def _check(self, account: WechatAccount, envelope: Envelope, cipher: str | None) -> None:
        check_envelope(account, envelope, self.reception.clock.now(), cipher)

    def _opened(self, account: WechatAccount, envelope: Envelope, body: bytes) -> Said:
        if not envelope.encrypted:
            self._check(account, envelope, None)
            if account.keys and not account.plain_too:
                raise Unauthenticated(
                    "wechat_plain_refused",
                    "This account takes encrypted messages only.",
                    "该公众号仅接受加密消息。",
                )
            return Said(account, body, read_message(body))
        cipher = fields_of(body).get("Encrypt", "")
        self._check(account, envelope, cipher)
        if not account.keys:
            raise unreadable()
        raw = unseal(account, cipher)
        return Said(account, raw, read_message(raw))

    def _reply(self, said: Said, text: str, *, encrypted: bool) -> bytes:
        now = self.reception.clock.now() // MICROS_PER_SECOND
        plain = reply_xml(said.message, shortened(text), now)
        if not encrypted:
            return plain
        chance = new_nonce()
        cipher = seal(said.account, plain, chance[:RANDOM_BYTES])
        timestamp, nonce = str(now), chance[RANDOM_BYTES:].hex()[:16]
        signature = signature_of(said.account.token, timestamp, nonce, cipher)
        return sealed_xml(cipher, signature, timestamp, nonce)


def words_for(message: WechatMessage, answer: Mapping[str, Any]) -> str:
    """A receipt in the language in which the sender wrote, shortened to what the platform carries."""
    given = message.fields.get("Content") or message.fields.get("Recognition") or ""
    return shortened(str(answer["text"][language_of(given)]))


async def going_on(house: Reception, report: Report) -> Report:
    """The report, as a message in the open case that its sender wrote to last, if there is one."""
    sender = sender_digest(house, report)
    if sender is None or report.thread is not None:
        return report
    async with house.works.open() as unit:
        since = report.received_at - OPEN_MICROS
        number = await unit.channels.number_of_sender(report.channel.value, sender, since)
    return report if number is None else replace(report, thread=number)
