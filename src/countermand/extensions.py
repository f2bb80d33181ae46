"""Every extension point: what an institution can plug in, as Protocols of at most four methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from countermand.kernel.errors import Conflict, Unavailable
from countermand.vocabulary.banking import BankAnswer, BankEntry, Instruction
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage


class CoreBanking(Protocol):
    """The system that moves the money. It executes an operation once at most, whatever it is told.

    The contract suite of this port is `tests/adapters/banking`; over HTTP it is docs/reference/core-banking.
    """

    async def tell(self, instruction: Instruction) -> BankAnswer:
        """Do what the instruction says, or refuse it for good; again with the same key: the same answer.

        Durable before it answers. Raises Unavailable (`bank_away`: nothing can be known),
        Conflict (`bank_protests`: it does not accept the request itself).
        """
        ...

    async def status(self, key: str) -> BankAnswer | None:
        """What became of an instruction; None where none with this key arrived. Raises Unavailable."""
        ...

    async def entries(self, after: int, count_max: int) -> Sequence[BankEntry]:
        """What was executed behind number `after`, in order. Raises Unavailable."""
        ...


def bank_away(what: str) -> Unavailable:
    """The refusal while core banking cannot be reached; it may have done what it was told all the same."""
    return Unavailable(
        "bank_away",
        f"Core banking does not answer: {what}.",
        f"核心系统未应答：{what}。",
    )


def bank_protests(what: str) -> Conflict:
    """The refusal of a request that core banking does not accept: a signature, a body, a key used twice."""
    return Conflict(
        "bank_protests",
        f"Core banking does not accept our request: {what}.",
        f"核心系统不接受本系统的请求：{what}。",
    )


class Notifier(Protocol):
    """Takes notices to customers through one channel.

    The contract suite of this port is `tests/adapters/notifiers`.
    """

    @property
    def repeats_safely(self) -> bool:
        """Whether the same message twice reaches somebody once: the peer knows it by its id."""
        ...

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        """Hand it over. Raises Unavailable (`sender_away`) only where it has surely not left."""
        ...
