"""What the fake house knows about holds: that there are none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.confirmation.permits import PermitKey
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.parties import Freeze
from surfaces.http.fake_notices import FakeContacts, FakeNotices


class FakeHolds:
    """A shelf without holds; also the book of a unit, the receipts and the proofs: nobody has any."""

    async def find(self, operation: str) -> None:
        return None

    async def page(self, account: str | None, state: str | None, after: str, count_max: int) -> list[Hold]:
        return []

    async def reserved(self, account: str, kinds: Any) -> dict[str, int]:
        return {}

    async def receipt(self, operation: str) -> bool:
        return False

    async def accounts(self, operations: Any) -> dict[str, str]:
        return {}

    async def lock(self, operations: Any) -> list[Hold]:
        return []

    async def receipts_for(self, operations: Any) -> dict[str, Any]:
        return {}


class FakeBook:
    """Timers and effects of a house in which nothing happens later."""

    async def set(self, timers: Any) -> None:
        return None

    async def put(self, effects: Any) -> None:
        return None


class FakeUnit:
    """A unit in which nothing is found."""

    def __init__(self) -> None:
        self.holds = self.consents = self.proofs = FakeHolds()
        self.contacts, self.notices = FakeContacts(), FakeNotices()
        self.timers = self.effects = FakeBook()

    async def share(self, accounts: Any) -> None:
        """Nobody freezes meanwhile."""

    async def freezes(self, accounts: Any) -> dict[str, Freeze]:
        return {}

    async def handles(self, accounts: Any) -> dict[str, str]:
        return {}

    async def note(self, facts: Any) -> None:
        """Nobody reads them."""


class FakeWorks:
    @asynccontextmanager
    async def open(self) -> AsyncIterator[FakeUnit]:
        yield FakeUnit()


# What the worker is asked for by the measures.
WORKER = SimpleNamespace(
    timers=SimpleNamespace(done=0, stuck=0, late_seconds=0.0),
    deliverer=SimpleNamespace(delivered=0, failed=0, late=0),
    guard=SimpleNamespace(reason=None),
)
PERMIT_KEY = PermitKey("k-1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
