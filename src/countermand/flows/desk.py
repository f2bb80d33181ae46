"""The desk: what keeping keys, lists and profiles needs of a database, without deciding anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from countermand.confirmation.pack import Agreements
from countermand.flows.adapt_thresholds import ThresholdBook
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.bundle_ports import Bindery, LogHistory
from countermand.flows.case_desk import CaseDesk
from countermand.flows.clock_house import ClockHouse
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.explain_score import FactsRecord
from countermand.flows.freeze_account import OrderBook
from countermand.flows.hand_out_receipt import Proofs
from countermand.flows.house import PolicyShelf
from countermand.flows.keep_authenticators import Authenticators
from countermand.flows.keep_knowledge import Knowledge
from countermand.flows.keep_lists import ListBook
from countermand.flows.keep_profiles import ProfileBook
from countermand.flows.keep_shadows import ShadowBook
from countermand.flows.label_history import LabelArchive
from countermand.flows.manage_keys import KeyBook
from countermand.flows.publish_policy import CanaryBook, PublicationBook
from countermand.flows.reconcile_bank import ExecutionShelf
from countermand.flows.send_notices import Post
from countermand.flows.show_holds import HoldShelf
from countermand.flows.show_incidents import IncidentShelf
from countermand.flows.show_notices import NoticeShelf
from countermand.flows.staff_access import StaffAccess
from countermand.flows.watch_drift import LatestFacts
from countermand.kernel.clock import Clock
from countermand.kernel.ids import Ids
from countermand.policy.ports import Scorers
from countermand.policy.program import Program
from countermand.work import Works


class DatabaseReport(Protocol):
    """What can be said about the database itself."""

    async def status(self) -> dict[str, Any]:
        """Version, role, size in bytes, migrations applied and pending, rows by table (estimated)."""
        ...


class RecordedFactsBook(FactsRecord, LatestFacts, Protocol):
    """Facts that decisions were made from."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An open database for the small stories; it takes no epoch, builds no windows, decides nothing.

    `started_here` says whether the private server was started for this desk and stops with it.
    """

    keys: KeyBook
    lists: ListBook
    profiles: ProfileBook
    shadows: ShadowBook
    orders: OrderBook
    works: Works
    incidents: IncidentShelf
    effect_ports: frozenset[str]
    agreements: Agreements
    holds: HoldShelf
    executions: ExecutionShelf
    archive: LabelArchive
    authenticators: Authenticators
    post: Post
    notice_shelf: NoticeShelf
    policy_shelf: PolicyShelf
    publications: PublicationBook
    canaries: CanaryBook
    thresholds: ThresholdBook
    database: DatabaseReport
    models: Scorers
    recorded_facts: RecordedFactsBook
    clocks: ClockHouse
    knowledge: Knowledge
    clock: Clock
    ids: Ids
    case_desk: CaseDesk
    room: EvidenceRoom
    access: StaffAccess
    proofs: Proofs
    history: LogHistory
    bindery: Bindery
    started_here: bool

    @property
    def bundles(self) -> BundleHouse:
        """What the papers and the bundle of a case are made from."""
        return BundleHouse(
            room=self.room,
            proofs=self.proofs,
            archive=self.archive,
            institution=self.knowledge.names["institution"],
            history=self.history,
            bindery=self.bindery,
        )

    def program_of(self, policy_id: int) -> Program | None:
        """None: a desk has no policy at hand, it reads each from the record."""
        return None
