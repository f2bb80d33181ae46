"""What telling people asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from countermand.vocabulary.contact_changes import ContactChange
from countermand.vocabulary.notices import (
    DecidedOperation,
    Notice,
    NoticeChannel,
    QuietHours,
    Sending,
)


class StoredPoint(NamedTuple):
    """An address as it is kept: sealed, and `key`, a keyed digest, to be found by."""

    channel: NoticeChannel
    key: bytes
    sealed: bytes
    verified_at: int | None
    former_until: int | None


class StoredContacts(NamedTuple):
    """An account's contacts as they are kept; `points` in order of preference."""

    account: str
    language: str
    timezone: str
    quiet: QuietHours | None
    points: Sequence[StoredPoint]


class ContactBook(Protocol):
    """Where people can be reached."""

    async def of(self, account: str) -> StoredContacts | None:
        """The contacts of an account."""
        ...

    async def lock(self, account: str) -> StoredContacts | None:
        """The same, for us alone until the transaction ends."""
        ...

    async def put(self, contacts: StoredContacts, now: int) -> None:
        """Keep these in place of those before."""
        ...

    async def remove(self, account: str) -> bool:
        """Forget an account's contacts; whether there were any."""
        ...

    async def forget_former(self, accounts: Sequence[str], now: int) -> None:
        """Forget addresses that were replaced long enough ago."""
        ...

    async def accounts_at(self, channel: NoticeChannel, key: bytes) -> list[str]:
        """The accounts that are reached at an address now, verified."""
        ...


class ContactChanges(Protocol):
    """What holders ask to change about where they are reached; for whoever has the account's gate."""

    async def open_of(self, account: str) -> list[ContactChange]:
        """Those of an account that may still come to something, oldest first."""
        ...

    async def find(self, changes: Sequence[str]) -> list[ContactChange]:
        """Those of these that may still come to something."""
        ...

    async def put(self, change: ContactChange) -> None:
        """Write one, new or as it is now."""
        ...

    async def forget(self, account: str) -> None:
        """Forget those of an account, whatever became of them."""
        ...


class NoticeBook(Protocol):
    """What was told, and how."""

    async def add(self, notice: Notice) -> bool:
        """Keep a notice; False where it is there already."""
        ...

    async def find(self, notice: str) -> Notice | None:
        """A notice by its id."""
        ...

    async def plan(self, sendings: Sequence[Sending]) -> None:
        """Keep new sendings; one that is there stays as it is."""
        ...

    async def sendings(self, notice: str) -> list[Sending]:
        """The sendings of a notice, in order of planning."""
        ...

    async def lock(self, sending: str) -> Sending | None:
        """One sending by its id, for us alone until the transaction ends."""
        ...

    async def id_of(self, seq: int) -> str | None:
        """The id of the sending with this number."""
        ...

    async def put(self, sending: Sending) -> None:
        """Write what became of a locked sending."""
        ...

    async def decided(self, count_max: int) -> list[DecidedOperation]:
        """Decisions behind the position, in order and none left out; empty while somebody else is at it.

        The position is ours until the transaction ends.
        """
        ...

    async def pass_by(self, seq: int) -> None:
        """Move the position."""
        ...


class NoticeBooks(Protocol):
    """All of them, as a unit of work has them."""

    @property
    def contacts(self) -> ContactBook: ...

    @property
    def contact_changes(self) -> ContactChanges: ...

    @property
    def notices(self) -> NoticeBook: ...
