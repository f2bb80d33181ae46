"""A policy, understood: every name resolved and every condition typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from countermand.kernel.text import Text
from countermand.policy.declarations import Declarations, Head
from countermand.policy.findings import Place
from countermand.policy.items import Item
from countermand.policy.plan import FeaturePlan
from countermand.policy.source import Node
from countermand.policy.terms import MODEL, Symbol, Term, Type
from countermand.vocabulary.friction import FalsePositiveBudget
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.thresholds import Aim, Band, Value


@dataclass(frozen=True, slots=True)
class Derived:
    """A named expression."""

    name: str
    term: Term
    node: Node


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule whose condition has been understood; limits are rules too, and stand in no `node`."""

    id: str
    kinds: frozenset[Kind] | None
    when: Term
    then: Outcome | None
    score: int
    fires_unknown: bool
    hold_micros: int
    oblige: tuple[str, ...]
    reason: Text
    scenario: str
    at: Place
    node: Node | None
    budget: FalsePositiveBudget | None = None

    @property
    def text(self) -> str:
        """The condition as written; empty for a limit."""
        return "" if self.node is None else self.node.text() or ""


def marks(reason: Text) -> set[str]:
    """The names in braces in either language."""
    found: set[str] = set()
    for text in (reason.en, reason.zh):
        for part in text.split("{")[1:]:
            found.add(part.split("}")[0])
    return found


@dataclass(frozen=True, slots=True)
class BoundModel:
    """A model whose inputs have been found; its score is the fact `model.<name>`, from 0 to 1.

    `file` is the SHA-256 of its file, None while it is untrained. `kinds` is None for all kinds.
    """

    name: str
    title: Text
    file: str | None
    kinds: frozenset[Kind] | None
    inputs: tuple[str, ...]
    essential: frozenset[str]
    decides: bool
    at: Place

    @property
    def fact(self) -> str:
        """The name of its score among the facts."""
        return f"{MODEL}.{self.name}"

    @property
    def symbol(self) -> Symbol:
        """Its score, as expressions see it: unknown where it could not be given."""
        return Symbol(self.fact, Type.NUMBER, True, None, 0, 1)


@dataclass(frozen=True, slots=True)
class BoundThreshold:
    """A threshold whose values have been understood; it is a fact of every operation, within its band.

    `rules` are those that name it, `kinds` the kinds of operation they are for (None: all).
    """

    name: str
    title: Text
    type: Type
    band: Band
    aim: Aim
    over: int
    delay: int
    least: int
    within: float
    rules: tuple[str, ...]
    kinds: frozenset[Kind] | None
    at: Place

    @property
    def symbol(self) -> Symbol:
        """What expressions see: any value within the band, and never unknown."""
        return Symbol(self.name, self.type, False, None, self.band.floor, self.band.ceiling)

    @property
    def value(self) -> Value:
        """The declared value, where it begins."""
        return self.band.value


@dataclass
class Package:
    """A policy, understood. `given` are the facts that come from outside, in order.

    `wheres` are the features' filters as written, with their place.
    """

    head: Head
    declared: Declarations
    given: dict[str, Symbol] = field(default_factory=dict)
    early: list[Derived] = field(default_factory=list)
    late: list[Derived] = field(default_factory=list)
    filters: list[Term] = field(default_factory=list)
    wheres: list[tuple[Node, Term]] = field(default_factory=list)
    features: dict[str, Symbol] = field(default_factory=dict)
    rules: list[BoundRule] = field(default_factory=list)
    models: list[BoundModel] = field(default_factory=list)
    thresholds: list[BoundThreshold] = field(default_factory=list)
    listed: dict[str, tuple[str, str]] = field(default_factory=dict)
    traits: dict[str, str] = field(default_factory=dict)
    given_back: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    plan: FeaturePlan = field(default_factory=lambda: FeaturePlan((), (), 0, (), 0, 0))

    def conditions(self) -> Iterator[tuple[Item, Term, Node]]:
        """Every expression as written: of rules, of derived values and of filters, with whose it is."""
        for rule in self.rules:
            if rule.node is not None:
                yield ("rule", rule.id), rule.when, rule.node
        for one in (*self.early, *self.late):
            yield ("derive", one.name), one.term, one.node
        named = {id(feature.where): feature.name for feature in self.declared.features}
        for node, where in self.wheres:
            yield ("feature", named[id(node)]), where, node

    def told_by(self, when: Term) -> set[str]:
        """What a reason may show: what the condition names, and what that in turn is made from."""
        terms = {one.name: one.term for one in (*self.early, *self.late)}
        models = {one.fact: one.inputs for one in self.models}
        found: set[str] = set()
        waiting = list(when.names())
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.listed:
                waiting.append(self.listed[name][1])
            elif name in terms:
                waiting += terms[name].names()
            elif name in models:
                waiting += models[name]
        return found
