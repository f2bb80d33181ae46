"""What is kept of the registry of official channels: every version that was published."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class OfficialVersion(NamedTuple):
    """One version: SHA-256 of the registry as canonical JSON, its day, the JWS; since when, microseconds UTC.

    `fact` is the number of its fact in the journal.
    """

    number: int
    sha256: bytes
    issued: str
    signed: str
    at: int
    fact: int | None


class OfficialVersionBook(Protocol):
    """All of them, within one transaction; nothing is ever changed."""

    async def add(self, sha256: bytes, issued: str, signed: str, at: int) -> int | None:
        """Keep a version; its number, None where it is the last one already."""
        ...

    async def last(self, count_max: int) -> list[OfficialVersion]:
        """The last versions, newest first."""
        ...
