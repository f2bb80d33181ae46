"""A canary's accounts and its guardrails: which share it decides for, and when it must not any more."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from countermand.vocabulary.publishing import CanaryRecord, Guardrails

PERMILLE = 1000


def takes(record: CanaryRecord, account: str) -> bool:
    """Whether an account belongs to a canary's share: a stable hash, salted for each canary."""
    drawn = blake2b(account.encode(), digest_size=8, key=record.salt.encode()[:64]).digest()
    return int.from_bytes(drawn) % PERMILLE < record.share_permille


@dataclass(slots=True)
class Side:
    """What one side decided: operations, those of them that were not simply allowed, microseconds."""

    decided: int = 0
    stopped: int = 0
    nanos: int = 0

    @property
    def share(self) -> float:
        """Of the decided operations, how many were stopped."""
        return self.stopped / self.decided if self.decided else 0.0


class Tally:
    """Counts both sides since the canary began to decide here; `breach` names a broken guardrail."""

    def __init__(self, guardrails: Guardrails) -> None:
        self.guardrails = guardrails
        self.canary, self.live = Side(), Side()
        self.errors = 0
        self.breach: str | None = None

    def count(self, side: Side, outcome: int, nanos: int) -> None:
        """One operation decided; `outcome` 0 is allow."""
        side.decided += 1
        side.stopped += outcome > 0
        side.nanos += nanos

    def check(self) -> str | None:
        """The guardrail that does not hold: errors, friction or latency; remembered once found."""
        limits, canary = self.guardrails, self.canary
        if self.breach is not None:
            return self.breach
        if self.errors > limits.errors_max:
            self.breach = "errors"
        elif canary.decided >= limits.decisions_min:
            if canary.nanos > canary.decided * limits.micros_mean_max * 1000:
                self.breach = "latency"
            elif self.live.decided >= limits.decisions_min:
                allowed = max(
                    self.live.share * limits.friction_ratio_max, self.live.share + limits.friction_margin
                )
                if canary.share > allowed:
                    self.breach = "friction"
        return self.breach

    def figures(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "guardrail": self.breach,
            "canary": _shown(self.canary),
            "live": _shown(self.live),
            "errors": self.errors,
        }


def _shown(side: Side) -> dict[str, Any]:
    return {
        "decided": side.decided,
        "stopped": side.stopped,
        "micros_mean": round(side.nanos / side.decided / 1000, 1) if side.decided else None,
    }
