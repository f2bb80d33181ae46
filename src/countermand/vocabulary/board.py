"""What stands on the operations board: facts with what they are about, counts, money stopped, open holds."""

from __future__ import annotations

from typing import NamedTuple


class BoardLine(NamedTuple):
    """One fact with what it is about; all but the first three are None where they do not apply.

    `seq` is its number in the journal, `at` microseconds UTC, `body` and `answer` the JSON of the operation
    and of its decision. A hold's `until` is when it may be released, `expires_at` when it lapses.
    """

    seq: int
    at: int
    kind: str
    decision: str | None = None
    body: bytes | None = None
    answer: bytes | None = None
    until: int | None = None
    expires_at: int | None = None
    hold_kind: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    cause: str | None = None
    case: str | None = None
    risk: str | None = None
    category: str | None = None
    source: str | None = None
    tier: int | None = None
    orders: int | None = None


class BoardCount(NamedTuple):
    """How often something happened in a minute (whole minutes since 1970): `word` is an outcome or a fact."""

    minute: int
    word: str
    times: int


class StoppedMoney(NamedTuple):
    """What did not leave in a minute, of one currency, in minor units."""

    minute: int
    currency: str
    minor: int


class OpenHold(NamedTuple):
    """A hold that waits; instants in microseconds UTC."""

    operation: str
    decision: str
    kind: str
    amount_minor: int | None
    currency: str | None
    needs: tuple[str, ...]
    until: int
    expires_at: int
