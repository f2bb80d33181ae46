"""What the doors of channels keep: who wrote where before, chats with their lines, checks on the phone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from countermand.vocabulary.cases import Message


class Chat(NamedTuple):
    """A chat of an account; `id` is a digest of what its holder shows to come back. Instants in microseconds.

    `public`: on a device that others use too; nobody comes back to it. `last` is the number of its last line.
    """

    id: str
    account: str
    session: str
    public: bool
    opened_at: int
    last: int = 0


class Line(NamedTuple):
    """A line of a chat: what was said by its holder (`client_id` is their own name for it), or to them."""

    seq: int
    client_id: str | None
    message: Message


class Check(NamedTuple):
    """How often a check failed lately for one key, and until when it is locked; microseconds UTC."""

    key: bytes
    wrong: int
    since: int
    locked_until: int | None


class ChatHolder(NamedTuple):
    """Whom the institution vouches for: account, session there, and whether others use the device too."""

    account: str
    session: str
    public: bool


class ChatTokens(Protocol):
    """Who checks what the institution signed."""

    def holder(self, token: str, now: int) -> ChatHolder | None:
        """Whom a token vouches for at an instant in microseconds; None where it is not good."""
        ...


class ChannelBook(Protocol):
    """All of it, within one transaction."""

    async def number_of_sender(self, channel: str, sender: bytes, since: int) -> str | None:
        """The number of the open case that a sender wrote to last in a channel."""
        ...

    async def open_chat(self, chat: Chat) -> None:
        """Write a new chat."""
        ...

    async def lock_chat(self, chat: str) -> Chat | None:
        """A chat, locked until the transaction ends."""
        ...

    async def add_line(self, chat: str, seq: int, message: str, client_id: str | None) -> None:
        """Write the next line of a locked chat; nothing where it has the message already."""
        ...

    async def chats_of(self, case: str, since: int) -> Sequence[str]:
        """The chats opened since an instant in which something of a case was said."""
        ...

    async def lines(self, chat: str, after: int, count_max: int) -> list[Line]:
        """The lines behind a number, in order."""
        ...

    async def line_of(self, chat: str, client_id: str) -> Line | None:
        """The line that its holder named so."""
        ...

    async def register(self, account: str, digests: Collection[bytes]) -> None:
        """Write the keyed digests by which an account's last four digits are checked, instead of others."""
        ...

    async def registered(self, accounts: Collection[str]) -> list[tuple[str, tuple[bytes, ...]]]:
        """Those of these accounts."""
        ...

    async def checks(self, keys: Collection[bytes]) -> list[Check]:
        """How checks went for these keys, locked until the transaction ends."""
        ...

    async def put_checks(self, checks: Sequence[Check]) -> None:
        """Write how they went."""
        ...
