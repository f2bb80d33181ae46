"""What telling others of cases asks: of the store of webhooks, and of whoever posts."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from countermand.vocabulary.effects import Effect
from countermand.vocabulary.webhooks import Webhook


class Attempt(NamedTuple):
    """How often a webhook has failed in a row, and whether it was disabled by that just now."""

    failures: int
    disabled: bool


class Placed(NamedTuple):
    """A delivery, and its place among all."""

    place: int
    effect: Effect


class WebhookBook(Protocol):
    """Webhooks, within one transaction; deliveries are placed by the store of cases, with the events."""

    async def put(self, webhook: Webhook) -> None:
        """Set one; it is told from now on, whatever failed before."""
        ...

    async def find(self, name: str, *, lock: bool = False) -> Webhook | None:
        """One by its name."""
        ...

    async def all(self) -> list[Webhook]:
        """Every one, by name."""
        ...

    async def drop(self, name: str) -> bool:
        """Take one away; False where there was none."""
        ...

    async def answered(self, name: str) -> None:
        """It took something."""
        ...

    async def failed(self, name: str, now: int, failures_max: int, since_max: int) -> Attempt | None:
        """It did not; with so many failures in a row, the first before `since_max`, it is disabled.

        None where it is gone or was disabled before.
        """
        ...

    async def deliveries(self, name: str, before: int | None, count_max: int) -> list[Placed]:
        """Its deliveries, newest first, before a place."""
        ...


class Posting(NamedTuple):
    """What a receiver said: its HTTP status; None: nothing was heard from it, and `why`."""

    status: int | None
    why: str = ""


class Poster(Protocol):
    """Who posts."""

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posting:
        """One attempt, bounded in time; redirects are not followed. Never raises but to be cancelled."""
        ...
