"""Objects in a folder: written beside, synced, renamed into place; only this service's user reads them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable
from pathlib import Path
from tempfile import mkstemp
from typing import Any, TypeVar

from countermand.extensions import object_missing, object_store_away
from countermand.vocabulary.vault import StoredObject

R = TypeVar("R")
BLOCK_BYTES = 1024 * 1024
_INCOMING = "incoming"


class ObjectFolder:
    """`<folder>/ab/abcd...`: named by the SHA-256 of its bytes, mode 0600, in folders of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, pieces: AsyncIterable[bytes]) -> StoredObject:
        """Keep an object; durable when this returns. Raises Unavailable (`object_store_away`)."""
        writing = await _run(_Writing, self._folder)
        try:
            waiting: list[bytes] = []
            size = 0
            async for piece in pieces:
                waiting.append(piece)
                size += len(piece)
                if size >= BLOCK_BYTES:
                    await _run(writing.write, waiting)
                    waiting, size = [], 0
            return await _run(writing.finish, waiting)
        finally:
            writing.drop()

    async def get(self, digest: bytes) -> AsyncIterator[bytes]:
        """Its bytes in pieces. Raises Unavailable (`object_missing`, `object_store_away`)."""
        path = _path(self._folder, digest)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise object_missing(digest) from None
        except OSError as error:
            raise object_store_away(str(error.strerror)) from None
        with file:
            while block := await _run(file.read, BLOCK_BYTES):
                yield block

    async def delete(self, digest: bytes) -> None:
        """Forget it."""
        await _run(_path(self._folder, digest).unlink, True)

    async def exists(self, digest: bytes) -> bool:
        """Whether it is there; what is there is whole."""
        return await _run(_path(self._folder, digest).exists)


class _Writing:
    """One object on its way in."""

    def __init__(self, folder: Path) -> None:
        incoming = folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        number, name = mkstemp(dir=incoming)  # mode 0600
        self._path: Path | None = Path(name)
        self._file = os.fdopen(number, "wb")
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._hash.update(piece)
            self._size += len(piece)
            self._file.write(piece)

    def finish(self, pieces: list[bytes]) -> StoredObject:
        assert self._path is not None, "it is finished once"
        self.write(pieces)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        digest = self._hash.digest()
        path = _path(self._folder, digest)
        new = not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.replace(path)
        self._path = None
        _sync(path.parent)
        if new:
            _sync(self._folder)
        return StoredObject(digest, self._size)

    def drop(self) -> None:
        """What did not come to its end leaves nothing."""
        self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


async def _run(do: Callable[..., R], *given: Any) -> R:
    """Do it in a thread of its own. Raises Unavailable (`object_store_away`)."""
    try:
        return await asyncio.to_thread(do, *given)
    except OSError as error:
        raise object_store_away(error.strerror or type(error).__name__) from None


def _path(folder: Path, digest: bytes) -> Path:
    name = digest.hex()
    return folder / name[:2] / name


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
