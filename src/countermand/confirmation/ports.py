"""What the chapter asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from countermand.confirmation.approvals import Waiting
from countermand.vocabulary.approvals import Approval, Approver, Delegation
from countermand.vocabulary.confirmations import ConsentReceipt, Proof
from countermand.vocabulary.consent import DataConsent
from countermand.vocabulary.holds import Hold, HoldState


class HoldBook(Protocol):
    """The holds; a lock lasts until the transaction ends, so two movers of one hold follow each other."""

    async def lock(self, operations: Collection[str]) -> list[Hold]:
        """The holds of these operations, locked, in order of id; those there are."""
        ...

    async def lock_free(self, operations: Collection[str]) -> list[Hold]:
        """Like `lock`, without those that somebody else has locked: it waits for nobody."""
        ...

    async def accounts(self, operations: Collection[str]) -> Mapping[str, str]:
        """The account of each of these operations that has a hold; nothing is locked."""
        ...

    async def of_account(self, account: str, *states: HoldState) -> list[Hold]:
        """The holds of an account in these states, locked, in order of id."""
        ...

    async def decisions(self, operations: Collection[str]) -> Mapping[str, str]:
        """The decision of each of these operations that has a hold."""
        ...

    async def put(self, holds: Sequence[Hold]) -> None:
        """Write what became of locked holds."""
        ...


class ApprovalBook(Protocol):
    """Who may approve, and what they said."""

    async def said(self, operations: Collection[str]) -> list[Approval]:
        """What was said about these operations, in order."""
        ...

    async def add(self, approval: Approval) -> None:
        """Write one word; the operation's hold must be locked."""
        ...

    async def waiting(self, after: tuple[int, str] | None, now: int, count_max: int) -> list[Waiting]:
        """Open holds that lack an approval and have not run out, the oldest first.

        `after` is where and which the one before was: since when it is held (microseconds UTC), operation.
        """
        ...

    async def approvers(self) -> list[Approver]:
        """Everybody who may approve."""
        ...

    async def delegations(self, now: int) -> list[Delegation]:
        """Who acts for whom now."""
        ...

    async def name(self, approver: Approver, now: int, by: str) -> None:
        """Give a person their roles, in place of those before."""
        ...

    async def remove(self, name: str) -> bool:
        """Take a person's roles away; whether they had any."""
        ...

    async def delegate(self, delegation_id: str, delegation: Delegation, now: int) -> None:
        """Let one person act for another."""
        ...

    async def end_delegations(self, principal: str, delegate: str, now: int) -> int:
        """End what one delegated to another; how many that were."""
        ...


class DataConsentBook(Protocol):
    """Consent to the use of data."""

    async def give(self, consent: DataConsent) -> bool:
        """Keep a consent; False where the same is in force already."""
        ...

    async def withdraw(
        self, subject: str, purpose: str, recipient: str | None, now: int, by: str
    ) -> Sequence[DataConsent]:
        """Withdraw what is in force; what that was."""
        ...

    async def of(self, subject: str) -> list[DataConsent]:
        """Everything a subject agreed to, newest first."""
        ...


class ConsentShelf(Protocol):
    """The receipts of consent; each is written once and never changed."""

    async def receipts_for(self, operations: Collection[str]) -> Mapping[str, ConsentReceipt]:
        """The receipts of those operations that have one."""
        ...

    async def keep(self, receipt: ConsentReceipt) -> ConsentReceipt:
        """Keep a receipt; the one that is kept: this one, or an earlier one of the same operation."""
        ...


class ProofShelf(Protocol):
    """Challenges that were passed."""

    async def proofs_for(self, operation: str) -> Sequence[Proof]:
        """All that were passed for an operation, in order of time."""
        ...

    async def keep(self, proof: Proof) -> None:
        """Keep a proof; one that is kept already (by its id) stays as it is."""
        ...
