"""What the stories of the desk ask of the store of cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from countermand.vocabulary.cases import Case, CaseEvent, Message
from countermand.vocabulary.triage import Signals


class Inbound(NamedTuple):
    """A report as it came: the raw bytes sealed, their SHA-256, and the answer that was given to it.

    `key` is unique within its channel. Instants are microseconds UTC.
    """

    id: str
    channel: str
    key: str
    digest: bytes
    sealed: bytes
    sender: bytes | None
    received_at: int
    case: str
    answer: dict[str, Any]


class Promise(NamedTuple):
    """What somebody was told would happen, and by when (microseconds UTC); `code` says what in one word."""

    id: str
    case: str
    code: str
    due_at: int
    made_at: int
    made_by: str
    kept_at: int | None = None


class HiddenValue(NamedTuple):
    """What masking hid in a message: its kind, and the keyed digest that finds it; never the value."""

    kind: str
    digest: bytes


class KeptFile(NamedTuple):
    """A file that came with a message; `digest` is the SHA-256 of its `size` bytes, `sealed` the bytes."""

    id: str
    message: str
    name: str
    media_type: str
    size: int
    digest: bytes
    sealed: bytes


class DecidedOperation(NamedTuple):
    """A recorded operation: its id and its decision's, outcome as a number, body (JSON), and its place."""

    id: str
    decision: str
    outcome: int
    body: bytes
    seq: int


class OnRecord(NamedTuple):
    """What the record has of an account: operations with decisions, notices, devices, loan contracts."""

    operations: bool
    notices: bool
    devices: bool
    contracts: bool


class CaseBook(Protocol):
    """Cases, their events and messages, within one transaction."""

    async def inbound(self, channel: str, key: str) -> Inbound | None:
        """What came under this key before."""
        ...

    async def inbounds(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Inbound]:
        """What came under these (channel, key) before; there is at least one."""
        ...

    async def inbound_named(self, inbound: str) -> Inbound | None:
        """What came in under this name of ours."""
        ...

    async def answered_lately(self, case: str, sender: bytes, since: int) -> bool:
        """Whether an answer to this sender in this case was put into the outbox since."""
        ...

    async def receive(self, inbound: Inbound) -> bool:
        """Keep what came; False where another transaction has taken the key: read it again."""
        ...

    async def receive_later(self, inbound: Inbound) -> None:
        """The same at the unit's end, which raises Outdated where the key is taken."""
        ...

    async def open(self, case: Case, events: Sequence[CaseEvent]) -> bool:
        """Write a new case with its first events; False where its number is taken: draw another one."""
        ...

    async def open_later(self, case: Case, events: Sequence[CaseEvent]) -> None:
        """The same at the unit's end, which raises Outdated where the number is taken."""
        ...

    async def append(self, case: Case, events: Sequence[CaseEvent]) -> None:
        """Write events, and the case as it stands after them. Raises Conflict (`case_changed`)."""
        ...

    async def lock(self, cases: Collection[str]) -> list[Case]:
        """These cases, locked in order of their ids until the transaction ends; unknown ones are left out."""
        ...

    async def of_incidents(self, incidents: Collection[str]) -> list[str]:
        """The ids of cases for which one of these incidents was placed."""
        ...

    async def by_number(self, number: str) -> Case | None:
        """The case of a number, not locked."""
        ...

    async def open_of(self, about: Sequence[tuple[str | None, str | None]], since: int) -> list[list[Case]]:
        """Of each (account, person): open cases about them touched since, newest first, up to 50."""
        ...

    async def of_account(self, account: str, count_max: int) -> list[Case]:
        """The cases about an account, closed ones too, those touched last first; not those merged away."""
        ...

    async def signals(self, accounts: Collection[str], since: int) -> Mapping[str, Signals]:
        """How operations of accounts since an instant were decided, and what still can be taken back."""
        ...

    async def operations_between(self, account: str, since: int, until: int, count_max: int) -> list[bytes]:
        """The bodies (JSON) of an account's operations in a time, newest first."""
        ...

    async def decided_of(
        self, account: str, behind: tuple[int, int], count_max: int
    ) -> list[DecidedOperation]:
        """An account's operations behind a place (when it happened, its `seq`), newest first."""
        ...

    async def on_record(self, account: str, since: int) -> OnRecord:
        """What there is of an account since an instant."""
        ...

    async def wrote_before(self, case: str, sender: bytes) -> bool:
        """Whether something of this case came from the sender of this digest."""
        ...

    async def events(self, case: str, after: int = 0) -> list[CaseEvent]:
        """Its events behind version `after`, in order."""
        ...

    async def add_messages(self, messages: Sequence[Message]) -> None:
        """Write messages; the events that name them are written beside."""
        ...

    async def add_values(self, case: str, message: str, values: Sequence[HiddenValue]) -> None:
        """Let a case be found by values that were said in a message; what it is found by already stays."""
        ...

    async def messages(self, case: str) -> list[Message]:
        """All messages of a case, in order of time."""
        ...

    async def attach(self, files: Sequence[KeptFile]) -> None:
        """Write files that came with messages."""
        ...

    async def files(self, case: str) -> list[KeptFile]:
        """The files of a case, without their bytes."""
        ...

    async def file_bytes(self, case: str, file: str) -> bytes | None:
        """The sealed bytes of one file of a case."""
        ...

    async def promise(self, promises: Sequence[Promise]) -> None:
        """Write promises, new or kept."""
        ...

    async def promises(self, case: str) -> list[Promise]:
        """The promises of a case, those due first first."""
        ...
