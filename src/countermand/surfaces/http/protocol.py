"""One HTTP/1.1 connection: uvicorn's protocol, with a short cut for the hot routes.

Parsing, keep-alive, pipelining and flow control stay uvicorn's; a hot request skips the ASGI scope, the
message dictionaries and the second write. docs/decisions tells what that is worth.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from countermand.kernel.errors import BadRequest, CountermandError, Unavailable
from countermand.surfaces.http.chat_socket import PATH as CHAT_PATH
from countermand.surfaces.http.hot import Head, HotLane, HotRoute, Reply, too_large
from countermand.surfaces.http.problems import RequestTimeout, problem_bytes, problem_headers

CONNECTIONS_MAX = 8192
HEADERS_MAX = 100
HEADER_BYTES_MAX = 32 * 1024
LINGER_BYTES_MAX = 4 * 1024 * 1024
LINGER_SECONDS_MAX = 2.0
ARRIVAL_SECONDS_MAX = 30.0
# A long body arrives for as long as it goes on: so many bytes at least in the time that others have in all.
PROGRESS_BYTES_MIN = 64 * 1024
IDLE_SECONDS_MAX = 75.0

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\n"


class DoorState(ServerState):
    """What all connections of one door share."""

    def __init__(self, lane: HotLane) -> None:
        super().__init__()
        self.lane = lane
        self.date = b""
        self.closing = False


class HotCycle:
    """One hot request and its response, in the place of uvicorn's RequestResponseCycle."""

    __slots__ = (
        "body", "disconnected", "head", "keep_alive", "message_event", "more_body", "protocol", "queued",
        "refusal", "response_complete", "route",
    )  # fmt: skip

    def __init__(self, protocol: DoorProtocol, route: HotRoute, head: Head, keep_alive: bool) -> None:
        self.protocol = protocol
        self.route = route
        self.head = head
        self.keep_alive = keep_alive
        self.body: bytes | bytearray = b""
        self.more_body = True
        self.queued = False
        self.disconnected = False
        self.response_complete = False
        self.refusal = route.refusal_of(head)
        self.message_event = _NOBODY_WAITS

    def take(self, body: bytes) -> bool:
        """Keep a piece of the body; or refuse the request when it grows over the limit: True this once."""
        if self.refusal is not None:
            return False
        if len(self.body) + len(body) > self.route.bytes_max:
            self.body = b""
            self.refusal = too_large(self.route.bytes_max)
            return True
        if not self.body:
            self.body = body
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += body
        return False

    async def run_asgi(self, app: object) -> None:
        """Answer; started once the whole body is here, or when a refusal is certain without it."""
        if self.refusal is not None:
            reply = self.route.refuse(self.refusal, self.head)
        else:
            reply = await self.route.reply(self.head, bytes(self.body))
        if self.protocol.flow.write_paused:
            await self.protocol.flow.drain()
        if not self.disconnected:
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        protocol = self.protocol
        state = protocol.state
        close = not self.keep_alive or state.closing or self.more_body
        if reply.headers is None:
            head = _OK
        else:
            head = STATUS_LINE[reply.status] + b"".join([b"%b: %b\r\n" % header for header in reply.headers])
        protocol.transport.write(
            b"%btraceparent: %b\r\nx-trace-id: %b\r\ndate: %b\r\ncontent-length: %d%b%b"
            % (
                head,
                reply.traceparent.encode(),
                reply.trace_id.encode(),
                state.date,
                len(reply.body),
                b"\r\nconnection: close\r\n\r\n" if close else b"\r\n\r\n",
                reply.body,
            )
        )
        self.response_complete = True
        if self.more_body:
            protocol.linger()
            return
        if close:
            protocol.transport.close()
        protocol.on_response_complete()


def _hot_cycle(protocol: DoorProtocol, route: HotRoute, head: Head, keep_alive: bool) -> Any:
    """A HotCycle, under a type that stands beside uvicorn's."""
    return HotCycle(protocol, route, head, keep_alive)


def _is_hot(cycle: Any) -> bool:
    return type(cycle) is HotCycle


class _NobodyWaits:
    """uvicorn sets an event when a body or the end arrives; a hot request starts only when all is there."""

    def set(self) -> None:
        return


_NOBODY_WAITS = _NobodyWaits()


class DoorProtocol(HttpToolsProtocol):
    """A connection of the door: idle, arriving (from a request's first byte to its last), or answering."""

    cycle: Any  # a HotCycle, uvicorn's RequestResponseCycle, or None before the first request

    def __init__(self, config: Config, state: DoorState, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, state, {}, loop)
        self.state = state
        self.hot_routes = state.lane.routes
        self.header_bytes = 0
        self.in_headers = False
        self.arriving = False
        self.since = loop.time()
        self.progress_bytes = 0
        self.lingering_bytes: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > CONNECTIONS_MAX:
            self._write_refusal(
                Unavailable("too_many_connections", "Too many connections; try again.", "连接过多，请重试。")
            )

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.in_headers:
            self.header_bytes += len(data)
            if self.header_bytes > HEADER_BYTES_MAX:
                self.send_400_response("The header section is too long.")

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.header_bytes = 0
        self.arriving = True
        self.in_headers = True
        self.progress_bytes = 0
        self.since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.in_headers = False
        if self.transport.is_closing():
            return
        if len(self.headers) > HEADERS_MAX:
            raise ValueError("too many header fields")  # httptools turns it into its own parser error
        parser = self.parser
        route = self.hot_routes.get(self.url) if parser.get_method() == b"POST" else None
        if route is None:
            self._hand_over()
            return
        previous = self.cycle
        keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        head = Head(self.headers)
        cycle = self.cycle = _hot_cycle(self, route, head, keep_alive)
        if previous is not None and not previous.response_complete:
            cycle.queued = True
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        elif cycle.refusal is not None:
            self._start_asgi_task(cycle, self.app)
        elif head.expect_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _should_upgrade(self) -> bool:
        """To the chat and to nothing else; a hot request stays one, whatever it asks for."""
        chat = self.url.partition(b"?")[0] == CHAT_PATH and self.parser.get_method() == b"GET"
        return chat and super()._should_upgrade()

    def _hand_over(self) -> None:
        """Not a hot request: build what uvicorn builds, from what was read so far."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.lingering_bytes is not None:
            self.lingering_bytes += len(body)
            if self.lingering_bytes > LINGER_BYTES_MAX:
                self.transport.close()
        elif _is_hot(self.cycle):
            self._take(self.cycle, body)
        elif self.cycle is not None:
            self.progress_bytes += len(body)
            if self.progress_bytes >= PROGRESS_BYTES_MIN:
                self.progress_bytes = 0
                self.since = self.loop.time()
            super().on_body(body)

    def _take(self, cycle: Any, body: bytes) -> None:
        refused_now = cycle.take(body)
        if refused_now and not cycle.queued:
            self._start_asgi_task(cycle, self.app)

    def on_message_complete(self) -> None:
        self.arriving = False
        cycle = self.cycle
        if self.lingering_bytes is not None:
            self.transport.close()
        elif _is_hot(cycle):
            self._end(cycle)
        elif cycle is not None:
            super().on_message_complete()

    def _end(self, cycle: Any) -> None:
        if not cycle.response_complete:
            cycle.more_body = False
            if cycle.refusal is None and not cycle.queued:
                self._start_asgi_task(cycle, self.app)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self.since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if not self.pipeline:
            return
        cycle: Any
        cycle, app = self.pipeline.pop()
        if _is_hot(cycle):
            cycle.queued = False
            if cycle.more_body and cycle.refusal is None:
                return  # it starts when its body is whole
        self._start_asgi_task(cycle, app)

    def linger(self) -> None:
        """The refusal is out; swallow the rest of the body for a while, or a reset would eat the refusal."""
        self.lingering_bytes = 0
        self.since = self.loop.time()
        self.flow.resume_reading()

    def close_when_late(self, now: float) -> None:
        """Called every second: nobody holds a connection by being slow."""
        waited = now - self.since
        if self.lingering_bytes is not None:
            if waited > LINGER_SECONDS_MAX:
                self.transport.close()
        elif self.arriving:
            if waited > ARRIVAL_SECONDS_MAX:
                self._write_refusal(
                    RequestTimeout(
                        "request_timeout", "The request did not arrive in time.", "请求未能及时到达。"
                    )
                )
        elif self._idle() and waited > IDLE_SECONDS_MAX:
            self.transport.close()

    def _idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def shutdown(self) -> None:
        """Close when idle; a request that has begun is answered first."""
        if self._idle() and not self.arriving:
            self.transport.close()
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._write_refusal(
            BadRequest("malformed_http", f"Not a valid HTTP request. {msg}", "不是有效的 HTTP 请求。")
        )

    def _write_refusal(self, refusal: CountermandError) -> None:
        """A refusal without a request to answer, then the end of the connection."""
        if self._may_speak() and not self.transport.is_closing():
            body = problem_bytes(refusal, "en")
            lines = b"".join([b"%b: %b\r\n" % header for header in problem_headers(refusal, "en")])
            self.transport.write(
                b"%b%bdate: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (STATUS_LINE[refusal.http_status], lines, self.state.date, len(body), body)
            )
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.close()

    def _may_speak(self) -> bool:
        """Whether the next bytes on the wire would be the answer to what is arriving, and to nothing else."""
        cycle = self.cycle
        if cycle is None:
            return True
        if self.in_headers:
            return bool(cycle.response_complete)
        return not cycle.response_complete and not getattr(cycle, "response_started", False)
