"""The server: one event loop, one thread, every connection a DoorProtocol; it drains before it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import structlog
from uvicorn.config import Config

from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import SetupError
from countermand.surfaces.http.front import Front
from countermand.surfaces.http.protocol import DoorProtocol, DoorState

BACKLOG = 4096
DRAIN_SECONDS_MAX = 30.0
SWEEP_SECONDS = 1.0
NOTE_SECONDS = 5.0
CHAT_FRAME_BYTES_MAX = 64 * 1024

_LOG = structlog.get_logger("countermand.http")


@asynccontextmanager
async def open_door(front: Front, host: str, port: int) -> AsyncIterator[str]:
    """Accept connections while inside; leaving stops accepting, answers what has begun, then closes.

    Yields the base address; port 0 takes a free one. Raises SetupError (`address_in_use`).
    """
    loop = asyncio.get_running_loop()
    config = Config(
        front, http=DoorProtocol, ws="websockets-sansio", ws_max_size=CHAT_FRAME_BYTES_MAX,
        ws_per_message_deflate=False, lifespan="off", interface="asgi3", log_config=None,
        access_log=False, proxy_headers=False, server_header=False, timeout_keep_alive=75,
    )  # fmt: skip
    config.load()
    state = DoorState(front.lane)
    state.connections, state.tasks = front.connections, front.tasks
    _tick(state, front.clock)
    try:
        server = await loop.create_server(
            lambda: DoorProtocol(config, state, loop), host, port, backlog=BACKLOG, reuse_address=True
        )
    except OSError as error:
        raise SetupError(
            "address_in_use",
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.",
            f"无法监听 {host}:{port}：{error.strerror}。请用 --port 换一个端口。",
        ) from error
    chores = [loop.create_task(_sweep(state, loop, front.clock)), loop.create_task(_note(front))]
    try:
        yield _address(server.sockets[0])
    finally:
        server.close()
        front.end_streams()
        await _drain(state)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await front.note_refusals()
        await server.wait_closed()


async def serve(front: Front, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with open_door(front, host, port) as address:
            _LOG.info("listening", address=address)
            await stop.wait()
            _LOG.info("draining", connections_max_seconds=DRAIN_SECONDS_MAX)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _drain(state: DoorState) -> None:
    """Idle connections go at once; the others when their answer is out, or at the limit."""
    state.closing = True
    for connection in list(state.connections):
        connection.shutdown()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DRAIN_SECONDS_MAX
    while (state.connections or state.tasks) and loop.time() < deadline:  # noqa: ASYNC110  # uvicorn's own sets
        await asyncio.sleep(0.01)
    for connection in list(state.connections):
        connection.transport.abort()
    if state.tasks:
        _LOG.warning("drain_incomplete", requests=len(state.tasks))
        await asyncio.gather(*_cancelled(state), return_exceptions=True)


def _cancelled(state: DoorState) -> list[asyncio.Task[None]]:
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    return tasks


async def _note(front: Front) -> None:
    """Every few seconds: refused access goes on the record."""
    while True:
        await asyncio.sleep(NOTE_SECONDS)
        await front.note_refusals()


async def _sweep(state: DoorState, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
    """Once a second: the Date header, and whoever is too slow."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        _tick(state, clock)
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, DoorProtocol):
                connection.close_when_late(now)


def _tick(state: DoorState, clock: Clock) -> None:
    state.date = formatdate(clock.now() // MICROS_PER_SECOND, usegmt=True).encode()
    state.default_headers = [(b"date", state.date)]


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
