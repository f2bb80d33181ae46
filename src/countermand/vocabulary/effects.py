"""What others must be told to do: effects leave through the outbox, at least once and in order."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class EffectState(StrEnum):
    """`failed` is for good: the peer refused, and sending it again would change nothing."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Effect(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing to be done by a peer, written in the transaction of what it follows from.

    `id` is the idempotency key that the peer sees, at every attempt the same. `port` names who does it
    (banking, sessions, notices, …) and `action` what. Effects of one port and `lane` are done in the order
    of their writing; None waits for nobody. `body` holds what the peer needs, `subject` the random handle of
    whom it is about. Instants are microseconds UTC: it is tried from `due_at` on, and after `alarm_at` its
    lateness is an alarm.
    """

    id: str
    port: str
    action: str
    lane: str | None
    body: dict[str, Any]
    placed_at: int
    due_at: int
    alarm_at: int | None = None
    subject: str | None = None
    trace: str | None = None
    state: EffectState = EffectState.PENDING
    attempts: int = 0
    ended_at: int | None = None
    answer: dict[str, Any] | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of one attempt: DONE, FAILED for good, or PENDING: it is tried again.

    `answer` is kept with the effect; it never holds a secret.
    """

    state: EffectState
    answer: dict[str, Any]
