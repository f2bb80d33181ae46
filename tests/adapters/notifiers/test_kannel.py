"""Goal: an SMS leaves through Kannel, its receipt comes back, and an answer to it is answered.

Method: the real bearerbox and smsbox with Kannel's own simulated operator, where they are installed; a small
HTTP server stands for our two doors.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

import msgspec
import pytest

from adapters.notifiers.test_notifiers import message
from countermand.adapters.notifiers.sms import SmsNotifier
from countermand.adapters.senders.kannel import Kannel
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.notices import Taken

BINARIES = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("bearerbox", "smsbox")]
PHONE, SHORT = "+8613800000001", "95000"
CONFIGURATION = """
group = core
admin-port = {admin}
smsbox-port = {box}
admin-password = it
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = fake
port = {fake}
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
global-sender = {short}

group = sendsms-user
username = me
password = it

group = sms-service
keyword = default
get-url = "{url}/replies?from=%p&text=%a"
accept-x-kannel-headers = true
max-messages = 1
"""


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    with_sockets = [socket.socket() for _ in range(count)]
    for one in with_sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in with_sockets]
    for one in with_sockets:
        one.close()
    return ports


@asynccontextmanager
async def doors(heard: asyncio.Queue[str]) -> AsyncIterator[str]:
    """Stands for our doors: notes what it is called with; an answer to a reply is in Chinese."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heard.put_nowait(head.split(" ")[1])
        body = "已撤销".encode() if "/replies" in head else b""
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Kannel-Coding: 2\r\n"
            b"X-Kannel-Charset: UTF-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.skipif(None in BINARIES, reason="NOT CHECKED: Kannel is not installed")
async def test_there_and_back_through_kannel(tmp_path: Path) -> None:
    """Chinese out as it was written, a receipt for it, an answer in, and our words in answer to that."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    admin, box, fake, send = free_ports(4)
    running: list[subprocess.Popen[bytes]] = []
    gateway = Kannel(f"http://127.0.0.1:{send}/cgi-bin/sendsms?username=me&password=it")
    async with doors(heard) as url:
        file = tmp_path / "kannel.conf"
        file.write_text(
            CONFIGURATION.format(admin=admin, box=box, fake=fake, send=send, short=SHORT, url=url)
        )
        try:
            running.append(_start(BINARIES[0], file))
            phone = await _connected(fake)
            running.append(_start(BINARIES[1], file))
            asked = msgspec.structs.replace(message(to=PHONE), receipt_url=f"{url}/receipts?status=%d")
            answer = await _sent(SmsNotifier(gateway), asked)
            assert answer.taken is Taken.ACCEPTED
            async with asyncio.timeout(20):
                assert _read(await phone[0].readuntil(b"\n")) == (SHORT, PHONE, "请回复 N 4156")
                got = await heard.get()
                while "/receipts" not in got:
                    got = await heard.get()
                assert parse_qs(urlsplit(got).query)["status"][0] in ("1", "8")
                phone[1].write(f"{PHONE} {SHORT} text N 4156\n".encode())
                got = await heard.get()
                while "/replies" not in got:
                    got = await heard.get()
                assert parse_qs(urlsplit(got).query) == {"from": [PHONE], "text": ["N 4156"]}
                assert _read(await phone[0].readuntil(b"\n")) == (SHORT, PHONE, "已撤销")
                phone[1].close()
                await phone[1].wait_closed()
        finally:
            await gateway.close()
            for process in reversed(running):
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()
                process.wait()


def _read(line: bytes) -> tuple[str, str, str]:
    """What the simulated operator was given: from, to, and a text in UCS-2."""
    sender, to, coding, text = line.decode().strip().split(" ")
    assert coding == "ucs-2"
    return sender, to, unquote_to_bytes(text.replace("+", "%20")).decode("utf-16-be")


def _start(binary: str | None, file: Path) -> subprocess.Popen[bytes]:
    assert binary is not None
    with (file.parent / f"{Path(binary).name}.log").open("wb") as log:
        return subprocess.Popen([binary, "-v", "1", str(file)], stdout=log, stderr=log, cwd=file.parent)


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The simulated operator's side: Kannel listens, the phones connect."""
    for _ in range(100):
        with suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.1)
    raise AssertionError("bearerbox does not listen")


async def _sent(notifier: SmsNotifier, asked: object) -> object:
    """As soon as smsbox listens."""
    for _ in range(100):
        with suppress(Unavailable):
            return await notifier.send(asked)  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
    raise AssertionError("smsbox does not listen")
