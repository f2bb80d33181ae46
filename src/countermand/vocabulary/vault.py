"""The words between the vault and what stands behind it: wrapped keys, stored objects, scans."""

from __future__ import annotations

from typing import NamedTuple


class WrappedKey(NamedTuple):
    """A data key under a key-encryption key; `key_name`: which of the service's keys, in which version."""

    key_name: str
    sealed: bytes


class StoredObject(NamedTuple):
    """An object that is safe: the SHA-256 of its bytes, which is its name, and how many there are."""

    digest: bytes
    size: int


class ScanReport(NamedTuple):
    """What a virus scanner said: `signature` names what it found; None where it found nothing.

    Not `complete`: the item is longer than the scanner takes.
    """

    signature: str | None
    complete: bool = True
