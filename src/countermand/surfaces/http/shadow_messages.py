"""What the routes of shadow policies take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec

from countermand.kernel.money import Money
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import FileName, FileText, Instant

ShadowName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class ShadowRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy folder that is to follow the operations: file name to text; `name` null: its own."""

    files: Annotated[dict[FileName, FileText], msgspec.Meta(min_length=1, max_length=64)]
    name: ShadowName | None = None


class PauseReason(msgspec.Struct, frozen=True):
    """Why a shadow does not run."""

    code: str
    text: Text


class ShadowShown(msgspec.Struct, frozen=True):
    """A candidate: it follows the operations behind number `seq_first` and has seen those up to `position`.

    `never_recorded`, when it is added: facts it names that the live policy does not record.
    """

    name: str
    policy: str
    digest: str
    state: str
    reason: PauseReason | None
    added_at: Instant
    added_by: str
    seq_first: int
    position: int
    operations: int
    never_recorded: list[str] | msgspec.UnsetType = msgspec.UNSET


class ShadowPage(msgspec.Struct, frozen=True):
    """Every shadow, by name."""

    shadows: list[ShadowShown]


class ShadowRemoved(msgspec.Struct, frozen=True):
    """The shadow and all its results are gone."""

    shadow: str
    removed: bool


class IntervalShown(msgspec.Struct, frozen=True):
    """A share or a difference of shares, with its bounds."""

    value: float
    low: float
    high: float


class TransitionShown(msgspec.Struct, frozen=True):
    """Operations that go from the live outcome to the candidate's; the sum is over those with an amount."""

    live: str
    candidate: str
    operations: int
    with_amount: int
    amount: Money


class ShareShown(msgspec.Struct, frozen=True):
    """One outcome's share under both; `chance`: McNemar's test of their being equally frequent."""

    outcome: str
    live: IntervalShown
    candidate: IntervalShown
    difference: IntervalShown
    chance: float


class RuleShown(msgspec.Struct, frozen=True):
    """How often a rule fires; `change` is began, ceased, changed or same."""

    rule: str
    change: str
    live: int
    candidate: int
    live_only: int
    candidate_only: int


class CatchShown(msgspec.Struct, frozen=True):
    """Of the labelled operations: fraud, stopped (any outcome but allow), and both."""

    fraud: int
    stopped: int
    fraud_stopped: int
    precision: IntervalShown | None
    recall: IntervalShown | None


class GuardrailShown(msgspec.Struct, frozen=True):
    """The bound of a canary that this candidate would leave."""

    outcome: str
    text: Text


class ExampleShown(msgspec.Struct, frozen=True):
    """An operation to which the candidate would have given another outcome."""

    live: str
    candidate: str
    operation: str
    kind: str
    received_at: Instant


class ShadowDifference(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What would have changed over the operations received `from` … `to`; both null before the first."""

    shadow: str
    policy: str
    operations: int
    from_: Instant | None
    to: Instant | None
    confidence: float
    transitions: list[TransitionShown]
    shares: list[ShareShown]
    rules: list[RuleShown]
    labelled: int
    live_catch: CatchShown
    candidate_catch: CatchShown
    guardrail: GuardrailShown | None
    examples: list[ExampleShown]
    stored_bytes: int
