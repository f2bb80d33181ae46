"""A key service in this process: its keys come from the vault's key file, or from the environment."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countermand.adapters.credentials.vault import derived_key, read_key_file
from countermand.extensions import key_lost
from countermand.kernel.canonical import digest
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.vault import WrappedKey

_NONCE_BYTES, _KEY_BYTES = 12, 32


class KeptKeys:
    """Keys of 32 bytes, the newest first: it wraps, every one unwraps. AES-256-GCM, the context bound."""

    def __init__(self, name: str, keys: Sequence[bytes]) -> None:
        self.name = name
        self._keys = {_name_of(key): AESGCM(derived_key(key, b"wrap")) for key in keys}
        self._newest = _name_of(keys[0])

    async def newest(self) -> str:
        """The key that wraps now."""
        return self._newest

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """A data key, wrapped by the newest key."""
        nonce = new_nonce()[:_NONCE_BYTES]
        sealed = self._keys[self._newest].encrypt(nonce, key, context.encode())
        return WrappedKey(self._newest, nonce + sealed)

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """The data key. Raises Unavailable (`key_encryption_key_lost`)."""
        kept = self._keys.get(wrapped.key_name)
        try:
            if kept is None:
                raise InvalidTag
            nonce, sealed = wrapped.sealed[:_NONCE_BYTES], wrapped.sealed[_NONCE_BYTES:]
            return kept.decrypt(nonce, sealed, context.encode())
        except (InvalidTag, ValueError):
            raise key_lost(self.name, wrapped.key_name) from None


def file_keys(path: Path, *, may_make: bool = True) -> KeptKeys:
    """The keys of the vault's file. Raises SetupError (`vault_unusable`, `key_encryption_key_lost`)."""
    return KeptKeys("file", read_key_file(path, may_make=may_make))


def environment_keys(text: str | None) -> KeptKeys:
    """Keys from a setting: 32 bytes in base 64 each, commas between, the newest first.

    Raises SetupError (`bad_setting`).
    """
    try:
        keys = [
            base64.b64decode(one.strip(), validate=True) for one in (text or "").split(",") if one.strip()
        ]
    except ValueError:
        keys = []
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_KEY_ENCRYPTION_KEYS must be keys of 32 bytes in base 64, with commas, newest first.",
            "COUNTERMAND_KEY_ENCRYPTION_KEYS 应为以逗号分隔的 32 字节 base64 密钥，最新的在前。",
            variable="COUNTERMAND_KEY_ENCRYPTION_KEYS",
        )
    return KeptKeys("environment", keys)


def _name_of(key: bytes) -> str:
    return digest(b"countermand/key-encryption-key" + key)[:8].hex()
