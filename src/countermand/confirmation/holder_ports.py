"""What is kept of customers who look at their own pages."""

from __future__ import annotations

from typing import Protocol

from countermand.vocabulary.holder_access import Entry, HolderSession


class HolderSessions(Protocol):
    """Entries and sessions, within one transaction."""

    async def put_entry(self, entry: Entry) -> None:
        """Write a new entry; those that ran out go."""
        ...

    async def use_entry(self, digest: bytes, now: int) -> Entry | None:
        """Take an entry that still works; a second call finds none."""
        ...

    async def begin(self, session: HolderSession) -> None:
        """Write a new session."""
        ...

    async def find(self, digest: bytes) -> HolderSession | None:
        """The session of a cookie, ended ones too."""
        ...

    async def seen(self, digest: bytes, now: int) -> None:
        """It was used."""
        ...

    async def end(self, account: str, now: int, only: str | None = None) -> int:
        """End those of an account, or one of them; how many were open."""
        ...
