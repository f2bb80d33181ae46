"""The way of a policy from its draft to the decisions: its states, its steps, and who may take which."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

SERVER = "server"


class PolicyState(StrEnum):
    """Where a recorded policy stands."""

    CHECKED = "checked"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    LIVE = "live"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PolicyStep(StrEnum):
    """What people do with a policy. `go_live` and `refuse` are the server's own steps."""

    DRAFT = "draft"
    CHECK = "check"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    ROLLBACK = "rollback"
    GO_LIVE = "go_live"
    REFUSE = "refuse"
    REPLACE = "replace"
    CANARY_START = "canary_start"
    CANARY_STOP = "canary_stop"
    CANARY_PAUSE = "canary_pause"
    CANARY_PROMOTE = "canary_promote"


# Step -> the states it may start from, and the state it leads to.
MOVES: dict[PolicyStep, tuple[frozenset[PolicyState], PolicyState]] = {
    PolicyStep.PROPOSE: (frozenset({PolicyState.CHECKED}), PolicyState.PROPOSED),
    PolicyStep.APPROVE: (frozenset({PolicyState.PROPOSED}), PolicyState.APPROVED),
    PolicyStep.REJECT: (frozenset({PolicyState.PROPOSED}), PolicyState.REJECTED),
    PolicyStep.WITHDRAW: (
        frozenset({PolicyState.CHECKED, PolicyState.PROPOSED, PolicyState.APPROVED}),
        PolicyState.WITHDRAWN,
    ),
    PolicyStep.SCHEDULE: (frozenset({PolicyState.APPROVED}), PolicyState.SCHEDULED),
    PolicyStep.UNSCHEDULE: (frozenset({PolicyState.SCHEDULED}), PolicyState.APPROVED),
    PolicyStep.ROLLBACK: (
        frozenset({PolicyState.SUPERSEDED, PolicyState.ROLLED_BACK}),
        PolicyState.SCHEDULED,
    ),
}
# Whoever wrote or proposed a policy does not judge it.
JUDGEMENTS = frozenset({PolicyStep.APPROVE, PolicyStep.REJECT})


class Publication(msgspec.Struct, frozen=True, gc=False):
    """One recorded policy and where it stands. Instants are microseconds UTC, digests SHA-256."""

    policy_id: int
    name: str
    version: str
    digest: bytes
    state: PolicyState
    author: str
    proposer: str | None
    approver: str | None
    start_at: int | None
    going_back: bool
    lists_seen: dict[str, int]
    warm_until: int | None
    recorded_at: int

    @property
    def label(self) -> str:
        """name@version."""
        return f"{self.name}@{self.version}"


class StepTaken(msgspec.Struct, frozen=True, gc=False):
    """One line of a policy's history."""

    policy: str
    at: int
    step: str
    actor: str
    text: str
    details: dict[str, Any]


class Guardrails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a canary must keep to; declared at its start, checked with every group it decides in.

    friction_ratio_max: its share of stopped operations (challenge, hold, approve, deny) over the live one's.
    friction_margin: the difference of the two shares that is always allowed, so that rare stops are no alarm.
    decisions_min: how many operations each side must have decided before shares and times are compared.
    errors_max: how many operations it may fail to decide (the live policy then decides them).
    micros_mean_max: how long a decision may take on average, in microseconds of the deciding thread.
    """

    friction_ratio_max: float = 1.5
    friction_margin: float = 0.005
    decisions_min: int = 200
    errors_max: int = 0
    micros_mean_max: int = 5_000


class CanaryRecord(msgspec.Struct, frozen=True, gc=False):
    """A canary as it is kept: `state` is running, paused, stopped or promoted."""

    id: str
    policy_id: int
    policy: str
    share_permille: int
    salt: str
    guardrails: Guardrails
    state: str
    reason: str
    figures: dict[str, Any]
    started_at: int
    started_by: str
    ended_at: int | None
    ended_by: str | None


class Drafted(msgspec.Struct, frozen=True, gc=False):
    """A policy folder that passed the check, ready to be recorded."""

    name: str
    version: str
    digest: bytes
    source: dict[str, str]
    rules: int = 0
    remarks: int = 0


class Change(msgspec.Struct, frozen=True, gc=False):
    """What a step makes of a publication. With `count_lists` the sizes of all lists are remembered."""

    state: PolicyState
    proposer: str | None = None
    approver: str | None = None
    start_at: int | None = None
    going_back: bool = False
    count_lists: bool = False
    details: dict[str, Any] = {}


Judge = Callable[[Publication], Change]


class LivePolicy(msgspec.Struct, frozen=True, gc=False):
    """The policy that decides, as it is recorded."""

    policy_id: int
    name: str
    version: str
    digest: bytes
    source: dict[str, str]

    @property
    def label(self) -> str:
        """name@version."""
        return f"{self.name}@{self.version}"
