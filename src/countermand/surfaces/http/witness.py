"""The door of a witness (C2SP tlog-witness): one address to ask for cosignatures, one to see the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from countermand.flows.cosign_checkpoint import WitnessHouse, cosign_checkpoint
from countermand.kernel.errors import SetupError, Unavailable
from countermand.transparency.witness import REQUEST_BYTES_MAX

BACKLOG = 1024
CONNECTIONS_MAX = 512
BODY_SECONDS_MAX = 30.0
DRAIN_SECONDS_MAX = 10.0
_LOG = structlog.get_logger("countermand.witness")
_TEXT, _SIZE = b"text/plain; charset=utf-8", b"text/x.tlog.size"


class WitnessDoor:
    """An ASGI application. There is nobody to log in: what counts is the log's signature."""

    def __init__(self, house: WitnessHouse) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        try:
            if path == "/add-checkpoint":
                status, kind, text = await self._add(method, receive)
            else:
                status, kind, text = await self._show(method, path)
        except Unavailable as refusal:
            _LOG.error("witness_memory", why=refusal.text.en)
            status, kind, text = 503, _TEXT, f"{refusal.text.en}\n"
        body = text.encode()
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def _add(self, method: str, receive: Any) -> tuple[int, bytes, str]:
        if method != "POST":
            return 405, _TEXT, "ask by POST\n"
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                body = await _body(receive)
        except TimeoutError:
            return 408, _TEXT, "the request did not arrive whole\n"
        if len(body) > REQUEST_BYTES_MAX:
            return 400, _TEXT, f"a request has at most {REQUEST_BYTES_MAX} bytes\n"
        answer = await cosign_checkpoint(self._house, body)
        if isinstance(answer, str):
            return 200, _TEXT, answer
        _LOG.warning("not_cosigned", code=answer.code, status=answer.status, why=answer.detail)
        if answer.size is not None:
            return answer.status, _SIZE, f"{answer.size}\n"
        return answer.status, _TEXT, f"{answer.code}: {answer.detail}\n"

    async def _show(self, method: str, path: str) -> tuple[int, bytes, str]:
        digest, slash, rest = path.removeprefix("/").partition("/")
        shown = await self._house.memory.latest(digest) if slash and rest == "checkpoint" else None
        if shown is None:
            return 404, _TEXT, "nothing of such a log was cosigned here\n"
        if method not in ("GET", "HEAD"):
            return 405, _TEXT, "read by GET\n"
        return 200, _TEXT, shown


async def _body(receive: Any) -> bytes:
    """The body, or as much of it as shows that it is too long."""
    body = bytearray()
    while len(body) <= REQUEST_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)


@asynccontextmanager
async def open_witness_door(house: WitnessHouse, host: str, port: int) -> AsyncIterator[str]:
    """Answer while inside; leaving lets what has begun end. Yields the address; port 0 takes a free one.

    Raises SetupError (`address_in_use`).
    """
    loop = asyncio.get_running_loop()
    config = Config(
        WitnessDoor(house), lifespan="off", interface="asgi3", ws="none", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_keep_alive=75, limit_concurrency=CONNECTIONS_MAX,
    )  # fmt: skip
    config.load()
    state = ServerState()
    protocol: Any = config.http_protocol_class
    try:
        server = await loop.create_server(
            lambda: protocol(config=config, server_state=state, app_state={}, _loop=loop),
            host, port, backlog=BACKLOG, reuse_address=True,
        )  # fmt: skip
    except OSError as error:
        raise SetupError(
            "address_in_use",
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.",
            f"无法监听 {host}:{port}：{error.strerror}。请用 --port 换一个端口。",
        ) from error
    try:
        found = server.sockets[0].getsockname()
        yield f"http://{found[0]}:{found[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(list(state.tasks), timeout=DRAIN_SECONDS_MAX)
        await server.wait_closed()
