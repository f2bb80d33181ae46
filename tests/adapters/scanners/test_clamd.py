"""ClamAV's daemon, the real one where it is installed, and always a double of its protocol.

The real one gets a signature database made here: one hash of a text that is no virus.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from countermand.adapters.scanners.clamd import Clamd
from countermand.kernel.errors import SetupError, Unavailable

MARKED = b"this text is known to the scanner of the tests " * 40
SIZE_MAX = 2_000_000


async def pieces_of(content: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    """The content in pieces."""
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]


@asynccontextmanager
async def double_of_clamd() -> AsyncIterator[str]:
    """The command zINSTREAM as clamd(8) has it: lengths and bytes, zero at the end, one answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(length)
            if len(content) > SIZE_MAX:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                break
        else:
            writer.write(b"stream: Test.Marked FOUND\0" if content == MARKED else b"stream: OK\0")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
def real_clamd() -> Iterator[str]:
    """The daemon of Debian, with signatures of our own."""
    program = shutil.which("clamd")
    if program is None:
        pytest.skip("NOT CHECKED: clamd is not installed (Debian: clamav-daemon)")
    folder = Path(tempfile.mkdtemp(prefix="countermand-clamd-"))
    line = f"{hashlib.sha256(MARKED).hexdigest()}:{len(MARKED)}:Test.Marked:73\n"
    (folder / "tests.hsb").write_text(line)
    (folder / "clamd.conf").write_text(
        f"DatabaseDirectory {folder}\nLocalSocket {folder}/socket\nForeground yes\nUser root\n"
        f"StreamMaxLength {SIZE_MAX}\nLogFile {folder}/log\n"
    )
    with subprocess.Popen(
        [program, "-c", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        began = monotonic()
        while not (folder / "socket").exists():
            assert server.poll() is None, (folder / "log").read_text() if (folder / "log").exists() else ""
            assert monotonic() - began < 20
            sleep(0.02)
        yield f"unix:{folder}/socket"
        server.terminate()
    shutil.rmtree(folder)


@pytest.fixture(params=["double", "real"])
async def scanner(request: pytest.FixtureRequest) -> AsyncIterator[Clamd]:
    """The double, and the real one."""
    if request.param == "real":
        yield Clamd(request.getfixturevalue("real_clamd"))
        return
    async with double_of_clamd() as address:
        yield Clamd(address)


async def test_what_is_known_is_found_and_nothing_else(scanner: Clamd) -> None:
    """A marked text is named; a clean one, an empty one and a long one are clean."""
    found = await scanner.scan(pieces_of(MARKED))
    assert found.signature is not None
    assert found.signature.startswith("Test.Marked")
    for clean in (b"", b"hello", os.urandom(900_000)):
        assert await scanner.scan(pieces_of(clean)) == (None, True)


async def test_what_is_too_long_is_said_to_be_unscanned(scanner: Clamd) -> None:
    """Over the daemon's own limit nothing is claimed."""
    assert await scanner.scan(pieces_of(bytes(SIZE_MAX * 2))) == (None, False)


async def test_a_daemon_that_is_away_says_so(tmp_path: Path) -> None:
    """No socket, no listener, one that hangs up: 503."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for address in (f"unix:{tmp_path}/none", f"tcp://127.0.0.1:{port}"):
            with pytest.raises(Unavailable) as refusal:
                await Clamd(address).scan(pieces_of(b"x"))
            assert refusal.value.code == "scanner_away"


@pytest.mark.parametrize("address", ["", "host:3310", "tcp://host", "unix:relative"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """The setting is named."""
    with pytest.raises(SetupError):
        Clamd(address)
