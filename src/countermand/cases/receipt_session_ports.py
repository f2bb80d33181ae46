"""What is kept of a browser in which somebody opened a case with number and secret."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ReceiptSession(NamedTuple):
    """One browser at one case; `token` is the SHA-256 of what it shows, instants are microseconds UTC.

    `turn`: which receipt opened it. `shared`: others use the device too. `fresh`: it began with the report,
    and its holder has not said yet that the secret is saved.
    """

    token: bytes
    case: str
    turn: int
    shared: bool
    fresh: bool
    begun_at: int
    idle_ends_at: int
    ends_at: int


class ReceiptSessionBook(Protocol):
    """All of them, within one transaction."""

    async def begin(self, session: ReceiptSession) -> None:
        """Write a new one."""
        ...

    async def enter(
        self, token: bytes, now: int, idle_micros: int, shared_idle_micros: int
    ) -> ReceiptSession | None:
        """The session, if it goes on, kept open for so long (on a shared device the other), up to its end."""
        ...

    async def look(self, token: bytes, now: int) -> ReceiptSession | None:
        """The session, if it goes on: looking alone keeps it open no longer."""
        ...

    async def settle(self, token: bytes) -> None:
        """Its holder has saved the secret."""
        ...

    async def end(self, token: bytes) -> None:
        """Forget it."""
        ...

    async def end_of_case(self, case: str) -> None:
        """Forget every one of a case."""
        ...
