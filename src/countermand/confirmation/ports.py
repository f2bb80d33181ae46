"""What the chapter asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from countermand.vocabulary.holds import Hold, HoldState


class HoldBook(Protocol):
    """The holds; a lock lasts until the transaction ends, so two movers of one hold follow each other."""

    async def lock(self, operations: Collection[str]) -> list[Hold]:
        """The holds of these operations, locked, in order of id; those there are."""
        ...

    async def of_account(self, account: str, state: HoldState) -> list[Hold]:
        """The holds of an account in a state, locked, in order of id."""
        ...

    async def put(self, holds: Sequence[Hold]) -> None:
        """Write what became of locked holds."""
        ...
