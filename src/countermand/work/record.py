"""The record of operations and labels: its rows, and the store where decisions become durable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from countermand.kernel.errors import BadRequest, Unavailable
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.parties import Account


class Recorded(NamedTuple):
    """What an earlier request with the same id left behind."""

    body_digest: bytes
    answer: bytes


class DecidedRow(NamedTuple):
    """One operation with its decision and all that the decision depended on, ready to be recorded.

    Instants are microseconds UTC; facts, observation and standing are MessagePack.
    """

    id: str
    account: str
    kind: str
    occurred_at: int
    received_at: int
    body_digest: bytes
    body: bytes
    decision_id: str
    outcome: int
    policy_id: int
    facts: bytes
    observation: bytes
    standing: bytes
    answer: bytes
    trace_id: str | None


class LookedBack(NamedTuple):
    """An operation as its account's holder looks back on it; `state`, `until` (microseconds) of its hold."""

    seq: int
    body: bytes
    outcome: int
    answer: bytes
    state: str | None
    until: int | None


class LabelRow(NamedTuple):
    """One label, ready to be recorded; instants are microseconds UTC. `occurred_at` is the operation's."""

    id: str
    operation_id: str
    fraud: bool
    source: str
    occurred_at: int
    known_at: int
    recorded_at: int
    recorded_by: str
    trace_id: str | None


class PastLabel(NamedTuple):
    """A recorded label, its number in the one order of labels and operations, and which it corrected."""

    row: LabelRow
    seq: int
    corrects: str | None


class PastOperation(NamedTuple):
    """A recorded operation as its label needs it, and the last label it has; see DecidedRow."""

    id: str
    policy_id: int
    occurred_at: int
    outcome: int
    facts: bytes
    body: bytes
    label: LabelRow | None


class HistoryRow(NamedTuple):
    """What a feature store needs of a recorded operation to be rebuilt.

    `observation` where the windows are the same as now, else `facts` and `body` to observe it anew.
    """

    policy_id: int
    observation: bytes | None
    facts: bytes | None
    body: bytes | None
    outcome: int


class HistoryPart(NamedTuple):
    """Recorded operations that follow each other, up to number `last`; either form may be empty.

    `packed` are `size` observations in MessagePack, one after the other; `rows` the same one by one, where
    the windows of some were others.
    """

    last: int
    size: int
    packed: bytes
    rows: Sequence[HistoryRow]


class RecordedRow(NamedTuple):
    """What a facts table needs of a recorded operation; instants are microseconds UTC.

    `body` only where its policy was given other facts than the one asked about.
    """

    seq: int
    id: str
    account: str
    kind: str
    occurred_at: int
    received_at: int
    outcome: int
    policy_id: int
    facts: bytes
    body: bytes | None


@dataclass(frozen=True, slots=True)
class StoredOperation:
    """A recorded operation as it is read back; `policy` is name@version."""

    row: DecidedRow
    seq: int
    policy: str


class Known(NamedTuple):
    """What the record says before a group is decided.

    Accounts whose guard is another than the one presented, ids that are recorded already, and the operations
    that get a label.
    """

    accounts: Mapping[str, Account]
    recorded: Mapping[str, Recorded]
    past: Mapping[str, PastOperation]


class DecisionStore(Protocol):
    """Where decisions become durable."""

    async def look_up(
        self, lane: int, guards: Mapping[str, int], ids: Collection[str], labelled: Collection[str]
    ) -> Known:
        """What is known under these keys (with the guard last seen), of these ids, of what gets a label.

        A key is an account's id, `person_key` or EVERYBODY_KEY; the known `accounts` go by the same keys.

        It may change at once; `commit` finds that out.
        Raises Unavailable (database away), RowRefused (the database cannot even be asked about one of them).
        """
        ...

    async def commit(
        self,
        lane: int,
        rows: Sequence[DecidedRow | LabelRow],
        guards: Mapping[str, int],
        facts: Sequence[Fact],
        holds: Sequence[Hold] = (),
    ) -> None:
        """Record the rows, their facts and their holds, durably, all or none; one group at a time, in order.

        `guards` are those the accounts were decided under. From its check of them until its end the commit
        shares the accounts' gates, so no standing changes in between.

        Raises Outdated, RowRefused where the data itself is at fault, SetupError `fenced` (another server
        has taken over): nothing was recorded. Raises Unavailable; then `recorded` tells what was.
        """
        ...

    def behind_gates(self, lane: int, keys: Collection[str]) -> AbstractAsyncContextManager[None]:
        """Inside, the lane shares the gates of these keys from before its look-up: nothing overtakes it.

        Only for a lane that is alone: whoever waits for a gate must not be waited for. Raises Unavailable.
        """
        ...

    async def recorded(self, ids: Collection[str]) -> Mapping[str, Recorded]:
        """Which of these ids, of operations or labels, are recorded; asked when a commit's end is unknown.

        Waits until every connection we lost has ended, so no commit is still under way when it looks.
        """
        ...

    def history(
        self, since: int, same_windows: Collection[int], after: int = 0
    ) -> AsyncIterator[HistoryPart]:
        """Recorded operations since an instant, behind number `after`, in order of recording.

        Parts with operations of the policies in `same_windows` alone come packed.
        """
        ...

    def labelled(
        self, since: int, fraud: Collection[bool], after: int = 0
    ) -> AsyncIterator[list[PastOperation]]:
        """Operations since an instant whose last label is one of these and behind number `after`.

        In the order of those labels.
        """
        ...


class RowRefused(Exception):
    """The database refuses the data of a row for good; the same request can never succeed."""


class Outdated(Exception):
    """A guard has moved or an id is recorded; looked up and decided again, the group will see it."""


def database_away() -> Unavailable:
    """Nothing was recorded, as far as can be known; the retry is safe because ids are idempotent."""
    return Unavailable(
        "database_away",
        "The database cannot record anything right now; send the same request again, it is safe.",
        "数据库暂时无法落库；请原样重新发送，不会重复生效。",
    )


def unrecordable_text() -> BadRequest:
    """What is said of a text that no table takes."""
    return BadRequest(
        "unrecordable_text",
        "A text holds a character that cannot be recorded: NUL, or half of one.",
        "文本中含有无法记录的字符（空字符或不完整的字符）。",
    )


def is_recordable(text: str) -> bool:
    r"""Whether a table takes it.

    >>> is_recordable("不是我"), is_recordable("\x00"), is_recordable("\ud83d")
    (True, False, False)
    """
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
