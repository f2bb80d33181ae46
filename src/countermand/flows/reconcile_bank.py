"""Every disagreement with core banking: executed here and not there, there and not here, or otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from countermand.extensions import CoreBanking
from countermand.vocabulary.banking import BankEntry, Booked
from countermand.vocabulary.holds import Hold

PAGE_ENTRIES_MAX = 1000
_COMPARED = ("account", "amount_minor", "currency", "counterparty")


class ExecutionShelf(Protocol):
    """What was executed, as we have it; all raise Unavailable."""

    async def standings(self, operations: Collection[str]) -> Mapping[str, Booked]:
        """What stands here about those operations that were decided."""
        ...

    async def executed(self, after: str, count_max: int) -> Sequence[Hold]:
        """Holds that were executed, behind an operation, in order of id."""
        ...


class Disagreement(NamedTuple):
    """`kind`: executed_here_not_there, there_not_here, unknown_here, executed_twice, or other_<field>."""

    operation: str
    kind: str
    here: Any
    there: Any


async def reconcile_bank(shelf: ExecutionShelf, bank: CoreBanking) -> dict[str, Any]:
    """Compare both ledgers whole, the bank's first. Raises Unavailable, Conflict (`bank_protests`)."""
    there: dict[str, int] = {}
    found: list[Disagreement] = []
    async for page in _entries(bank):
        standings = await shelf.standings([entry.operation for entry in page])
        for entry in page:
            if entry.operation in there:
                found.append(Disagreement(entry.operation, "executed_twice", 1, entry.number))
            there[entry.operation] = entry.number
            found.extend(_compared(entry, standings.get(entry.operation)))
    here, missing = 0, []
    async for holds in _executed(shelf):
        here += len(holds)
        missing += [hold.operation for hold in holds if hold.operation not in there]
    since: set[str] = set()  # the bank went on while its ledger was read
    async for page in _entries(bank, max(there.values(), default=0)):
        since.update(entry.operation for entry in page)
    found += [
        Disagreement(operation, "executed_here_not_there", "executed", None)
        for operation in missing
        if operation not in since
    ]
    return {
        "executed_here": here,
        "entries_there": len(there),
        "disagreements": [one._asdict() for one in found],
    }


def _compared(entry: BankEntry, standing: Booked | None) -> list[Disagreement]:
    if standing is None:
        return [Disagreement(entry.operation, "unknown_here", None, entry.number)]
    allowed = standing.state is None and standing.outcome == "allow"
    if standing.state != "executed" and not allowed and not standing.pending:
        state = standing.state or standing.outcome
        return [Disagreement(entry.operation, "there_not_here", state, entry.number)]
    return [
        Disagreement(entry.operation, f"other_{name}", getattr(standing, name), getattr(entry, name))
        for name in _COMPARED
        if getattr(standing, name) != getattr(entry, name)
    ]


async def _entries(bank: CoreBanking, after: int = 0) -> AsyncIterator[Sequence[BankEntry]]:
    while page := await bank.entries(after, PAGE_ENTRIES_MAX):
        yield page
        after = page[-1].number


async def _executed(shelf: ExecutionShelf) -> AsyncIterator[Sequence[Hold]]:
    after = ""
    while page := await shelf.executed(after, PAGE_ENTRIES_MAX):
        yield page
        after = page[-1].operation
