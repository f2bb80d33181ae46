"""What the HTTP door needs of the house, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.messages import ListEntryRequest, LivePolicy, PolicySummary, RecordedOperation
from countermand.vocabulary.operations import Operation


class KnownKey(Protocol):
    """A key that was checked: its public name stands in the journal as the actor."""

    @property
    def name(self) -> str: ...


class Keys(Protocol):
    """The API keys, known from memory."""

    def check(self, presented: str, scope: str) -> KnownKey:
        """The key, if it is good for the scope.

        Raises Unauthenticated (unknown or revoked) and Forbidden (another scope).
        """
        ...


class Decider(Protocol):
    """The decision path: an answer is durable before it is returned."""

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        """The JSON answer; the same operation again: the same bytes.

        Raises Conflict (`id_reused`), BadRequest (a time that cannot be) and Unavailable (retry is safe).
        """
        ...

    async def decide_many(
        self, operations: list[Operation], trace: str | None
    ) -> Sequence[bytes | CountermandError]:
        """One answer or refusal per operation, in order."""
        ...


class House(Protocol):
    """The part of the house that the hot lane uses."""

    @property
    def decider(self) -> Decider: ...

    @property
    def keys(self) -> Keys: ...


class Stories(Protocol):
    """What the ordinary routes set going; each is one transaction and its journal facts."""

    async def freeze(self, account: str, reason: str, actor: str, trace: str) -> dict[str, Any]:
        """Freeze an account; it binds when this returns. Again: the same order."""
        ...

    async def lift(self, account: str, actor: str, trace: str) -> dict[str, Any]:
        """Lift the freeze; without one, nothing changes."""
        ...

    async def put_profile(self, account: str, body: bytes, actor: str, trace: str) -> dict[str, Any]:
        """Replace the profile of an account. Raises BadRequest (`malformed_json`, `invalid_profile`)."""
        ...

    async def profile(self, account: str) -> dict[str, Any]:
        """The profile and the standing of an account. Raises NotFound (`unknown_account`)."""
        ...

    async def add_entry(
        self, list_name: str, entry: ListEntryRequest, actor: str, trace: str
    ) -> dict[str, Any]:
        """Put a value on a list. Raises NotFound (`unknown_list`)."""
        ...

    async def remove_entry(self, list_name: str, value: str, reason: str, actor: str, trace: str) -> dict[str, Any]:
        """Take a value off a list. Raises NotFound (`unknown_list`, `unknown_entry`)."""
        ...

    async def entries(self, list_name: str) -> list[dict[str, Any]]:
        """The entries of a list. Raises NotFound (`unknown_list`)."""
        ...

    async def find(self, operation: str) -> RecordedOperation | None:
        """An operation that was decided."""
        ...

    def live_policy(self) -> LivePolicy:
        """The policy that decides now."""
        ...

    async def policies(self) -> list[PolicySummary]:
        """All policies this server has recorded."""
        ...

    async def readiness(self) -> dict[str, bool]:
        """What must hold before this server decides, each by name."""
        ...
