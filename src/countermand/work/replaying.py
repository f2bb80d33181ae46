"""What a replay reads: rows in the form in which facts tell of them, and the facts, all of one instant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from countermand.cases.ports import Inbound
from countermand.transparency.replaying import Difference, Line, Thing
from countermand.work.tellings import Telling, Told


class StoredRows(NamedTuple):
    """Rows as facts would tell of them; what cannot even be read is a difference."""

    tellings: list[Telling]
    unreadable: list[Difference]


class StoredEvent(NamedTuple):
    """An event of a case as it is stored; its kind may be none."""

    seq: int
    kind: str
    at: int
    actor: str
    body: Any
    trace: str | None


class StoredCase(NamedTuple):
    """A case: its columns (instants in microseconds UTC), its state, and everything kept of it.

    `exhibits` are those that are kept: name, SHA-256 of the sealed object, its size in bytes.
    """

    id: str
    number: str
    columns: Mapping[str, Any]
    state: Any
    events: list[StoredEvent]
    rows: StoredRows
    reports: list[Inbound]
    exhibits: list[tuple[str, bytes, int]]


class StoredDecision(NamedTuple):
    """The fact of a decision and its operation, None where there is none.

    `stored` are what both know, by name; `request` and `answer` are the bytes that the fact binds.
    """

    line: Line
    operation: str
    stored: Mapping[str, Any] | None
    request: bytes = b""
    answer: bytes = b""


class TellsOf(NamedTuple):
    """A fact that tells of a row."""

    fact: int
    table: str
    row: str


class ReplaySource(Protocol):
    """The record in one snapshot. All raise Unavailable."""

    async def told(self) -> Told:
        """The key that binds what facts do not show, and since when they tell of rows."""
        ...

    async def case(self, number: str) -> list[StoredCase]:
        """The case of a number; empty where there is none."""
        ...

    def cases(self, count: int) -> AsyncIterator[list[StoredCase]]:
        """All cases, `count` at a time."""
        ...

    async def lines(self, abouts: Collection[str]) -> Mapping[str, list[Line]]:
        """The facts about each of these, in order, decisions aside."""
        ...

    async def lines_of_account(self, account: str) -> list[Line]:
        """The facts about whom an account's handle stands for, in order."""
        ...

    def rows(self, thing: Thing, account: str | None, count: int) -> AsyncIterator[StoredRows]:
        """The rows of a thing, of one account or of all; of incidents, with what was given back of them."""
        ...

    async def told_of_no_row(self, count: int, facts: Collection[int] | None) -> list[TellsOf]:
        """Up to `count` facts, of these or (None) of all, that tell of a row that is not there."""
        ...

    def decisions(self, count: int) -> AsyncIterator[list[StoredDecision]]:
        """Facts of decisions with the operations they are about, `count` at a time."""
        ...

    async def operations(self) -> int:
        """How many operations are stored."""
        ...

    async def undecided(self) -> str | None:
        """An operation that no fact tells of; asked only where there must be one."""
        ...
