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


class RandomIds:
    """`prefix-` and 32 hex digits of a UUID version 7: 48 bits of milliseconds, 74 random bits."""

    def new(self, prefix: str, at_micros: int) -> str:
        head = (at_micros // 1000) & 0xFFFFFFFFFFFF
        tail = int.from_bytes(os.urandom(10))
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
    return os.urandom(24).hex()
