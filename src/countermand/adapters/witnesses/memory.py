"""What a witness must never lose, on disk: one file a log, replaced whole and synced before it answers.

`<folder>/<sha256 of the origin>/checkpoint` is at once what monitors fetch, so any web server can show it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from countermand.kernel.errors import SetupError, Unavailable
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, NoteError, parse_note
from countermand.transparency.witness import origin_hash

FILE_NAME = "checkpoint"
LOCK_NAME = "lock"
SUSPECT_NAME = "suspect-"
SUSPECTS_MAX = 64
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileMemory:
    """Implements `WitnessMemory`. While it is open no other process opens the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, asyncio.Lock] = {}
        self._lock_file: int | None = None

    def __enter__(self) -> Self:
        """Raises SetupError (`witness_busy`): two with one memory could each cosign another story."""
        self._folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(opened)
            raise SetupError(
                "witness_busy",
                f"Another witness is at work in {self._folder}.",
                f"另一个见证方进程正在使用 {self._folder}。",
            ) from error
        self._lock_file = opened
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    @asynccontextmanager
    async def held(self, origin: str) -> AsyncIterator[_HeldFile]:
        """The note of a log, for one at a time. Raises Unavailable (`witness_memory`) where it is damaged."""
        assert self._lock_file is not None, "a memory is opened before it is used"
        digest = origin_hash(origin)
        async with self._locks.setdefault(digest, asyncio.Lock()):
            path = self._folder / digest / FILE_NAME
            try:
                kept = await asyncio.to_thread(_read, path)
                note = None if kept is None else parse_note(kept)
                if note is not None and Checkpoint.of_note(note).origin != origin:
                    raise NoteError("checkpoint_malformed", "it is of another log")
            except (OSError, NoteError) as error:
                raise _unsound(path, error) from error
            yield _HeldFile(path, note)

    async def latest(self, digest: str) -> str | None:
        """What monitors are shown. Raises Unavailable (`witness_memory`)."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self._folder / digest / FILE_NAME
        try:
            kept = await asyncio.to_thread(_read, path)
        except OSError as error:
            raise _unsound(path, error) from error
        return None if kept is None else kept.decode()


class _HeldFile:
    """One file, under its lock."""

    def __init__(self, path: Path, note: Note | None) -> None:
        self._path, self.note = path, note

    async def keep(self, note: Note) -> None:
        """Written beside, synced, moved over the old one, and the folder synced. Raises Unavailable."""
        await self._write(_replace, self._path, str(note).encode())
        self.note = note

    async def suspect(self, note: Note) -> None:
        """Kept beside, for whoever looks into it. Raises Unavailable."""
        name = f"{SUSPECT_NAME}{sha256(str(note).encode()).hexdigest()[:16]}"
        if await asyncio.to_thread(_suspects, self._path.parent) < SUSPECTS_MAX:
            await self._write(_replace, self._path.with_name(name), str(note).encode())

    async def _write(self, write: Callable[[Path, bytes], None], path: Path, content: bytes) -> None:
        writing = asyncio.ensure_future(asyncio.to_thread(write, path, content))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Whoever asked has gone; the lock is given back when the file stands, not before.
            await asyncio.wait([writing])
            raise
        except OSError as error:
            raise _unsound(path, error) from error


def _suspects(folder: Path) -> int:
    return sum(1 for _ in folder.glob(f"{SUSPECT_NAME}*"))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, content: bytes) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir()
        _sync(path.parent.parent)
    unfinished = path.with_name(f"{path.name}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unsound(path: Path, error: Exception) -> Unavailable:
    return Unavailable(
        "witness_memory",
        f"The witness's memory cannot be used ({path.parent.name}): {error}.",
        f"见证方的存档无法使用（{path.parent.name}）：{error}。",
    )
