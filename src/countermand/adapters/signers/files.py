"""The signer's own files: a log a file, replaced whole and durable before anything is answered."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from countermand.kernel.errors import SetupError
from countermand.vocabulary.signing import KeptLog

_DECODER = msgspec.json.Decoder(KeptLog)
_PRIVATE = 0o600


class SignerFiles:
    """Implements `flows.sign_log.SignerShelf` in a folder that only its owner may enter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, origin: str) -> KeptLog | None:
        """What is known of a log. Raises SetupError `signer_state_damaged`."""
        path = self._path(origin)
        try:
            kept = _DECODER.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise _damaged(path) from error
        if kept.origin != origin:
            raise _damaged(path)
        return kept

    def write(self, kept: KeptLog) -> None:
        """Replace it, all or nothing; durable on return. Raises OSError."""
        path = self._path(kept.origin)
        beside = path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
        _sync_folder(self._folder)

    def _path(self, origin: str) -> Path:
        # An origin has slashes; whose file it is stands inside.
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}.json"


@contextmanager
def signer_files(folder: Path) -> Iterator[SignerFiles]:
    """The files of a folder, which are one signer's alone meanwhile.

    Raises SetupError `signer_state_in_use`, `signer_state_unusable`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
    except OSError as error:
        raise SetupError(
            "signer_state_unusable",
            f"The signer cannot keep its state in {folder}: {error.strerror}.",
            f"签名程序无法在 {folder} 中保存状态：{error.strerror}。",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                "signer_state_in_use",
                f"Another signer works with {folder}; two of them could sign two histories.",
                f"另一个签名程序正在使用 {folder}；同时运行两个可能签出两份不同的历史。",
            ) from error
        yield SignerFiles(folder)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(path: Path) -> SetupError:
    return SetupError(
        "signer_state_damaged",
        f"The signer's file {path} cannot be read. Put its own copy back; without it the shard cannot go on, "
        "and `countermand log new-shard` opens the next one.",
        f"签名程序的文件 {path} 无法读取。请恢复该文件自身的副本；若无副本，该分片不能继续，"
        "请用 `countermand log new-shard` 开启下一个分片。",
    )
