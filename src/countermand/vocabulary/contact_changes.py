"""What holders change about where they are reached: an address that is being added, one that is to go."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from countermand.vocabulary.notices import NoticeChannel

# The timer that takes an address away; its ref is the change.
CONTACT_REMOVAL_TIMER = "contact_removal"


class ContactAction(StrEnum):
    """What is asked for."""

    ADD = "add"
    REMOVE = "remove"


class ChangeState(StrEnum):
    """An address to add is pending, one to go is waiting → done or cancelled."""

    PENDING = "pending"
    WAITING = "waiting"
    DONE = "done"
    CANCELLED = "cancelled"


class ContactChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One address that its holder adds, or takes away.

    `key` is the keyed digest of the address. Pending: `sealed` is the address, and `code` the nonce, the MAC
    of the code that was sent there, the tries, and the language; both are gone at the end. `due_at`: until
    when the code serves, or from when the address is gone. `why` it was cancelled: `asked`, `replaced`,
    `expired`, `contained`, `last`. Instants are microseconds UTC.
    """

    id: str
    account: str
    action: ContactAction
    channel: NoticeChannel
    key: bytes
    sealed: bytes | None = None
    code: dict[str, Any] | None = None
    asked_at: int
    asked_by: str
    due_at: int
    state: ChangeState
    ended_at: int | None = None
    ended_by: str | None = None
    why: str | None = None

    @property
    def open(self) -> bool:
        """Whether it may still come to something."""
        return self.state in (ChangeState.PENDING, ChangeState.WAITING)
