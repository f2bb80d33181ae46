"""What a policy folder declares, not yet understood: conditions are still text with a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from countermand.kernel.text import Text
from countermand.policy.findings import Place
from countermand.policy.items import Items
from countermand.policy.plan import Aggregate
from countermand.policy.source import Node
from countermand.policy.terms import Type
from countermand.vocabulary.friction import AnswerCost, FalsePositiveBudget
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.thresholds import Aim

DAY = 86400 * 10**6


@dataclass(frozen=True, slots=True)
class Head:
    """Name, version and the frame everything else stands in; durations in microseconds."""

    name: str = ""
    version: str = ""
    title: Text = Text(en="", zh="")
    currency: str = "CNY"
    timezone: str = "UTC"
    history: int = 90 * DAY
    lateness: int = 7 * DAY
    attributes: Mapping[str, Type] = field(default_factory=dict)
    false_positive_budget: FalsePositiveBudget | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as written; `over` is None for `all`, `per` the unit of a rate in microseconds.

    `delay` moves the window's end that many microseconds before the operation.
    """

    name: str
    at: Place
    aggregate: Aggregate
    column: str
    by: tuple[str, ...]
    over: int | None
    where: Node | None
    own: bool | None
    per: int
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as written; the amounts are still expressions."""

    id: str
    at: Place
    kinds: frozenset[Kind]
    account_types: tuple[str, ...]
    per_operation: Node | None
    per_day: Node | None
    then: Outcome
    reason: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written; `kinds` is None for all kinds."""

    id: str
    at: Place
    kinds: frozenset[Kind] | None
    when: Node
    then: Outcome | None
    score: int
    fires_unknown: bool
    hold_micros: int
    oblige: tuple[str, ...]
    reason: Text
    reason_at: Place
    scenario: str
    says_if_unknown: bool = False
    budget: FalsePositiveBudget | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """From `at_least` points on, the outcome is at least `then`."""

    at_least: int
    then: Outcome
    reason: Text
    at: Place


@dataclass(frozen=True, slots=True)
class ModelBand:
    """From a score of `at_least` (0 to 1) on, up to the next band: an outcome, points, or both."""

    at_least: float
    then: Outcome | None
    score: int
    reason: Text
    at: Place


@dataclass(frozen=True, slots=True)
class Model:
    """A model as written; `file` is the hash of its file in lower case, None while it is untrained.

    `inputs` are facts by name, in the order in which the file takes them; each has its place. `essential`
    are those without which there is no score. `kinds` is None for all kinds.
    """

    name: str
    at: Place
    title: Text
    file: str | None
    kinds: frozenset[Kind] | None
    inputs: tuple[tuple[str, Place], ...]
    essential: tuple[tuple[str, Place], ...]
    decides: bool
    fires_unknown: bool
    bands: tuple[ModelBand, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold as written: the four values are still expressions.

    `over` and `delay` in microseconds: the operations that are counted, and how long labels are waited for.
    `least` operations are needed to say anything; `within` is how far from the aim is near enough (0 to 1).
    """

    name: str
    at: Place
    title: Text
    value: Node
    floor: Node
    ceiling: Node
    step: Node
    toward: Aim
    over: int
    delay: int
    least: int
    within: float


@dataclass
class Declarations:
    """Everything a folder declares."""

    head: Head = field(default_factory=Head)
    features: list[Feature] = field(default_factory=list)
    derive: list[tuple[str, Node]] = field(default_factory=list)
    lists: dict[str, tuple[str, str, Text, Place]] = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    answers: dict[Outcome, AnswerCost] = field(default_factory=dict)
    items: Items = field(default_factory=Items)
    models: list[Model] = field(default_factory=list)
    thresholds: list[Threshold] = field(default_factory=list)
