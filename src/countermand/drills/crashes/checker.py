"""What must be true after the crashes: nothing lost, nothing doubled, nothing moved that was taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from countermand.drills.crashes.customers import Seen
from countermand.vocabulary.banking import BankEntry


class HoldRow(NamedTuple):
    """A hold as the database has it at the end; `coming`: a timer or an instruction will end it."""

    operation: str
    account: str
    amount_minor: int
    state: str
    cause: str
    coming: bool = False


def violations_of(seen: Seen, holds: dict[str, HoldRow], entries: list[BankEntry]) -> Iterator[str]:
    """Every promise that was broken, one line each."""
    executed = Counter(entry.operation for entry in entries)
    for operation in sorted(seen.held - holds.keys()):
        yield f"{operation}: answered as held, and there is no hold: lost"
    for operation, count in executed.items():
        if count > 1:
            yield f"{operation}: executed {count} times: doubled"
        if operation not in holds:
            yield f"{operation}: executed, and unknown here"
    for hold in holds.values():
        there = executed[hold.operation]
        if hold.state in ("open", "released"):
            yield f"{hold.operation}: is {hold.state} still: {'late' if hold.coming else 'lost'}"
        if hold.state == "executed" and not there:
            yield f"{hold.operation}: executed here and not there: lost"
        if hold.state != "executed" and there:
            yield f"{hold.operation}: {hold.state} here ({hold.cause}), and the bank executed it"
    for operation in sorted(seen.revoked):
        if executed[operation]:
            yield f"{operation}: executed after its revocation was acknowledged"
    for entry in entries:
        found = holds.get(entry.operation)
        if found is not None and (found.account, found.amount_minor) != (entry.account, entry.amount_minor):
            yield f"{entry.operation}: executed with another account or amount"
