"""What the clients saw: every operation they sent, what they were told, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

VIOLATIONS_KEPT_MAX = 100


@dataclass(slots=True)
class Sent:
    """One operation a client sent, perhaps many times with the same body.

    invoked: when it was first sent; acknowledged: when it was first answered (nanoseconds of one steady
    clock; 0 before that). answer: the digest of the first answer's bytes; outcome: its word.
    """

    account: str
    kind: str
    invoked: int
    acknowledged: int = 0
    answer: bytes = b""
    outcome: str = ""


@dataclass(slots=True)
class Frozen:
    """A freeze of an account: from its acknowledgement until the first attempt to lift it (0: never)."""

    account: str
    since: int
    until: int = 0


@dataclass(slots=True)
class History:
    """All that was seen, and what was wrong with it already while it was seen."""

    sent: dict[str, Sent] = field(default_factory=dict)
    frozen: list[Frozen] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def count(self, what: str, number: int = 1) -> None:
        """One more of something worth a line in the report."""
        self.counts[what] = self.counts.get(what, 0) + number

    def violation(self, text: str) -> None:
        """Something that must never happen; the first ones are kept whole."""
        self.count("violations")
        if len(self.violations) < VIOLATIONS_KEPT_MAX:
            self.violations.append(text)

    def answered(self, operation: str, answer: bytes, outcome: str, now: int) -> None:
        """The operation was answered; a second answer must be the first one again."""
        sent = self.sent[operation]
        if not sent.acknowledged:
            sent.acknowledged, sent.answer, sent.outcome = now, answer, outcome
            self.acknowledged += 1
        elif sent.answer != answer:
            self.violation(f"{operation}: a repeated request got other bytes")
