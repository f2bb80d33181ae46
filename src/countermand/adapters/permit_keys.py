"""Keys that sign, permits above all: in a file that only its owner reads, made at the first start."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from countermand.confirmation.permits import PermitKey
from countermand.kernel.errors import SetupError

FILE_NAME = "permit-keys.pem"
_BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n?", re.DOTALL)


def permit_keys(path: Path) -> tuple[PermitKey, ...]:
    """The keys of a file, made with one key where there is none; the first one signs, all are published.

    To change keys put a new one at the head of the file, and take the old one out when its permits are over.

    Raises SetupError (`permit_key_unusable`): not ours to read, readable by others, no Ed25519 keys.
    """
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise _unusable(path, "others may read it (chmod 600)", "其他用户可读（请 chmod 600）")
        found = [load_pem_private_key(block, None) for block in _BLOCK.findall(path.read_bytes())]
    except (OSError, ValueError) as error:
        raise _unusable(path, type(error).__name__, type(error).__name__) from error
    keys = tuple(_named(key) for key in found if isinstance(key, Ed25519PrivateKey))
    if not keys or len(keys) != len(found):
        raise _unusable(path, "it holds something else than Ed25519 keys", "其中不是 Ed25519 密钥")
    return keys


def _make(path: Path) -> None:
    """A file with a new key; of two processes that make one at once, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()


def _named(key: Ed25519PrivateKey) -> PermitKey:
    return PermitKey(sha256(key.public_key().public_bytes_raw()).hexdigest()[:16], key)


def _unusable(path: Path, en: str, zh: str) -> SetupError:
    return SetupError(
        "permit_key_unusable",
        f"The file of signing keys ({path.name}) cannot be used: {en}.",
        f"签名密钥文件（{path.name}）无法使用：{zh}。",
    )
