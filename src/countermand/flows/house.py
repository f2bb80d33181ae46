"""The house of a deciding server: everything its stories and doors are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from countermand.confirmation.pack import Agreements
from countermand.confirmation.permits import PermitKey
from countermand.flows.adapt_thresholds import ThresholdBook
from countermand.flows.arms import Arm
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.bundle_ports import Bindery, LogHistory
from countermand.flows.case_desk import CaseDesk
from countermand.flows.challenge_customer import Challenges
from countermand.flows.channels import Channels
from countermand.flows.committed import Salts
from countermand.flows.contact_removals import ContactDesk
from countermand.flows.dispute_process import Process, dispute_process
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.freeze_account import OrderBook
from countermand.flows.front_desk import FrontDesk
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.hand_out_receipt import Proofs
from countermand.flows.holder_access import HolderAccess
from countermand.flows.keep_arms import ArmKeeper
from countermand.flows.keep_authenticators import Authenticators
from countermand.flows.keep_devices import DeviceDesk
from countermand.flows.keep_knowledge import Knowledge
from countermand.flows.keep_lists import ListBook
from countermand.flows.keep_profiles import ProfileBook
from countermand.flows.keep_shadows import ShadowBook
from countermand.flows.keep_thresholds import ThresholdKeeper
from countermand.flows.label_history import LabelArchive
from countermand.flows.live_board import LiveBoard
from countermand.flows.live_drift import Cards, NewestFacts
from countermand.flows.log_ports import LogDesk
from countermand.flows.manage_keys import KeyBook
from countermand.flows.official_channels import OfficialChannels
from countermand.flows.own_orders import Holders
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
from countermand.flows.show_notices import Bell, NoticeShelf, Telling
from countermand.flows.staff_access import StaffAccess
from countermand.flows.worker import Worker
from countermand.intake.public_notices import PublicNotice
from countermand.kernel.clock import Clock
from countermand.kernel.ids import Ids
from countermand.policy.ports import FeatureStore, Scorers
from countermand.policy.program import Program
from countermand.work import Journal, Works


class PolicyShelf(Protocol):
    """Every policy that ever decided."""

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        ...

    async def versions(self) -> list[dict[str, Any]]:
        """Every recorded policy, newest first: id, name, version, recorded_at, live."""
        ...


class OperationArchive(LabelArchive, HistoryShelf, Protocol):
    """Recorded operations: one by its id with its labels, and those of an account."""


class ModelShelf(Scorers, Cards, Protocol):
    """Model files with their cards."""


class Reminders(NamedTuple):
    """How often people are reminded, in days; 0: never."""

    device_check_days: int
    password_days: int


@dataclass(frozen=True, slots=True)
class House:
    """Open between `open_house` and its end. `readiness` tells what must hold, each by name."""

    decider: GroupCommitter
    archive: OperationArchive
    policy_shelf: PolicyShelf
    publications: PublicationBook
    canaries: CanaryBook
    orders: OrderBook
    works: Works
    incidents: IncidentShelf
    effect_ports: frozenset[str]
    session_jwks: Mapping[str, Any]
    agreements: Agreements
    holds: HoldShelf
    settlement: Settlement
    worker: Worker
    permit_keys: Sequence[PermitKey]
    challenges: Challenges
    authenticators: Authenticators
    telling: Telling
    holders: Holders
    journal: Journal
    keys: KeyBook
    lists: ListBook
    profiles: ProfileBook
    models: ModelShelf
    recorded_facts: NewestFacts
    shadows: ShadowBook
    clock: Clock
    ids: Ids
    rebuilt: int
    readiness: Readiness
    arm_keeper: ArmKeeper
    thresholds: ThresholdBook
    threshold_keeper: ThresholdKeeper
    front_desk: FrontDesk
    proofs: Proofs
    access: StaffAccess
    history: LogHistory
    reminders: Reminders
    bindery: Bindery
    board: LiveBoard
    health: HealthDesk
    backtests: BacktestRunner

    @property
    def log(self) -> LogDesk:
        """The transparency log."""
        return self.proofs.log

    @property
    def public_door(self) -> PublicDoor:
        """The door without login."""
        return self.front_desk.public_door

    @property
    def reception(self) -> Reception:
        """Where reports come in."""
        return self.public_door.reception

    @property
    def salts(self) -> Salts:
        """Where the salts of commitments come from."""
        return self.reception.salts

    @property
    def channels(self) -> Channels:
        """The ways in that are more than a form."""
        return self.front_desk.channels

    @property
    def case_desk(self) -> CaseDesk:
        """Where staff work on cases."""
        return self.front_desk.case_desk

    @property
    def reading_desk(self) -> ReadingDesk:
        """Where evidence is read and checked."""
        return self.front_desk.reading_desk

    @property
    def room(self) -> EvidenceRoom:
        """Where evidence is kept."""
        return self.front_desk.room

    @property
    def official(self) -> OfficialChannels:
        """What is really the institution's, signed."""
        return self.front_desk.official

    @property
    def public_notices(self) -> tuple[PublicNotice, ...]:
        """Every version of what everybody is told, newest first."""
        return self.front_desk.notices

    @property
    def process(self) -> Process:
        """The road of a dispute, for everybody to read."""
        return dispute_process(self.reception.clocks, self.front_desk.hotlines)

    @property
    def bundles(self) -> BundleHouse:
        """What the bundle of a case is made from."""
        return BundleHouse(
            room=self.room,
            proofs=self.proofs,
            archive=self.archive,
            institution=self.knowledge.names["institution"],
            history=self.history,
            bindery=self.bindery,
        )

    @property
    def holder_access(self) -> HolderAccess:
        """Customers on their own pages."""
        return HolderAccess(
            works=self.works,
            clock=self.clock,
            ids=self.ids,
            keys=self.reception.vault,
            revocations=self.incidents,
            tokens=self.channels.chat.tokens,
            check_days=self.reminders.device_check_days,
        )

    @property
    def devices(self) -> DeviceDesk:
        """The devices and sign-ins of customers."""
        return DeviceDesk(
            works=self.works,
            clock=self.clock,
            ids=self.ids,
            accounts=self.profiles,
            history=self.archive,
            authenticators=self.authenticators,
            effect_ports=self.effect_ports,
            check_days=self.reminders.device_check_days,
        )

    @property
    def contact_desk(self) -> ContactDesk:
        """Where customers are reached, kept by themselves."""
        return ContactDesk(
            works=self.works,
            kit=self.challenges.kit,
            clock=self.clock,
            ids=self.ids,
            accounts=self.profiles,
            post=self.post,
        )

    @property
    def knowledge(self) -> Knowledge:
        """What questions are answered from."""
        return self.reception.knowledge

    @property
    def post(self) -> Post:
        """How customers are told."""
        return self.telling.post

    @property
    def notice_shelf(self) -> NoticeShelf:
        """What they were told."""
        return self.telling.shelf

    @property
    def bell(self) -> Bell:
        """It rings when there is more."""
        return self.telling.bell

    @property
    def live(self) -> Arm:
        """The arm that decides now; another one after a policy was published."""
        return self.arm_keeper.arms.live

    def program_of(self, policy_id: int) -> Program | None:
        """The program of a policy that has an arm here."""
        arm = self.arm_keeper.arms.arm_of(policy_id)
        return None if arm is None else arm.program

    @property
    def program(self) -> Program:
        """The policy that decides now."""
        return self.live.program

    @property
    def policy_source(self) -> Mapping[str, str]:
        """Its files."""
        return self.live.source

    @property
    def features(self) -> FeatureStore:
        """Its windows."""
        return self.live.features


class Readiness(Protocol):
    """Whether this server may decide now."""

    async def __call__(self) -> dict[str, bool]:
        """`database`: it answers. `epoch`: no other server has taken over. `clock`: it is trusted."""
        ...
