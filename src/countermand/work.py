"""What a flow asks of its stores: one unit of work holds the change, its journal facts and the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zlib import crc32

from countermand.confirmation.challenge_ports import AuthenticatorBook, ChallengeBook, ConfirmationBook
from countermand.confirmation.ports import (
    ApprovalBook,
    ConsentShelf,
    DataConsentBook,
    HoldBook,
    ProofShelf,
)
from countermand.containment.ports import HolderBook, IncidentBook, IncidentRecord, StandingBook
from countermand.kernel.errors import Unavailable
from countermand.oversight.notice_ports import NoticeBooks
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.parties import Account
from countermand.vocabulary.timers import Timer

GATES = 64
_GATES_FROM = 7_400_000
ALL_GATES = range(_GATES_FROM, _GATES_FROM + GATES)


def gate_of(account: str) -> int:
    """The advisory lock that every change of an account's standing takes alone, and every decision shares.

    PostgreSQL grants advisory locks in the order they were asked for, so a freeze never starves.

    >>> _GATES_FROM <= gate_of("a-1") < _GATES_FROM + GATES
    True
    """
    return _GATES_FROM + crc32(account.encode()) % GATES


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


class TimerBook(Protocol):
    """What is due when."""

    async def set(self, timers: Sequence[Timer]) -> None:
        """Set timers; one that is set already moves to its new instant."""
        ...

    async def cancel(self, kind: str, refs: Collection[str]) -> None:
        """Take timers back; those that are not set are passed over."""
        ...

    async def claim(self, kind: str, now: int, count_max: int) -> list[Timer]:
        """Take timers that are due, for this transaction alone: if it fails, they are due again."""
        ...


class EffectBook(Protocol):
    """The outbox."""

    async def put(self, effects: Sequence[Effect]) -> None:
        """Write effects in this order; one that is there already (by its id) is left as it is."""
        ...

    async def claim(
        self, ports: Collection[str], now: int, leased_until: int, count_max: int
    ) -> list[Effect]:
        """Effects of these ports that are due and whose lane is free, in order of writing.

        They are the caller's until the lease ends; `attempts` counts this one.
        """
        ...

    async def end(self, effects: Sequence[Effect]) -> None:
        """Write what became of claimed effects: done, failed, or pending again at their `due_at`."""
        ...

    async def withdraw(self, effect: str, now: int) -> bool:
        """Take back an effect that nobody has tried yet, for good; False where somebody may have."""
        ...

    async def find(self, effect: str) -> Effect | None:
        """One effect by its id."""
        ...

    async def late(self, ports: Collection[str], now: int, count_max: int) -> list[Effect]:
        """Pending effects of these ports whose alarm is due; each is told once."""
        ...


class Unit(NoticeBooks, Protocol):
    """One transaction: what is done through it happens together when it ends, or not at all."""

    @property
    def holds(self) -> HoldBook: ...

    @property
    def approvals(self) -> ApprovalBook: ...

    @property
    def data_consents(self) -> DataConsentBook: ...

    @property
    def timers(self) -> TimerBook: ...

    @property
    def effects(self) -> EffectBook: ...

    @property
    def standing(self) -> StandingBook: ...

    @property
    def incidents(self) -> IncidentBook: ...

    @property
    def incident_record(self) -> IncidentRecord: ...

    @property
    def consents(self) -> ConsentShelf: ...

    @property
    def proofs(self) -> ProofShelf: ...

    @property
    def authenticators(self) -> AuthenticatorBook: ...

    @property
    def challenges(self) -> ChallengeBook: ...

    @property
    def confirmations(self) -> ConfirmationBook: ...

    @property
    def own(self) -> HolderBook: ...

    async def share(self, accounts: Collection[str]) -> None:
        """Let no standing of these accounts change before this unit ends, as a decision does.

        Before any hold is locked: whoever changes a standing has the gate first and the holds then.
        """
        ...

    async def gate(self, accounts: Collection[str]) -> None:
        """Wait for the decisions on these accounts that are in flight, and keep the next ones waiting."""
        ...

    async def handles(self, accounts: Collection[str]) -> Mapping[str, str]:
        """The random handles of those keys that are known, for the subjects of facts and effects."""
        ...

    async def note(self, facts: Sequence[Fact]) -> None:
        """Write journal facts, in order."""
        ...


class Works(Protocol):
    """Where units of work begin."""

    def open(self) -> AbstractAsyncContextManager[Unit]:
        """A unit; leaving it without an error commits it. Raises Unavailable, also at the end."""
        ...


class Schedule(Protocol):
    """When there is something to do, and what time the database has; all raise Unavailable."""

    async def now(self) -> int:
        """What time it is for the database, microseconds UTC."""
        ...

    async def timers_due(self, kinds: Collection[str]) -> Mapping[str, int]:
        """When the next timer of each of these kinds is due, of those kinds that have one."""
        ...

    async def effect_due(self, ports: Collection[str], after: int) -> int | None:
        """When the next effect of these ports is due after an instant; what is due before waits its turn."""
        ...


class RowRefused(Exception):
    """The database refuses the data of a row for good; the same request can never succeed."""


class Outdated(Exception):
    """A guard has moved or an id is recorded; looked up and decided again, the group will see it."""


class Journal(Protocol):
    """Facts that change nothing else; those of a change are written by its own store, in its transaction."""

    async def append(self, facts: Sequence[Fact]) -> None:
        """Append in order, all or none. Raises Unavailable."""
        ...


def database_away() -> Unavailable:
    """Nothing was recorded, as far as can be known; the retry is safe because ids are idempotent."""
    return Unavailable(
        "database_away",
        "The database cannot record anything right now; send the same request again, it is safe.",
        "数据库暂时无法落库；请原样重新发送，不会重复生效。",
    )
