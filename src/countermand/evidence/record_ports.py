"""What papers about a case ask of the record, within one transaction; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from countermand.evidence.case_record import FactLine, Heard, OperationRecord, Stop
from countermand.vocabulary.notices import Notice, Sending


class RecordBook(Protocol):
    """The record of a case, read back."""

    async def operations(self, named: Collection[str]) -> list[OperationRecord]:
        """Operations by their ids with all that is kept of them, by when they happened."""
        ...

    async def operations_kept(self, incidents: Collection[str]) -> list[str]:
        """The operations that these incidents asked to be kept as evidence, in no order."""
        ...

    async def operations_since(self, account: str, since: int, count_max: int) -> list[str]:
        """An account's operations that came or ended their wait since (microseconds UTC), oldest first."""
        ...

    async def stops(self, incidents: Collection[str]) -> list[Stop]:
        """These incidents with their orders and effects, by when they were placed."""
        ...

    async def heard(self, cases: Collection[str]) -> list[Heard]:
        """What came in for these cases, by time."""
        ...

    async def notices(
        self, account: str, since: int, until: int, count_max: int
    ) -> list[tuple[Notice, tuple[Sending, ...]]]:
        """What an account's holder was told in a time, by time, with each way it went."""
        ...

    async def facts(
        self,
        instants: Collection[int],
        cases: Collection[str],
        subjects: Collection[str],
        operations: Collection[str],
        count_max: int,
    ) -> list[FactLine]:
        """The journal's lines at exactly these instants about these cases, subjects or operations."""
        ...


class MapBook(Protocol):
    """Responsibility maps as they were attached to decisions of cases."""

    async def attach(self, case: str, seq: int, content: bytes, at: int) -> None:
        """Keep the map that goes with event `seq` of a case."""
        ...

    async def attached(self, case: str) -> Sequence[tuple[int, bytes]]:
        """The maps of a case by the events that they go with."""
        ...


class PaperRecord(RecordBook, MapBook, Protocol):
    """Both."""
