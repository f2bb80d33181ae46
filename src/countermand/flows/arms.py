"""The arms of a deciding process: each a policy ready to decide, with its number, its windows and its senses.

One arm is live and decides. Others may stand beside it: one that was prepared to follow, one kept warm to go
back to, a canary that decides for a share of the accounts. What any of them decides, every one observes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from countermand.flows.canary import Tally, takes
from countermand.flows.circumstances import Surroundings
from countermand.flows.labelled_windows import LabelledWindows
from countermand.flows.recall import Onlooker
from countermand.policy.plan import FeaturePlan, Observation
from countermand.policy.ports import FeatureStore, Scorers
from countermand.policy.program import Program
from countermand.vocabulary.publishing import CanaryRecord


@dataclass(frozen=True, slots=True)
class Workshop:
    """What an arm is made of; `thresholds` are those of a policy as they stand, by its number."""

    sense: Callable[[Program], Awaitable[Surroundings]]
    windows: Callable[[FeaturePlan], FeatureStore]
    scorers: Scorers
    thresholds: Callable[[int], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One policy ready to decide. Arms whose windows are the same share one feature store and its labels.

    `source` are the policy's files, `policy_id` its number in the record.
    """

    program: Program
    policy_id: int
    features: FeatureStore
    surroundings: Surroundings
    source: Mapping[str, str]
    labelled: LabelledWindows
    onlooker: Onlooker = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "onlooker", Onlooker(self.program))


class Mark(NamedTuple):
    """One operation in one store of windows: enough to take it out, and to put it in again."""

    features: FeatureStore
    ticket: int
    operation_id: str
    observation: Observation


@dataclass(frozen=True, slots=True, eq=False)
class Canary:
    """An arm that decides for a share of the accounts, and what is counted of it and of the live arm."""

    arm: Arm
    record: CanaryRecord
    tally: Tally

    def takes(self, account: str) -> bool:
        """Whether it decides for an account: always the same accounts, as long as it runs."""
        return takes(self.record, account)


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """All arms at one moment; replaced as a whole between two groups, so no group sees half of a change."""

    live: Arm
    beside: tuple[Arm, ...] = ()
    canary: Canary | None = None

    def deciding(self, account: str) -> Arm:
        """The arm that decides for an account."""
        canary = self.canary
        return canary.arm if canary is not None and canary.takes(account) else self.live

    @property
    def labelled(self) -> Sequence[LabelledWindows]:
        """Where labels stand: one for every store of windows."""
        return tuple({id(arm.features): arm.labelled for arm in (self.live, *self.beside)}.values())

    def others(self, deciding: Arm) -> tuple[Arm, ...]:
        """One arm for every store of windows that the deciding arm does not use itself."""
        found: list[Arm] = []
        for arm in (self.live, *self.beside):
            if all(arm.features is not known.features for known in (deciding, *found)):
                found.append(arm)
        return tuple(found)

    def without(self, lost: Arm) -> Arms:
        """The same without one that stands beside the live arm."""
        assert lost is not self.live, "something must decide"
        canary = None if self.canary is not None and self.canary.arm is lost else self.canary
        return Arms(self.live, tuple(arm for arm in self.beside if arm is not lost), canary)

    def with_thresholds(self, policy_id: int, values: Mapping[str, float]) -> Arms:
        """The same with other thresholds in force for one policy."""
        arm = self.arm_of(policy_id)
        program = None if arm is None else arm.program.with_thresholds(values)
        if arm is None or program is None or program is arm.program:
            return self
        moved = replace(arm, program=program)
        canary = self.canary
        if canary is not None and canary.arm is arm:
            canary = replace(canary, arm=moved)
        live, *beside = (moved if one is arm else one for one in (self.live, *self.beside))
        return Arms(live, tuple(beside), canary)

    def arm_of(self, policy_id: int) -> Arm | None:
        """The arm of a policy by its number."""
        return next((arm for arm in (self.live, *self.beside) if arm.policy_id == policy_id), None)
