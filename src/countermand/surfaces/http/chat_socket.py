"""The chat over WebSocket (RFC 6455): who is let in, lines in, acknowledgements and answers out."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from typing import Annotated, Any

import msgspec
import structlog

from countermand.flows.chat import ChatDoor, OpenChat, require_encrypted
from countermand.kernel.errors import BadRequest, CountermandError, Forbidden, Unauthenticated
from countermand.surfaces.http.peers import is_in
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import Visit

PATH = b"/v1/chat"
OPENING_SECONDS_MAX = 10.0
LOOK_SECONDS = 15.0
LINES_REFUSED_MAX = 20
# Close codes of this door (RFC 6455 section 7.4.2 leaves 4000 to 4999 to applications).
NOT_ENCRYPTED, NOT_AUTHENTICATED, UNKNOWN_CHAT, IDLE, GONE, MALFORMED, AWAY = (
    4426, 4401, 4404, 4408, 1001, 4400, 1013,
)  # fmt: skip

log = structlog.get_logger("countermand.chat")


class _Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="open", tag_field="type"):
    """The first line: the institution's token; to come back, the chat and the last number seen."""

    token: str | None = None
    chat: str | None = None
    seen: Annotated[int, msgspec.Meta(ge=0)] = 0


class _Say(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="say", tag_field="type"):
    id: str
    text: str


class _Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="person", tag_field="type"):
    """转人工: a person, at once."""

    id: str
    text: str = "转人工"


class _Typing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="typing", tag_field="type"):
    """Keeps the chat from ending; it is neither kept nor told."""


class _Bye(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bye", tag_field="type"):
    """The end."""


_FRAME: msgspec.json.Decoder[_Open | _Say | _Person | _Typing | _Bye] = msgspec.json.Decoder(
    _Open | _Say | _Person | _Typing | _Bye
)


class _Ended(Exception):
    """The other side has gone, or is told to."""

    def __init__(self, code: int, refusal: CountermandError | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.refusal = refusal


async def serve_chat(scope: Any, receive: Any, send: Any, house: House, visit: Visit) -> None:
    """One connection, from its handshake to its end; `scope` is that of an ASGI websocket."""
    if scope["raw_path"].partition(b"?")[0] != PATH:
        await send({"type": "websocket.close", "code": MALFORMED})
        return
    first = await receive()
    if first["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept"})
    socket = _Socket(house.channels.chat, receive, send, visit.trace_id)
    try:
        require_encrypted(encrypted=_is_encrypted(scope, house))
        await socket.open(_bearer(scope))
        await socket.run()
    except _Ended as end:
        await socket.close(end.code, end.refusal)
    except Forbidden as refusal:
        await socket.close(NOT_ENCRYPTED, refusal)
    except Unauthenticated as refusal:
        await socket.close(NOT_AUTHENTICATED, refusal)
    except CountermandError as refusal:
        code = {404: UNKNOWN_CHAT, 400: MALFORMED}.get(refusal.http_status, AWAY)
        await socket.close(code, refusal)


class _Socket:
    """A connection with somebody in a chat; `seen` is the number of the last line that was sent to them."""

    def __init__(self, door: ChatDoor, receive: Any, send: Any, trace: str) -> None:
        self._door, self._receive, self._send, self._trace = door, receive, send, trace
        self._sending = asyncio.Lock()
        self._chat: OpenChat | None = None
        self._seen = 0
        self._refused = 0

    async def open(self, token: str | None) -> None:
        """Wait for the first line and let in whom it says. Raises as `ChatDoor.admit` and `come_back`."""
        try:
            async with asyncio.timeout(OPENING_SECONDS_MAX):
                frame = await self._next()
        except TimeoutError:
            raise _Ended(IDLE) from None
        if not isinstance(frame, _Open):
            raise _malformed()
        holder = self._door.admit(token or frame.token)
        if frame.chat is None:
            self._chat = await self._door.begin(holder)
        else:
            self._chat = await self._door.come_back(holder, frame.chat)
            self._seen = frame.seen
        await self._tell(
            {
                "type": "opened",
                "chat": None if holder.public else self._chat.secret,
                "public_device": holder.public,
                "idle_seconds": int(self._chat.idle_seconds),
            }
        )

    async def run(self) -> None:
        """Lines in and out until one side ends it."""
        assert self._chat is not None, "it is open"
        pushing = asyncio.create_task(self._push(self._chat))
        reading = asyncio.create_task(self._read(self._chat))
        try:
            await asyncio.wait({pushing, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pushing, reading):
                task.cancel()
            ends = await asyncio.gather(pushing, reading, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _read(self, chat: OpenChat) -> None:
        while True:
            try:
                async with asyncio.timeout(chat.idle_seconds):
                    frame = await self._next()
            except TimeoutError:
                raise _Ended(IDLE) from None
            if isinstance(frame, _Bye):
                raise _Ended(1000)
            if isinstance(frame, _Say | _Person):
                await self._take(chat, frame)
            elif isinstance(frame, _Open):
                raise _malformed()

    async def _take(self, chat: OpenChat, frame: _Say | _Person) -> None:
        """A line; its refusal is told with its id, and the chat goes on."""
        try:
            wanted = isinstance(frame, _Person)
            await self._door.say(chat, frame.id, frame.text, person=wanted, trace=self._trace)
        except CountermandError as refusal:
            self._refused += 1
            if self._refused > LINES_REFUSED_MAX:
                raise
            await self._tell({**_refusal(refusal), "id": frame.id[:64]})
        else:
            await self._catch_up(chat, frame.id)

    async def _push(self, chat: OpenChat) -> None:
        """Everything behind what was seen, whenever somebody wrote."""
        bell = self._door.bell
        while not bell.closed:
            ring = bell.next
            await self._catch_up(chat)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await ring.wait()
        raise _Ended(GONE)

    async def _catch_up(self, chat: OpenChat, said: str | None = None) -> None:
        """Send what is behind the last number, in order; a line said again is acknowledged again."""
        async with self._sending:
            acknowledged = False
            while lines := await self._door.behind(chat, self._seen):
                for line in lines:
                    await self._write(line)
                    self._seen = line["seq"]
                    acknowledged |= said is not None and line.get("id") == said
            if said is not None and not acknowledged:
                await self._write(await self._door.line(chat, said))

    async def _tell(self, frame: dict[str, Any]) -> None:
        async with self._sending:
            await self._write(frame)

    async def _write(self, frame: dict[str, Any]) -> None:
        try:
            await self._send({"type": "websocket.send", "text": msgspec.json.encode(frame).decode()})
        except OSError:
            raise _Ended(1006) from None

    async def _next(self) -> Any:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _Ended(message.get("code") or 1005)
        try:
            return _FRAME.decode(message.get("text") or message.get("bytes") or b"")
        except msgspec.MsgspecError:
            raise _malformed() from None

    async def close(self, code: int, refusal: CountermandError | None) -> None:
        """Say why, then end; whoever has gone already hears nothing."""
        if refusal is not None:
            log.info("chat_refused", code=refusal.code)
        with suppress(OSError, RuntimeError):
            if refusal is not None:
                body = msgspec.json.encode(_refusal(refusal)).decode()
                await self._send({"type": "websocket.send", "text": body})
            reason = "" if refusal is None else _reason(refusal)
            plain = code if code >= 3000 or code in (1000, 1001, 1013) else 1000
            await self._send({"type": "websocket.close", "code": plain, "reason": reason})


def _refusal(refusal: CountermandError) -> dict[str, Any]:
    text = {"en": refusal.text.en, "zh": refusal.text.zh}
    return {"type": "refused", "code": refusal.code, "text": text}


def _reason(refusal: CountermandError) -> str:
    """What fits a close frame (123 bytes), in both languages."""
    short = {
        "chat_not_encrypted": "非加密连接 / not encrypted",
        "chat_not_authenticated": "身份验证失败 / authentication failed",
    }
    return short.get(refusal.code, refusal.code)


def _malformed() -> BadRequest:
    return BadRequest(
        "chat_frame_refused",
        "A frame is JSON: open first, then say, person, typing or bye.",
        "消息应为 JSON：先 open，随后为 say、person、typing 或 bye。",
    )


def _bearer(scope: Any) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].decode("latin-1").strip())
    return None


def _is_encrypted(scope: Any, house: House) -> bool:
    """TLS up to here, or up to a proxy on this machine or in the networks we trust."""
    if scope["scheme"] == "wss":
        return True
    client = scope.get("client")
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
    if client is None or forwarded != [b"https"]:
        return False
    return _is_loopback(client[0]) or is_in(client[0], house.public_door.trusted)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
