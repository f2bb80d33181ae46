"""The front dispatcher: hot routes answered at once, everything else handed to the Litestar application."""

from __future__ import annotations

from typing import Any

from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.hot import Head, HotLane, HotRoute, Reply, too_large


class Front:
    """One ASGI application over both; the door's own server short-cuts the hot routes before ASGI."""

    def __init__(self, lane: HotLane, application: Any) -> None:
        self.lane = lane
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            route = self.lane.routes.get(scope["raw_path"])
            if route is not None:
                await _answer(route, Head(scope["headers"]), receive, send)
                return
        if scope["type"] == "http":
            # The application sees the path as it was sent: an identifier may itself hold a slash (%2F).
            scope = {**scope, "path": scope["raw_path"].decode("ascii", "replace")}
        await self._application(scope, receive, send)


async def _answer(route: HotRoute, head: Head, receive: Any, send: Any) -> None:
    refusal = route.refusal_of(head)
    body = b""
    if refusal is None:
        read = await _read(route.bytes_max, receive)
        if read is None:
            return
        body, refusal = read
    reply = route.refuse(refusal, head) if refusal is not None else await route.reply(head, body)
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
