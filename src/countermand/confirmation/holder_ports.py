"""What is kept of customers who look at their own pages."""

from __future__ import annotations

from typing import Protocol

from countermand.vocabulary.holder_access import Entry, HolderSession, KeptDevice


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

    async def open_of(self, account: str) -> list[HolderSession]:
        """Those of an account that nobody ended, the newest first; time may have ended some."""
        ...

    async def end_device(self, account: str, device: str, now: int) -> int:
        """End those of an account on a device; how many were open."""
        ...


class HolderDevices(Protocol):
    """What holders say of their devices, within one transaction."""

    async def of_account(self, account: str) -> list[KeptDevice]:
        """Those of an account that somebody named or removed."""
        ...

    async def put(self, one: KeptDevice) -> None:
        """Write one, new or changed."""
        ...

    async def take_off(self, account: str, device: str) -> bool:
        """Take it off the profile and move the account's guard; whether it was there."""
        ...

    async def looked_at(self, account: str) -> int | None:
        """When its holder last looked at the list, microseconds UTC; None: never."""
        ...

    async def begin_checking(self, account: str) -> bool:
        """Remember that its holder came; whether that is the first time."""
        ...

    async def look(self, account: str, now: int) -> None:
        """They have looked."""
        ...
