"""Identifiers: time-ordered UUIDs (RFC 9562, version 7) in production, counted ones in tests."""

from __future__ import annotations

import os
import secrets
from typing import Protocol


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self, prefix: str, at_micros: int) -> str:
        """A fresh identifier `prefix-…`; later instants sort after earlier ones."""
        ...


class _Chance:
    """The system's randomness, drawn in blocks: one system call serves hundreds of identifiers."""

    BLOCK_BYTES = 8192

    def __init__(self) -> None:
        self._block = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """`count` fresh random bytes, none of them ever given out before."""
        end = self._used + count
        if end > len(self._block):
            self._block, self._used, end = os.urandom(self.BLOCK_BYTES), 0, count
        taken = self._block[self._used : end]
        self._used = end
        return taken


_CHANCE = _Chance()


class RandomIds:
    """`prefix-` and 32 hex digits of a UUID version 7: 48 bits of milliseconds, 74 random bits."""

    def new(self, prefix: str, at_micros: int) -> str:
        head = (at_micros // 1000) & 0xFFFFFFFFFFFF
        tail = int.from_bytes(_CHANCE.take(10))
        number = head << 80 | 0x7 << 76 | (tail >> 68) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
        return f"{prefix}-{number:032x}"


class CountedIds:
    """`prefix-1`, `prefix-2`, …: for tests and golden files."""

    def __init__(self) -> None:
        self.last = 0

    def new(self, prefix: str, at_micros: int) -> str:
        self.last += 1
        return f"{prefix}-{self.last}"


def new_secret() -> str:
    """256 random bits as URL-safe text: an API key's secret part."""
    return secrets.token_urlsafe(32)


def new_trace_digits() -> str:
    """48 random hex digits: a trace id of 32 and a span id of 16 (W3C Trace Context)."""
    return _CHANCE.take(24).hex()


def new_code(digits: int) -> str:
    """A one-time code of so many decimal digits, every one of them equally likely."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def new_nonce() -> bytes:
    """256 random bits, never given out before."""
    return _CHANCE.take(32)
