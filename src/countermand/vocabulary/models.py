"""What is known about a trained model: its card, and the nouns around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class InputBaseline(msgspec.Struct, frozen=True):
    """How one input was distributed where the model was trained.

    `edges` cut the real line into `len(edges) + 1` bins, `counts` are the rows of each, `unknown` those
    without a value. `median` is that of the known values, None where all are unknown.
    """

    name: str
    edges: list[float]
    counts: list[int]
    unknown: int
    median: float | None = None


class Interval(msgspec.Struct, frozen=True):
    """A measure with the 95 % interval of a bootstrap over whole accounts; None where it cannot be told."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Span(msgspec.Struct, frozen=True):
    """Operations from `start` up to `end` (RFC 3339), how many, and how many of them were fraud."""

    start: str
    end: str
    rows: int
    fraud: int


class SubgroupRate(msgspec.Struct, frozen=True):
    """How the model treats a group of operations at one threshold: `group` such as `kind=payment`."""

    group: str
    rows: int
    fraud: int
    flagged: float
    false_positive: float | None
    recall: float | None


class Calibration(msgspec.Struct, frozen=True):
    """How raw scores became probabilities, on which rows, and how far off they are on later ones."""

    method: str
    rows: int
    error: float | None = None


class ModelCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a reader needs to judge a model; docs/reference/model-card.md describes each key.

    `file` is the SHA-256 of the model file in hex.
    """

    inputs: list[str]
    file: str = ""
    bytes: int = 0
    name: str = ""
    title: str = ""
    policy: str = ""
    source: str = ""
    labels: str = ""
    label_delay_seconds: int = 0
    train: Span | None = None
    tune: Span | None = None
    calibrate: Span | None = None
    test: Span | None = None
    metrics: dict[str, Interval] = {}
    calibration: Calibration | None = None
    threshold: float | None = None
    subgroups: list[SubgroupRate] = []
    importance: dict[str, float] = {}
    baselines: list[InputBaseline] = []
    score_baseline: InputBaseline | None = None
    trainer: str = ""
    parameters: dict[str, Any] = {}
    trees: int = 0
    seed: int = 0
    trained_at: str = ""
    code: str = ""
    difference_max: float | None = None
    notes: list[str] = []


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """One model file, looked at again; `fault` is a stable code, None where all is well."""

    file: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason of a score: an input, its value and the customer's usual one, and what it adds."""

    name: str
    type: str
    value: Any
    usual: Any
    effect: float


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled operations as a model sees them; columns in step, NaN where an input was unknown.

    Shapes: `facts` (n, inputs); `fraud` (0 or 1), `at` (microseconds UTC), `accounts` (numbers),
    all (n,).
    """

    facts: NDArray[np.float64]
    fraud: NDArray[np.int8]
    at: NDArray[np.int64]
    accounts: NDArray[np.int64]

    def only(self, chosen: NDArray[Any]) -> Rows:
        """The rows at these places, or where this mask holds."""
        return Rows(self.facts[chosen], self.fraud[chosen], self.at[chosen], self.accounts[chosen])

    @property
    def size(self) -> int:
        return len(self.fraud)


@dataclass(frozen=True, slots=True)
class Training:
    """How to learn. `bags` boosters with seeds from `seed` on are averaged; `patience` stops early."""

    seed: int = 1
    rounds: int = 400
    patience: int = 50
    bags: int = 1
    calibration: str = "platt"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A learnt model as a file's bytes, and what is known from learning it; `importance` by input."""

    content: bytes
    trees: int
    importance: list[float]
    calibration: str
    difference_max: float
    parameters: dict[str, Any]
    trainer: str


@dataclass(frozen=True, slots=True)
class RecordedFacts:
    """The facts of a recorded operation, in the order of the policy `policy_id`; `at` in microseconds UTC."""

    policy_id: int
    account: str
    kind: str
    at: int
    facts: list[Any]
