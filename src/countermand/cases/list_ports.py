"""What finding cases asks of the store: lists in order, counts, words, hidden values, measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from countermand.vocabulary.queues import HeardPlace, ListedCase, QueueFilter, QueuePlace, SavedQueue


class Hit(NamedTuple):
    """A message that was found, masked, and the number and state of its case; `at` is microseconds UTC."""

    message: str
    case: str
    number: str
    at: int
    direction: str
    channel: str
    masked: str
    stage: str
    risk: str
    category: str
    owner: str | None


class ExportedCase(NamedTuple):
    """All of a case that leaves, as JSON values: state, events, masked messages, legal clocks that ended.

    `heard_at` (microseconds UTC) and `id` are its place in an export.
    """

    heard_at: int
    id: str
    state: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    legal_clocks: Sequence[Mapping[str, Any]]


class CaseLists(Protocol):
    """Finding cases, within one transaction."""

    async def page(
        self, wanted: QueueFilter, me: str, now: int, after: QueuePlace | HeardPlace | None, count_max: int
    ) -> list[ListedCase]:
        """The first cases behind a place that a filter lets through, in the filter's order.

        `after` is of the kind that the order goes by.
        """
        ...

    async def counts(self, wanted: Sequence[QueueFilter], me: str, now: int) -> list[int]:
        """How many cases each filter lets through, in one statement."""
        ...

    async def saved(self, staff: str) -> list[SavedQueue]:
        """The queues of somebody, and everybody's, by name; their own first."""
        ...

    async def save(self, queue: SavedQueue, now: int, by: str) -> None:
        """Keep a queue; one of that name and person is replaced."""
        ...

    async def drop(self, name: str, staff: str) -> bool:
        """Forget a queue; False where there was none."""
        ...

    async def listed(self, numbers: Sequence[str], tag: str | None, count_max: int) -> list[ListedCase]:
        """Cases by number or tag, open or not."""
        ...

    async def hits(
        self,
        tsquery: str,
        digests: Sequence[bytes],
        without: Sequence[str],
        before: tuple[int, str] | None,
        count_max: int,
    ) -> list[Hit]:
        """Messages that match, newest first, behind one (its instant and id).

        Those of cases about one of the accounts or persons of `without` are left out. Of cases in which all
        values of these digests were said; without words (`tsquery` is empty), the messages in which the first
        of them was.
        """
        ...

    async def exported(
        self, since: int, until: int, after: tuple[int, str] | None, count_max: int
    ) -> list[ExportedCase]:
        """Cases first heard in a span (microseconds UTC, the end excluded), in that order, behind one."""
        ...

    async def platform(self, since: int, until: int, timezone: str, breaches_max: int) -> dict[str, Any]:
        """What `flows.platform_measures` shows beside: times in seconds, instants in microseconds UTC."""
        ...

    async def measures(self, since: int, until: int) -> dict[str, Any]:
        """What `flows.desk_measures` shows of a span; times in seconds, None where there is nothing."""
        ...
