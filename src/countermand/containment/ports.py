"""What the chapter asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from countermand.vocabulary.incidents import (
    Alarming,
    EvidenceRequest,
    Incident,
    LiftingRecord,
    Revocation,
    Seen,
    Task,
)
from countermand.vocabulary.orders import Order, Subject
from countermand.vocabulary.own_limits import LimitRaise, MandateSeen, MandateTerms


class IncidentFound(NamedTuple):
    """An incident to be shown; orders and effects are rows with instants in microseconds UTC."""

    incident: Incident
    orders: list[Any]
    effects: list[Any]
    liftings: list[LiftingRecord]


class StandingBook(Protocol):
    """The standing orders; whoever changes them has taken the gates of their subjects."""

    async def on(self, subjects: Collection[Subject]) -> list[Order]:
        """The orders on these subjects that were not lifted, plain freezes too, the oldest first."""
        ...

    async def place(self, orders: Sequence[Order], reason: str) -> None:
        """Write new orders and move the guards of their subjects."""
        ...

    async def lift(self, orders: Collection[str], at: int, actor: str) -> list[Order]:
        """Lift those of these orders that were not lifted, and move the guards; the lifted ones."""
        ...

    async def find(self, orders: Collection[str]) -> list[Order]:
        """Those of these orders that were not lifted."""
        ...

    async def of_incidents(self, incidents: Collection[str]) -> list[Order]:
        """The orders of these incidents that were not lifted."""
        ...


class IncidentBook(Protocol):
    """The incidents."""

    async def put(self, incident: Incident) -> None:
        """Write an incident, new or changed."""
        ...

    async def by_key(self, actor: str, key: str) -> Incident | None:
        """The incident of an idempotency key."""
        ...

    async def linked(self, incident: str) -> list[Incident]:
        """An incident (first) and all that are linked with it, however far; empty where there is none."""
        ...

    async def lock(self, incidents: Sequence[str]) -> list[Incident]:
        """These incidents, in this order, locked until the transaction ends."""
        ...

    async def put_liftings(self, liftings: Sequence[LiftingRecord]) -> None:
        """Write what was lifted."""
        ...

    async def liftings(self, incident: str) -> list[LiftingRecord]:
        """What was lifted of an incident, in order."""
        ...

    async def police_stops(self, account: str, reference: str) -> int:
        """How many stops the police have had for an account under a case number."""
        ...


class IncidentRecord(Protocol):
    """What is written with an incident, and what the record knew of its time."""

    async def seen(self, account: str, since: int, until: int) -> Seen:
        """What happened on an account in a window."""
        ...

    async def request_evidence(self, request: EvidenceRequest) -> None:
        """Ask for a snapshot."""
        ...

    async def revoke_sessions(self, revocations: Sequence[Revocation]) -> None:
        """Write the ends of sessions."""
        ...

    async def put_tasks(self, tasks: Sequence[Task]) -> None:
        """Write tasks; one that is there already (its kind and what it is about) is left as it is."""
        ...

    async def end_task(self, task: str, at: int, actor: str) -> Task | None:
        """A task is done; one that was done stays as it is. None where there is none."""
        ...

    async def alarming(self, count_max: int) -> tuple[int, list[Alarming]]:
        """The next operations to look at: how many, and those of them that were not simply allowed.

        They are given once: nobody else gets any until the transaction ends.
        """
        ...

    async def open_holds(self, person: str | None, count_max: int) -> list[str]:
        """The operations on hold of a person, or (None) of everybody, the oldest first."""
        ...

    async def unbind(self, account: str, devices: Collection[str]) -> list[str]:
        """Take devices off the profile of an account; those that were on it, in order of their names."""
        ...

    async def bind(self, account: str, devices: Collection[str]) -> list[str]:
        """Put devices back on the profile of an account, where it names any; those that are on it now.

        The account's guard moves with it.
        """
        ...


class OwnLimitBook(Protocol):
    """Raises of holders' own limits; whoever changes them has taken the account's gate."""

    async def waiting(self, account: str) -> LimitRaise | None:
        """The raise of an account that waits; there is one at most."""
        ...

    async def find(self, raises: Collection[str]) -> list[LimitRaise]:
        """Those of these raises that wait, in the order of their asking."""
        ...

    async def put(self, one: LimitRaise) -> None:
        """Write a raise, new or changed."""
        ...

    async def trust_changed_at(self, account: str, since: int) -> int | None:
        """When a device, a credential or a contact of an account last changed since an instant, by our clock.

        Operations that were denied changed nothing.
        """
        ...

    async def contained_since(self, account: str, since: int) -> bool:
        """Whether somebody else has placed an order on the account since, also one that was lifted again."""
        ...


class MandateBook(Protocol):
    """The automatic debits of accounts."""

    async def tell(self, terms: MandateTerms) -> bool:
        """Write what the institution tells of one; False where it told the same before."""
        ...

    async def told(self, account: str) -> list[MandateTerms]:
        """What the institution told, in order of their names."""
        ...

    async def seen(self, account: str) -> list[MandateSeen]:
        """What the record knows, in order of their names."""
        ...

    async def named(self, operations: Collection[str]) -> Mapping[str, str]:
        """The mandates that these operations name."""
        ...


class HolderBook(OwnLimitBook, MandateBook, Protocol):
    """What holders keep themselves, and what the institution tells of it."""
