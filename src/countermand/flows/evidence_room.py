"""Where evidence is kept: the desk it belongs to, the objects, the scanner, the rules of how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.evidence.ports import TombstoneFile
from countermand.evidence.proof_law import ProofLaw
from countermand.evidence.retention import RetentionPack
from countermand.extensions import DocumentUnlocker, ObjectStore, VirusScanner
from countermand.flows.case_desk import CaseDesk
from countermand.flows.data_keys import DataKeys
from countermand.kernel.clock import Clock
from countermand.kernel.ids import Ids
from countermand.work import Works


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRoom:
    """Without a `scanner` exhibits are kept as unscanned, and said to be so.

    `proof_law` is what the law asks of evidence; `own_seal`: papers get a seal made here for a trial.
    """

    desk: CaseDesk
    objects: ObjectStore
    scanner: VirusScanner | None
    retention: RetentionPack
    stones: TombstoneFile
    proof_law: ProofLaw
    own_seal: bool
    unlocker: DocumentUnlocker
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    @property
    def keys(self) -> DataKeys:
        """Data keys."""
        return self.desk.keys

    @property
    def works(self) -> Works:
        """Where units of work begin."""
        return self.desk.works

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""
        return self.desk.clock

    @property
    def ids(self) -> Ids:
        """Where names come from."""
        return self.desk.ids
