"""Thresholds that move inside an approved band: what they aim at, what was seen, and every step they took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from countermand.kernel.text import Text

Value = int | float


class Measure(StrEnum):
    """What a threshold keeps to its aim: all alerts of its rules, or those on genuine operations."""

    ALERTS = "alerts"
    FALSE_ALARMS = "false_alarms"


@dataclass(frozen=True, slots=True)
class Aim:
    """So many a day, or such a share of the operations its rules looked at (0 to 1): exactly one is given."""

    measure: Measure
    share: float | None = None
    a_day: float | None = None

    @property
    def text(self) -> Text:
        """As in a policy, `40 a day` or `0.5%`; in Chinese as one says it."""
        if self.a_day is not None:
            return Text(en=f"{self.a_day:g} a day", zh=f"每天 {self.a_day:g} 笔")
        return Text(en=f"{(self.share or 0) * 100:g}%", zh=f"{(self.share or 0) * 100:g}%")


@dataclass(frozen=True, slots=True)
class Band:
    """Where a threshold may go, as two people approved it.

    `value` is where it begins; amounts are minor units, durations microseconds. `eases` is the direction in
    which its rules fire less often: 1 up, -1 down, 0 where that cannot be told (it then never moves).
    """

    value: Value
    floor: Value
    ceiling: Value
    step: Value
    eases: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was decided from `since` to before `until` (microseconds UTC).

    operations: those that the threshold's rules looked at; for false alarms only those labelled genuine.
    hits: those of them on which one of its rules fired.
    """

    since: int
    until: int
    operations: int
    hits: int


class ThresholdStep(StrEnum):
    """What happens to a threshold: the law moves it, a person pins or releases it."""

    MOVE = "move"
    PIN = "pin"
    RELEASE = "release"


class ThresholdLine(msgspec.Struct, frozen=True, gc=False):
    """One step of one threshold of one policy; `number` counts them from 1.

    A move changes the value from `before` to `value`; a pin and a release leave it. `cause` is the law's
    finding, or empty; `text` are the words of a person, or empty.
    """

    name: str
    number: int
    at: int
    step: ThresholdStep
    before: float
    value: float
    pinned: bool
    cause: str
    actor: str
    text: str
    evidence: dict[str, Any]


# Sees the last step while nobody else can take one; what it returns is written, None leaves all as it is.
Stepper = Callable[[ThresholdLine | None], ThresholdLine | None]


class LiveSince(msgspec.Struct, frozen=True, gc=False):
    """The policy that decides, and since when it does."""

    policy_id: int
    label: str
    since: int


class EvidenceAsked(msgspec.Struct, frozen=True, gc=False):
    """Which operations to count: of a policy, of these kinds (None: all), and the rules whose firing counts.

    Instants are microseconds UTC; with `genuine` only operations whose last label is genuine count.
    """

    policy_id: int
    since: int
    until: int
    kinds: tuple[str, ...] | None
    rules: tuple[str, ...]
    genuine: bool
