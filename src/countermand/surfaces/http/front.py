"""The front dispatcher: hot routes answered at once, everything else handed to the Litestar application."""

from __future__ import annotations

import asyncio
from typing import Any

from countermand.flows.note_refused_access import note_refused_access
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.surfaces.http.application import make_application
from countermand.surfaces.http.chat_socket import serve_chat
from countermand.surfaces.http.hot import ONE, Head, HotLane, HotRoute, Reply, too_large
from countermand.surfaces.http.keeper import Keeper
from countermand.surfaces.http.measures import Measures
from countermand.surfaces.http.page_safety import armoured
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import wrong_method
from countermand.surfaces.http.replays import end_claim
from countermand.surfaces.http.traces import begin_trace
from countermand.surfaces.http.visits import Visit


class Front:
    """One ASGI application over both; the door's own server short-cuts the hot routes before ASGI."""

    def __init__(
        self, lane: HotLane, application: Any, keeper: Keeper, measures: Measures, house: House
    ) -> None:
        self.lane = lane
        self.keeper = keeper
        self.measures = measures
        self.clock = house.clock
        self._application = application
        self._house = house
        # Shared with the server: what is open now.
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            traceparent = dict(scope["headers"]).get(b"traceparent")
            await serve_chat(scope, receive, send, self._house, Visit(*begin_trace(traceparent)))
            return
        if scope["type"] != "http":
            return
        path: bytes = scope["raw_path"]
        route = self.lane.routes.get(path)
        head = Head(scope["headers"])
        if route is not None and scope["method"] == "POST":
            await _answer(route, head, receive, send)
            return
        if route is not None and path == ONE:
            await _send(route.refuse(wrong_method(scope["method"], ["POST"]), head), send)
            return
        visit = Visit(*begin_trace(head.traceparent))
        marks = [(b"traceparent", visit.traceparent.encode()), (b"x-trace-id", visit.trace_id.encode())]

        async def send_traced(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *marks]}
                if visit.page:
                    message["headers"] = armoured(message["headers"], visit)
            await send(message)

        # The application sees the path as it was sent: an identifier may itself hold a slash (%2F).
        inner = {**scope, "path": path.decode("ascii", "replace"), "state": {"visit": visit}}
        try:
            await self._application(inner, receive, send_traced)
        finally:
            end_claim(visit.claim)
            if visit.release is not None:
                visit.release()

    def end_streams(self) -> None:
        """Let those go who only wait for more."""
        self._house.bell.close()
        self._house.channels.chat.bell.close()
        self._house.board.bell.close()

    async def note_refusals(self) -> None:
        """Put what was refused since the last call on the record; if that fails, the next call does."""
        notes = self.keeper.take_notes()
        if not notes:
            return
        try:
            await note_refused_access(self._house, notes)
        except Unavailable:
            self.keeper.put_back(notes)


def make_front(house: House, pages: Pages = Pages()) -> Front:  # noqa: B008  # frozen and empty
    """The door's application over a house, with pages; its measures become the meter of `house.decider`."""
    measures = Measures()
    house.decider.meter = measures
    measures.gauge(
        "countermand_queue_length", "Operations waiting to be decided", lambda: house.decider.waiting
    )
    _measure_work(measures, house)
    keeper = Keeper(house.keys, measures)
    lane = HotLane(house.decider, keeper, measures)
    return Front(lane, make_application(house, keeper, measures, lane, pages), keeper, measures, house)


def _measure_work(measures: Measures, house: House) -> None:
    worker = house.worker
    for name, text, read in (
        ("timers_done", "Timers that were acted on", lambda: worker.timers.done),
        ("timers_stuck", "Timers that failed and were put off", lambda: worker.timers.stuck),
        ("timers_late_seconds", "How late the oldest due timer is", lambda: worker.timers.late_seconds),
        ("effects_delivered", "Effects that were done", lambda: worker.deliverer.delivered),
        ("effects_failed", "Effects that were refused for good", lambda: worker.deliverer.failed),
        ("effects_late", "Effects that raised their alarm", lambda: worker.deliverer.late),
        ("clock_trusted", "1 while the clock is trusted", lambda: float(worker.guard.reason is None)),
    ):
        measures.gauge(f"countermand_{name}", text, read)


async def _answer(route: HotRoute, head: Head, receive: Any, send: Any) -> None:
    refusal = route.refusal_of(head)
    body = b""
    if refusal is None:
        read = await _read(route.bytes_max, receive)
        if read is None:
            return
        body, refusal = read
    reply = route.refuse(refusal, head) if refusal is not None else await route.reply(head, body)
    await _send(reply, send)


async def _send(reply: Reply, send: Any) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
    await send({"type": "http.response.body", "body": reply.body})


async def _read(bytes_max: int, receive: Any) -> tuple[bytes, CountermandError | None] | None:
    """The whole body; or a refusal when it is too large; None when the caller has gone."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            return b"", too_large(bytes_max)
        pieces.append(piece)
        if not message.get("more_body", False):
            return (pieces[0] if len(pieces) == 1 else b"".join(pieces)), None


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    special = reply.headers
    if special is None:
        special = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return [
        *special,
        (b"traceparent", reply.traceparent.encode()),
        (b"x-trace-id", reply.trace_id.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
