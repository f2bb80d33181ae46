"""What the HTTP door needs of the house, and nothing more; flows.house.House has all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from countermand.confirmation.pack import Agreements
from countermand.confirmation.permits import PermitKey
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.case_desk import CaseDesk
from countermand.flows.challenge_customer import Asking
from countermand.flows.channels import Channels
from countermand.flows.dispute_process import Process
from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.freeze_account import OrderBook
from countermand.flows.group_commit import Meter
from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_knowledge import Knowledge
from countermand.flows.keep_lists import ListBook
from countermand.flows.keep_profiles import ProfileBook
from countermand.flows.keep_shadows import ShadowBook
from countermand.flows.live_board import LiveBoard
from countermand.flows.log_ports import LogDesk
from countermand.flows.official_channels import OfficialChannels
from countermand.flows.own_orders import Holders
from countermand.flows.proving import Answer as ShownAnswer
from countermand.flows.public_door import PublicDoor
from countermand.flows.publish_policy import CanaryBook, PublicationBook
from countermand.flows.reading_desk import ReadingDesk
from countermand.flows.reception import Reception
from countermand.flows.run_backtests import BacktestRunner
from countermand.flows.send_notices import Post
from countermand.flows.settle_holds import Settlement
from countermand.flows.show_health import HealthDesk
from countermand.flows.show_history import HistoryShelf
from countermand.flows.show_holds import HoldShelf
from countermand.flows.show_incidents import IncidentShelf
from countermand.flows.show_notices import Bell, NoticeShelf
from countermand.flows.staff_access import StaffAccess
from countermand.flows.worker import Worker
from countermand.kernel.clock import Clock
from countermand.kernel.errors import CountermandError
from countermand.kernel.ids import Ids
from countermand.policy.program import Program
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.labels import Label
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.staff import Staff
from countermand.work import Journal, Works
from countermand.work.record import PastLabel, StoredOperation


class KnownKey(Protocol):
    """A key that was checked: its public name stands in the journal as the actor."""

    @property
    def name(self) -> str: ...

    @property
    def holder(self) -> Staff | None:
        """Who acts with it at the desk; None for the key of a system."""
        ...


class Keys(Protocol):
    """The API keys, known from memory."""

    def check(self, presented: str, scope: str) -> KnownKey:
        """The key, if it is good for the scope.

        Raises Unauthenticated (unknown or revoked) and Forbidden (another scope).
        """
        ...


class Decider(Protocol):
    """The decision path: an answer is durable before it is returned. `meter` is told of every group."""

    meter: Meter | None

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        """The JSON answer; the same operation again: the same bytes.

        Raises Conflict (`id_reused`), BadRequest (a time that cannot be) and Unavailable (retry is safe).
        """
        ...

    async def decide_many(
        self, operations: Sequence[Operation], trace: str | None
    ) -> list[bytes | CountermandError]:
        """One answer or refusal per operation, in order."""
        ...

    async def label_many(
        self, labels: Sequence[Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """One durable answer or refusal per label, in order, among the operations."""
        ...

    @property
    def waiting(self) -> int:
        """How many operations and labels are queued."""
        ...


class Archive(HistoryShelf, Protocol):
    """Recorded operations."""

    async def find(self, operation_or_decision: str) -> StoredOperation | None:
        """One operation by its own id or its decision's. Raises Unavailable."""
        ...

    async def labels(self, operation: str, after: str, count: int) -> Sequence[PastLabel]:
        """The first `count` labels behind the one with id `after`, in the order of their coming."""
        ...


class PolicyShelf(Protocol):
    """Every policy that ever decided."""

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        ...

    async def versions(self) -> list[dict[str, Any]]:
        """Every recorded policy, newest first: id, name, version, recorded_at, live."""
        ...


class Readiness(Protocol):
    """Whether this server may decide now."""

    async def __call__(self) -> dict[str, bool]:
        """What must hold, each by name."""
        ...


class Challenges(Protocol):
    """Asking customers for proof; see `flows.challenge_customer` for what each refuses."""

    async def begin(self, asking: Asking, method: Method | None, *, sealed: bool = False) -> dict[str, Any]:
        """The open challenge, or a new one."""
        ...

    async def status(self, asking: Asking) -> dict[str, Any]:
        """The newest challenge as it stands."""
        ...

    async def answer(self, asking: Asking, answer: ShownAnswer, *, by_staff: bool = False) -> dict[str, Any]:
        """One answer taken."""
        ...

    async def deny(self, asking: Asking) -> dict[str, Any]:
        """The customer says it was not them."""
        ...


class Authenticators(Protocol):
    """What customers prove with; see `flows.keep_authenticators` for what each refuses."""

    async def begin(self, keeping: Keeping, wanted: Enrolment) -> dict[str, Any]:
        """A pending authenticator."""
        ...

    async def finish(self, keeping: Keeping, authenticator: str, answer: ShownAnswer) -> dict[str, Any]:
        """The authenticator, active."""
        ...

    async def all(self, account: str) -> list[dict[str, Any]]:
        """Those of an account."""
        ...

    async def rename(self, keeping: Keeping, authenticator: str, name: str) -> dict[str, Any]:
        """The authenticator under another name."""
        ...

    async def remove(self, keeping: Keeping, authenticator: str) -> dict[str, Any]:
        """The authenticator, removed."""
        ...


class House(Protocol):
    """The part of the house that the door uses."""

    @property
    def challenges(self) -> Challenges: ...

    @property
    def authenticators(self) -> Authenticators: ...

    @property
    def post(self) -> Post: ...

    @property
    def notice_shelf(self) -> NoticeShelf: ...

    @property
    def bell(self) -> Bell: ...

    @property
    def holders(self) -> Holders: ...

    @property
    def decider(self) -> Decider: ...

    @property
    def program(self) -> Program: ...

    @property
    def archive(self) -> Archive: ...

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def orders(self) -> OrderBook: ...

    @property
    def works(self) -> Works: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def incidents(self) -> IncidentShelf: ...

    @property
    def effect_ports(self) -> Collection[str]: ...

    @property
    def session_jwks(self) -> Mapping[str, Any]: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def lists(self) -> ListBook: ...

    @property
    def profiles(self) -> ProfileBook: ...

    @property
    def shadows(self) -> ShadowBook: ...

    @property
    def holds(self) -> HoldShelf: ...

    @property
    def settlement(self) -> Settlement: ...

    @property
    def permit_keys(self) -> Sequence[PermitKey]: ...

    @property
    def worker(self) -> Worker: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def reception(self) -> Reception: ...

    @property
    def access(self) -> StaffAccess: ...

    @property
    def public_door(self) -> PublicDoor: ...

    @property
    def case_desk(self) -> CaseDesk: ...

    @property
    def reading_desk(self) -> ReadingDesk: ...

    @property
    def room(self) -> EvidenceRoom: ...

    @property
    def bundles(self) -> BundleHouse: ...

    @property
    def official(self) -> OfficialChannels: ...

    @property
    def process(self) -> Process: ...

    @property
    def knowledge(self) -> Knowledge: ...

    @property
    def channels(self) -> Channels: ...

    @property
    def log(self) -> LogDesk: ...

    @property
    def canaries(self) -> CanaryBook: ...

    @property
    def publications(self) -> PublicationBook: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...

    @property
    def backtests(self) -> BacktestRunner: ...

    @property
    def health(self) -> HealthDesk: ...

    @property
    def board(self) -> LiveBoard: ...

    @property
    def readiness(self) -> Readiness: ...
