"""A hold: an operation that was decided and has not taken effect, and what has to happen before it may."""

from __future__ import annotations

from enum import StrEnum

import msgspec

# The timer that looks at a hold again; its ref is the operation.
HOLD_TIMER = "hold"


class HoldState(StrEnum):
    """Where a held operation stands; only an open one can still be revoked.

    open → released → executed | failed, or open → revoked | lapsed. Released means: it may take effect, and
    where a core banking system follows us it has been told to.
    """

    OPEN = "open"
    RELEASED = "released"
    EXECUTED = "executed"
    FAILED = "failed"
    REVOKED = "revoked"
    LAPSED = "lapsed"


# Whoever is in one of these has taken nothing, and will not.
WITHOUT_EFFECT = frozenset({HoldState.REVOKED, HoldState.LAPSED, HoldState.FAILED})
STATES_ZH = {
    HoldState.OPEN: "暂缓中",
    HoldState.RELEASED: "已放行",
    HoldState.EXECUTED: "已执行",
    HoldState.FAILED: "未能执行",
    HoldState.REVOKED: "已撤销",
    HoldState.LAPSED: "已失效",
}


class Need(StrEnum):
    """What a held operation waits for, besides its time."""

    CHALLENGE = "challenge"
    APPROVAL = "approval"
    CONSENT = "consent"


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation on hold; it has the operation's id, and there is one for each operation at most.

    Instants are microseconds UTC. From `until` on it may be released, if all of `needs` was `met`; at
    `expires_at` it lapses, if not. `session` and `device` are those it was asked from.
    """

    operation: str
    account: str
    person: str | None
    kind: str
    amount_minor: int | None
    currency: str | None
    counterparty: str | None
    institution: str | None
    channel: str | None
    session: str | None
    device: str | None
    needs: tuple[Need, ...]
    met: tuple[Need, ...] = ()
    placed_at: int
    until: int
    expires_at: int
    state: HoldState = HoldState.OPEN
    ended_at: int | None = None
    ended_by: str | None = None
    cause: str | None = None

    @property
    def unmet(self) -> tuple[Need, ...]:
        """What is still missing, in the order of asking."""
        return tuple(need for need in self.needs if need not in self.met)


def first_look(hold: Hold) -> int:
    """When a new hold is looked at for the first time, microseconds UTC."""
    return hold.expires_at if hold.needs else hold.until
