"""What a flow asks of its stores: one unit of work holds the change, its journal facts and the commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from zlib import crc32

from countermand.cases.channel_ports import ChannelBook
from countermand.cases.clock_ports import ClockBook
from countermand.cases.desk_ports import DeskBook
from countermand.cases.list_ports import CaseLists
from countermand.cases.ports import CaseBook
from countermand.cases.receipt_session_ports import ReceiptSessionBook
from countermand.cases.webhook_ports import WebhookBook
from countermand.confirmation.access_ports import AccessBook
from countermand.confirmation.challenge_ports import (
    AuthenticatorBook,
    ChallengeBook,
    CodeLedger,
    ConfirmationBook,
)
from countermand.confirmation.holder_ports import HolderDevices, HolderSessions
from countermand.confirmation.ports import (
    ApprovalBook,
    ConsentShelf,
    DataConsentBook,
    HoldBook,
    ProofShelf,
)
from countermand.containment.ports import HolderBook, IncidentBook, IncidentRecord, StandingBook
from countermand.evidence.ports import EvidenceBook, InstrumentBook
from countermand.evidence.record_ports import PaperRecord
from countermand.intake.official_versions import OfficialVersionBook
from countermand.intake.ports import AnswerBook
from countermand.intake.proposals import ProposalBook
from countermand.oversight.notice_ports import NoticeBooks
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.timers import Timer
from countermand.work.claims import ActBook

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
    def clocks(self) -> ClockBook: ...

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
    def codes(self) -> CodeLedger: ...

    @property
    def own(self) -> HolderBook: ...

    @property
    def cases(self) -> CaseBook: ...

    @property
    def desk(self) -> DeskBook: ...

    @property
    def case_lists(self) -> CaseLists: ...

    @property
    def webhooks(self) -> WebhookBook: ...

    @property
    def answers(self) -> AnswerBook: ...

    @property
    def channels(self) -> ChannelBook: ...

    @property
    def acts(self) -> ActBook: ...

    @property
    def holder_sessions(self) -> HolderSessions: ...

    @property
    def holder_devices(self) -> HolderDevices: ...

    @property
    def evidence(self) -> EvidenceBook: ...

    @property
    def instruments(self) -> InstrumentBook: ...

    @property
    def access(self) -> AccessBook: ...

    @property
    def paper_record(self) -> PaperRecord: ...

    @property
    def official_versions(self) -> OfficialVersionBook: ...

    @property
    def proposals(self) -> ProposalBook: ...

    @property
    def receipt_sessions(self) -> ReceiptSessionBook: ...

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


class Journal(Protocol):
    """Facts that change nothing else; those of a change are written by its own store, in its transaction."""

    async def append(self, facts: Sequence[Fact]) -> None:
        """Append in order, all or none. Raises Unavailable."""
        ...
