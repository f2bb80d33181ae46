"""The map of responsibilities: which control passed, failed or was never asked at each step, and by whom."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import rfc3339


class Part(StrEnum):
    """The steps of the way, in their order."""

    DECIDING = "deciding"
    PROVING = "proving"
    WAITING = "waiting"
    TELLING = "telling"
    STOPPING = "stopping"
    HANDLING = "handling"
    KEEPING = "keeping"


class Control(StrEnum):
    """What was to stand between somebody and their loss."""

    SCREENING = "screening"
    FACTORS = "factors"
    CONSENT = "consent"
    SECOND_PERSON = "second_person"
    HOLD = "hold"
    NOTICE = "notice"
    CONTAINMENT = "containment"
    ORDER_KEPT = "order_kept"
    CORE_FOLLOWS = "core_follows"
    CLOCK = "clock"
    EVIDENCE = "evidence"
    LOG = "log"


class Verdict(StrEnum):
    """open: the record does not say yet. not_asked: the control was not called for by its own terms."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"
    NOT_ASKED = "not_asked"


class Party(StrEnum):
    """Whose control it is: who answers where it failed. Never the customer's: nothing here blames them."""

    INSTITUTION = "institution"
    PROVIDER = "provider"
    CORE_BANKING = "core_banking"
    STAFF = "staff"


PARTS = {
    Control.SCREENING: Part.DECIDING,
    Control.FACTORS: Part.PROVING,
    Control.CONSENT: Part.PROVING,
    Control.SECOND_PERSON: Part.WAITING,
    Control.HOLD: Part.WAITING,
    Control.NOTICE: Part.TELLING,
    Control.CONTAINMENT: Part.STOPPING,
    Control.ORDER_KEPT: Part.STOPPING,
    Control.CORE_FOLLOWS: Part.STOPPING,
    Control.CLOCK: Part.HANDLING,
    Control.EVIDENCE: Part.KEEPING,
    Control.LOG: Part.KEEPING,
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One control at one step: `about` names the operation, order, effect or clock; `by` who acted.

    `code` says why in one word; `seconds` how long it took, where that is the question. Microseconds UTC.
    """

    control: Control
    verdict: Verdict
    party: Party
    about: str
    code: str
    by: str
    at: int
    seconds: int | None = None
    limit: int | None = None


class ResponsibilityMap(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, step by step; the same record gives the same map."""

    case: str
    made_at: int
    findings: tuple[Finding, ...]

    def of(self, part: Part) -> tuple[Finding, ...]:
        """The findings of one step."""
        return tuple(one for one in self.findings if PARTS[one.control] is part)

    def count(self, verdict: Verdict) -> int:
        """How many controls came to this."""
        return sum(one.verdict is verdict for one in self.findings)

    def told(self) -> dict[str, Any]:
        """For machines: ids, codes and instants, nothing about a person."""
        return {
            "v": 1,
            "paper": "responsibility-map",
            "case": self.case,
            "made_at": rfc3339(self.made_at),
            "counts": {verdict.value: self.count(verdict) for verdict in Verdict},
            "findings": [
                {
                    "part": PARTS[one.control].value,
                    "control": one.control.value,
                    "verdict": one.verdict.value,
                    "party": one.party.value,
                    "about": one.about,
                    "code": one.code,
                    "by": one.by,
                    "at": rfc3339(one.at),
                    "seconds": one.seconds,
                    "limit": one.limit,
                }
                for one in self.findings
            ],
        }

    def content(self) -> bytes:
        """The same in its one spelling, as it is kept and hashed."""
        return canonical_bytes(self.told())
