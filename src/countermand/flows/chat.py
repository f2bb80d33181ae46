"""A chat with somebody who is signed in: every line is kept, then acknowledged, numbered, never lost."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.cases.channel_ports import Chat, ChatHolder, ChatTokens, Line
from countermand.flows.receive_report import receive_report
from countermand.flows.reception import Reception
from countermand.flows.report_words import with_words
from countermand.flows.show_notices import Bell
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import MICROS_PER_DAY, Clock, rfc3339
from countermand.kernel.errors import BadRequest, Forbidden, NotFound, TooMany, Unauthenticated
from countermand.kernel.ids import new_secret
from countermand.vocabulary.cases import Direction
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.reports import Channel, Report, Sender, Standing
from countermand.vocabulary.triage import Answers
from countermand.work import Unit, Works

ACTOR, PAGE_KEY = "chat", "chat of a page"
CHAT_REPLIES_PORT = "replies.chat"
CHARACTERS_MAX = 4000
LINES_A_MINUTE = 20
LINES_AT_ONCE_MAX = 200
COMING_BACK_MICROS = MICROS_PER_DAY
IDLE_SECONDS, PUBLIC_IDLE_SECONDS = 1800.0, 180.0


class OpenChat(NamedTuple):
    """A chat that somebody is in: its id inside, what its holder shows to come back, and whose it is."""

    id: str
    secret: str
    holder: ChatHolder

    @property
    def idle_seconds(self) -> float:
        """How long nobody need say anything."""
        return PUBLIC_IDLE_SECONDS if self.holder.public else IDLE_SECONDS


@dataclass(frozen=True, slots=True)
class ChatDoor:
    """Chats. `tokens` is None where no keys are set: then nobody gets in. `bell` rings when staff wrote."""

    reception: Reception
    tokens: ChatTokens | None
    bell: Bell
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def admit(self, token: str | None) -> ChatHolder:
        """Whom the token vouches for. Raises Unauthenticated (`chat_not_authenticated`)."""
        now = self.reception.clock.now()
        holder = None if self.tokens is None or not token else self.tokens.holder(token, now)
        if holder is None:
            raise Unauthenticated(
                "chat_not_authenticated",
                "Authentication failed: sign in to the official app again and open the chat from there.",
                "身份验证失败：请在官方App中重新登录后再发起会话。",
            )
        return holder

    async def begin(self, holder: ChatHolder) -> OpenChat:
        """A new chat, under an id that nobody can guess. Raises Unavailable."""
        secret = new_secret()
        chat = OpenChat(_id(secret), secret, holder)
        async with self.reception.works.open() as unit:
            await unit.channels.open_chat(
                Chat(chat.id, holder.account, holder.session, holder.public, self.reception.clock.now())
            )
        return chat

    async def of_page(self, holder: ChatHolder, place: str) -> OpenChat:
        """The chat of somebody on a page that nobody else can name; opened by whoever comes first."""
        secret = hmac.digest(self.reception.vault.mac_key(PAGE_KEY), place.encode(), sha256).hex()
        chat = OpenChat(_id(secret), secret, holder)
        async with self.reception.works.open() as unit:
            await unit.channels.open_chat(
                Chat(chat.id, holder.account, holder.session, holder.public, self.reception.clock.now())
            )
        return chat

    async def come_back(self, holder: ChatHolder, secret: str) -> OpenChat:
        """The chat that somebody was in before.

        Raises NotFound (`unknown_chat`: also one of others, on a public device, of yesterday), Unavailable.
        """
        async with self.reception.works.open() as unit:
            chat = await unit.channels.lock_chat(_id(secret))
        now = self.reception.clock.now()
        if (
            chat is None
            or chat.account != holder.account
            or chat.public
            or holder.public
            or now - chat.opened_at > COMING_BACK_MICROS
        ):
            raise NotFound(
                "unknown_chat",
                "This chat cannot be gone on with; begin a new one. Your case is kept.",
                "无法继续该会话，请发起新会话；您的案件已保留。",
            )
        return OpenChat(chat.id, secret, holder)

    async def say(
        self,
        chat: OpenChat,
        client_id: str,
        text: str,
        *,
        person: bool = False,
        case: str | None = None,
        trace: str | None = None,
    ) -> dict[str, Any]:
        """One line of its holder, acknowledged once it is kept; said again, the same line.

        `case` is the number of the one it is about, where its holder has chosen one of theirs.

        Raises BadRequest (`chat_line_refused`), TooMany, Conflict (`key_reused`), Unavailable.
        """
        if not 0 < len(client_id) <= 64 or not client_id.isprintable() or len(text) > CHARACTERS_MAX:
            raise BadRequest(
                "chat_line_refused",
                f"A line has an id of up to 64 characters and a text of up to {CHARACTERS_MAX}.",
                f"每条消息须有不超过64个字符的编号，正文不超过{CHARACTERS_MAX}字。",
            )
        if not self.limiter.hit(RateLimitItemPerMinute(LINES_A_MINUTE), "chat", chat.holder.account):
            raise TooMany(
                "too_many",
                "Too often from here in a short time. Wait a minute and try again; what was sent is safe.",
                "操作过于频繁，请稍候一分钟再试；已提交的内容不受影响。",
                retry_after_seconds=60,
            )
        house = self.reception
        report = Report(
            channel=Channel.CHAT,
            key=f"{chat.id} {client_id}",
            received_at=house.clock.now(),
            raw=canonical_bytes({"id": client_id, "text": text, "person": person}),
            text=text,
            sender=Sender(address=chat.holder.account, standing=Standing.PROVEN),
            account=chat.holder.account,
            thread=case,
            answers=Answers(person_wanted=True) if person else Answers(),
        )
        await receive_report(house, report, ACTOR, trace)
        async with house.works.open() as unit:
            return await self._line(unit, chat, client_id, report.key)

    async def _line(self, unit: Unit, chat: OpenChat, client_id: str, key: str) -> dict[str, Any]:
        kept = await unit.channels.lock_chat(chat.id)
        inbound = await unit.cases.inbound(Channel.CHAT.value, key)
        assert kept is not None, "its holder is in it"
        assert inbound is not None, "it was received"
        line = await unit.channels.line_of(chat.id, client_id)
        if line is None:
            await unit.channels.add_line(chat.id, kept.last + 1, f"{inbound.id}/message", client_id)
            line = await unit.channels.line_of(chat.id, client_id)
        assert line is not None, "it was just written"
        return await self._shown(unit, line)

    async def line(self, chat: OpenChat, client_id: str) -> dict[str, Any]:
        """The line that its holder named so, which was kept before. Raises Unavailable."""
        async with self.reception.works.open() as unit:
            line = await unit.channels.line_of(chat.id, client_id)
            assert line is not None, "it was said"
            return await self._shown(unit, line)

    async def behind(self, chat: OpenChat, seen: int) -> list[dict[str, Any]]:
        """The lines behind number `seen`, with what staff wrote meanwhile. Raises Unavailable."""
        async with self.reception.works.open() as unit:
            found = await unit.channels.lines(chat.id, seen, LINES_AT_ONCE_MAX)
            return [await self._shown(unit, line) for line in found]

    async def _shown(self, unit: Unit, line: Line) -> dict[str, Any]:
        message = line.message
        if message.direction is Direction.OUT:
            return {"type": "message", "seq": line.seq, "at": rfc3339(message.at), "text": message.masked}
        inbound = None if message.inbound is None else await unit.cases.inbound_named(message.inbound)
        assert inbound is not None, "it came in"
        given = {name: value for name, value in inbound.answer.items() if name != "opened"}
        receipt = with_words(given, None, self.reception.timezone)
        return {"type": "received", "seq": line.seq, "id": line.client_id, "receipt": receipt}


@dataclass(frozen=True, slots=True)
class ChatReplies:
    """A port of the outbox (`replies.chat`): an answer of the desk becomes a line of its case's chats."""

    works: Works
    clock: Clock

    async def deliver(self, effect: Effect) -> Delivery:
        """Add the line, once; whoever is in the chat hears the table's notice. Raises Unavailable."""
        case, message = effect.body["case"], effect.body["message"]
        async with self.works.open() as unit:
            chats = await unit.channels.chats_of(case, self.clock.now() - COMING_BACK_MICROS)
            for name in chats:
                kept = await unit.channels.lock_chat(name)
                assert kept is not None, "it has lines"
                await unit.channels.add_line(name, kept.last + 1, message, None)
        if not chats:
            return Delivery(state=EffectState.FAILED, answer={"refused": "nobody_in_chat"})
        return Delivery(state=EffectState.DONE, answer={"chats": len(chats)})


def require_encrypted(*, encrypted: bool) -> None:
    """Refuse what is not encrypted on its whole way. Raises Forbidden (`chat_not_encrypted`)."""
    if not encrypted:
        raise Forbidden(
            "chat_not_encrypted",
            "This connection is not encrypted (非加密连接). Use wss through the official app or page.",
            "非加密连接：请通过官方App或网页以加密方式（wss）连接。",
        )


def _id(secret: str) -> str:
    return digest(secret.encode()).hex()
