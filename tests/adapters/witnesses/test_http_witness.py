"""Goal: what a witness answers is taken only if its keys made it; whatever else it does has a code.

Method: a small server that answers each kind of nonsense once.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.adapters.witnesses.http import HttpWitness
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.kernel.errors import CountermandError
from countermand.transparency.notes import COSIGNED_ED25519, VerifierKey
from countermand.transparency.witness import Cosigner
from countermand.transparency.witness_ports import Cosigned, Elsewhere

LOG = MemoryLog(b"%d" % number for number in range(20))
KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = VerifierKey("witness.example/w", COSIGNED_ED25519, KEY.public_key().public_bytes_raw())
SECONDS = 1_795_000_000


def line(size: int, key: VerifierKey = WITNESS) -> bytes:
    """A cosignature over the log at a size, under the name and id of a key."""
    made = Cosigner(WITNESS, KEY.sign).cosign(LOG.note(size).text, SECONDS)
    return made._replace(name=key.name, key_id=key.id).line.encode()


@asynccontextmanager
async def answering(status: int, body: bytes | None):
    """The address of a witness that answers everything so; with None it hangs."""
    ended = asyncio.Event()

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if body is None:
            await ended.wait()
        else:
            writer.write(
                b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body))
            )
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()


STRANGER = VerifierKey("stranger.example", COSIGNED_ED25519, bytes(32))
TABLE = [
    ("over another size", 200, line(8), "witness_lies"),
    ("by a stranger", 200, line(7, STRANGER), "witness_lies"),
    ("no lines", 200, b"", "witness_lies"),
    ("not lines", 200, b"thank you\n", "witness_lies"),
    ("another note", 200, b"\nmore\n\n" + line(7), "witness_lies"),
    ("endless", 200, b"x" * 500_000, "witness_lies"),
    ("conflict without a size", 409, b"soon\n", "witness_lies"),
    ("conflict with a negative size", 409, b"-1\n", "witness_lies"),
    ("bad request", 400, b"old?", "witness_refuses"),
    ("not signed", 403, b"", "witness_refuses"),
    ("unknown", 404, b"", "witness_refuses"),
    ("inconsistent", 422, "不一致\n".encode(), "witness_refuses"),
    ("in trouble", 500, b"", "witness_away"),
    ("elsewhere", 301, b"", "witness_away"),
    ("hung", 200, None, "witness_away"),
]


@pytest.mark.parametrize(("status", "body", "code"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
async def test_each_nonsense_has_its_code(status, body, code):
    """Every line of the table."""
    async with httpx.AsyncClient(trust_env=False) as client, answering(status, body) as address:
        witness = HttpWitness(address, [WITNESS], client, seconds_max=0.05 if body is None else 5)
        with pytest.raises(CountermandError) as refused:
            await witness.add(0, (), LOG.note(7))
    assert refused.value.code == code
    assert refused.value.text.zh


async def test_what_holds_is_taken():
    """Known lines, also among strangers'; a size after a conflict; nothing known; a note; no note."""
    async with httpx.AsyncClient(trust_env=False) as client:
        async with answering(200, line(7, STRANGER) + line(7)) as address:
            answer = await HttpWitness(address, [WITNESS], client, seconds_max=5).add(0, (), LOG.note(7))
            assert isinstance(answer, Cosigned)
            assert [one.name for one in answer.lines] == [WITNESS.name]
        async with answering(409, b"12\n") as address:
            assert await HttpWitness(address, [WITNESS], client, seconds_max=5).add(
                0, (), LOG.note(7)
            ) == Elsewhere(12)
        async with answering(404, b"") as address:
            assert await HttpWitness(address, [WITNESS], client, seconds_max=5).latest(ORIGIN) is None
        async with answering(200, str(LOG.note(7)).encode()) as address:
            assert await HttpWitness(address, [WITNESS], client, seconds_max=5).latest(ORIGIN) == LOG.note(7)
        async with answering(200, b"hello") as address:
            with pytest.raises(CountermandError, match="witness_lies"):
                await HttpWitness(address, [WITNESS], client, seconds_max=5).latest(ORIGIN)
