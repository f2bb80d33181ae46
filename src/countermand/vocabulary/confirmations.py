"""What people gave before an operation takes effect: proofs of who they are, receipts of their consent."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from countermand.vocabulary.consent import NEEDS_CONSENT


class Proof(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A passed challenge, as it is kept: for which operation, how strong, where and when it was given.

    `strength` counts independent factors, weighted by the chapter that checked them; 0 is none. `device` and
    `session` are those the proof was given on. `given_at` in microseconds UTC.
    """

    id: str
    operation: str
    strength: int
    factors: tuple[str, ...]
    device: str | None
    session: str | None
    given_at: int


class ConsentReceipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """That a person agreed to one operation: `shown` is exactly what was displayed.

    It binds by the operation's id, whose content can never change. `given_at` in microseconds UTC; `answers`
    holds what was answered to questions of comprehension.
    """

    operation: str
    shown: str
    statement: str
    version: str
    language: str
    given_at: int
    given_by: str
    session: str | None = None
    device: str | None = None
    answers: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was displayed, in UTF-8."""
        return sha256(self.shown.encode()).digest()


def needs_consent(kind: str) -> bool:
    """Whether an operation of this kind takes effect only with a receipt.

    >>> needs_consent("payment"), needs_consent("login")
    (True, False)
    """
    return kind in NEEDS_CONSENT
