"""One suite for every object store: what is put is durable, whole, and found by its bytes alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from countermand.adapters.objects.bucket import ObjectBucket, open_bucket
from countermand.adapters.objects.folder import ObjectFolder
from countermand.kernel.errors import SetupError, Unavailable

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """A bucket in a real S3 server (moto) in a process of its own."""
    pytest.importorskip("obstore", reason="NOT CHECKED: obstore is not installed")
    pytest.importorskip("moto", reason="NOT CHECKED: moto[s3,server] is not installed")
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        made = urllib.request.Request(f"http://127.0.0.1:{port}/evidence", method="PUT")
        urllib.request.urlopen(made, timeout=10).close()
        yield f"s3+http://127.0.0.1:{port}/evidence"
        server.send_signal(signal.SIGTERM)


@pytest.fixture(params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectFolder | ObjectBucket:
    """Each store, empty or nearly so."""
    if request.param == "folder":
        return ObjectFolder(tmp_path / "objects")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return open_bucket(request.getfixturevalue("s3_address"))


async def pieces_of(content: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    """The content in pieces."""
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]


async def got(store: ObjectFolder | ObjectBucket, digest: bytes) -> bytes:
    """A whole object."""
    return b"".join([piece async for piece in store.get(digest)])


@pytest.mark.parametrize("size", [0, 1, 300_000, 9_000_001])
async def test_what_is_put_comes_back(store: ObjectFolder | ObjectBucket, size: int) -> None:
    """Short and long ones, in one piece or many: named by their SHA-256, and byte for byte the same."""
    content = os.urandom(size)
    stored = await store.put(pieces_of(content))
    assert stored == (hashlib.sha256(content).digest(), size)
    assert await store.exists(stored.digest)
    assert await got(store, stored.digest) == content
    assert await store.put(pieces_of(content)) == stored
    await store.delete(stored.digest)
    await store.delete(stored.digest)
    assert not await store.exists(stored.digest)
    with pytest.raises(Unavailable) as refusal:
        await got(store, stored.digest)
    assert refusal.value.code == "object_missing"


@pytest.mark.parametrize("size", [100_000, 9_000_001])
async def test_what_breaks_off_leaves_nothing(store: ObjectFolder | ObjectBucket, size: int) -> None:
    """A source that fails in the middle: no object, under whatever name."""
    content = os.urandom(size)

    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces_of(content):
            yield piece
        raise RuntimeError("cut")

    with pytest.raises(Exception, match=r"cut|object_store_away"):
        await store.put(broken())
    assert not await store.exists(hashlib.sha256(content).digest())


async def test_files_are_for_nobody_else(tmp_path: Path) -> None:
    """The folder's files have mode 0600, in folders of mode 0700, and nothing stays in incoming."""
    stored = await ObjectFolder(tmp_path / "objects").put(pieces_of(b"x"))
    name = stored.digest.hex()
    path = tmp_path / "objects" / name[:2] / name
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list((tmp_path / "objects" / "incoming").iterdir()) == []


async def test_a_store_that_is_away_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made, and a bucket nobody serves: 503, nothing else."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as refusal:
        await ObjectFolder(tmp_path / "file").put(pieces_of(b"x"))
    assert refusal.value.code == "object_store_away"


@pytest.mark.parametrize("address", ["s3://", "s3+https://host", "s3+https://host/a/b"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """The setting is named in both languages."""
    with pytest.raises(SetupError) as refusal:
        open_bucket(address)
    assert refusal.value.code == "bad_setting"
    assert json.dumps(refusal.value.details)
