"""A vault in a file: AES-256-GCM and derived MAC keys under keys that only this service's user reads."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from countermand.extensions import keys_lost
from countermand.kernel.canonical import digest
from countermand.kernel.errors import KeyMissing, SetupError
from countermand.kernel.ids import new_nonce

_FORM = b"\x01"
_NAME_BYTES, _NONCE_BYTES, _KEY_BYTES = 4, 12, 32


class FileVault:
    """Keys from a file, one a line in base 64; the first one seals, every one opens, the last one makes MACs.

    To rotate, put a new line before the others. A file that is not there is made with a fresh key, unless
    something is sealed already (`may_make`): then it was lost, and a fresh key would open nothing.
    Raises SetupError (`vault_unusable`, `key_encryption_key_lost`).
    """

    def __init__(self, path: Path, *, may_make: bool = True) -> None:
        keys = read_key_file(path, may_make=may_make)
        self._keys = {_name_of(key): AESGCM(derived_key(key, b"seal")) for key in keys}
        self._first = _name_of(keys[0])
        self._mac_master = keys[-1]

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt under the first key."""
        nonce = new_nonce()[:_NONCE_BYTES]
        return _FORM + self._first + nonce + self._keys[self._first].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt under the key that sealed it. Raises KeyMissing (`vault_cannot_open`)."""
        name, rest = sealed[1 : 1 + _NAME_BYTES], sealed[1 + _NAME_BYTES :]
        key = self._keys.get(name)
        try:
            if sealed[:1] != _FORM or key is None:
                raise InvalidTag
            return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            # Where the file stands is nobody's business who asks; whoever runs this knows.
            raise KeyMissing(
                "vault_cannot_open",
                "What was sealed does not open with the vault's keys: the key file that sealed it must be "
                "restored. Nothing is lost until then.",
                "现有密钥无法解开已封存的数据：须恢复当时的密钥文件；数据仍在，未丢失。",
            ) from None

    def mac_key(self, purpose: str) -> bytes:
        """A key for one purpose, derived from the oldest key of the file."""
        return derived_key(self._mac_master, b"mac/" + purpose.encode())


def read_key_file(path: Path, *, may_make: bool = True) -> list[bytes]:
    """The keys of a file, the newest first.

    Raises SetupError (`vault_unusable`, `key_encryption_key_lost`).
    """
    if not may_make and not path.exists():
        raise keys_lost("file", str(path))
    keys = [_key_of(line, path) for line in _lines(path)]
    if not keys:
        raise _unusable(path, "it holds no key", "其中没有密钥")
    return keys


def derived_key(key: bytes, purpose: bytes) -> bytes:
    """A key of 32 bytes for one purpose."""
    return HKDF(SHA256(), _KEY_BYTES, None, b"countermand/" + purpose).derive(key)


def _name_of(key: bytes) -> bytes:
    return digest(b"countermand/name" + key)[:_NAME_BYTES]


def _lines(path: Path) -> list[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(new_nonce()) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise _unusable(path, str(error.strerror), str(error.strerror)) from None
    try:
        return [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, f"it cannot be read ({type(error).__name__})", "无法读取") from None


def _key_of(line: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise _unusable(path, "a line is not 32 bytes in base 64", "某行不是 32 字节的 base64 密钥")
    return key


def _unusable(path: Path, en: str, zh: str) -> SetupError:
    return SetupError(
        "vault_unusable", f"The key file {path} cannot be used: {en}.", f"无法使用密钥文件 {path}：{zh}。"
    )
