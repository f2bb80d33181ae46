"""A compiled policy: facts in, rules that fired out. Everything hot is one generated Python function each.

The facts of an operation are one list: what was given (fields, lists, traits), what is derived from that, the
windows, what is derived from those, and the thresholds in force. The list is what is recorded with a
decision, so evaluating it again gives the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from countermand.kernel.canonical import digest
from countermand.policy.bound import BoundRule, Package, marks
from countermand.policy.catalogue import FROM_OPERATION
from countermand.policy.circumstances import Circumstances, Lists, Population
from countermand.policy.facts import Facts, FactSpec, fact_specs, moved_by_amount
from countermand.policy.generator import Generator
from countermand.policy.labels import labels_that_enter
from countermand.policy.plan import Aggregate, FeaturePlan, Observation, Window
from countermand.policy.ports import Scorers
from countermand.policy.thresholds import bounded
from countermand.policy.wording import written
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.rules import BandWords, Evaluation, RuleWords, Shown
from countermand.vocabulary.thresholds import Value

__all__ = ["Circumstances", "FactSpec", "Facts", "Lists", "Population", "Program"]

_LABEL = "{name}@{version}"


class _Evaluators(dict[str, Callable[[Facts], Evaluation]]):
    """One function a kind, written when the kind is first met."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def __missing__(self, kind: str) -> Callable[[Facts], Evaluation]:
        found = self[kind] = Generator(self.program.package, self.program.specs).rules(Kind(kind))
        return found


class Program:
    """A policy ready to decide. Immutable once built.

    Without `scorers` its models say nothing: their facts are unknown, and `scores` is false.
    """

    def __init__(self, package: Package, content_digest: bytes, scorers: Scorers | None = None) -> None:
        head = package.head
        self.name, self.version, self.title = head.name, head.version, head.title
        self.label = _LABEL.format(name=head.name, version=head.version)
        self.currency, self.timezone = head.currency, head.timezone
        self.digest = content_digest
        self.plan: FeaturePlan = package.plan
        self.lists = package.declared.lists
        self.specs = fact_specs(package)
        self.index = {spec.name: number for number, spec in enumerate(self.specs)}
        self.given_count = len(package.given) + len(package.early)
        self.bound = package.rules
        self.package = package
        self.uses_local_time = any(name.startswith("local_") for name in package.given)
        self.uses_place = bool(
            {"country", "asn", "latitude", "longitude", "home_place"} & package.given.keys()
        )
        self.uses_population = bool({"ip_in_any_home", "device_in_any_profile"} & package.given.keys())
        amount_names = moved_by_amount(package)
        self.rules = tuple(self._words(rule, amount_names) for rule in package.rules)
        self.bands = tuple(
            BandWords(band.at_least, band.then, band.reason) for band in package.declared.bands
        )
        self.windows_digest = _windows_digest(package)
        self._rederive = self._writer().rederive() if package.early else None
        self.given = self._writer().given()
        self.observation = self._writer().observation()
        self.models = tuple(package.models)
        found = {one.name: scorers.scorer(one) for one in package.models} if scorers is not None else {}
        self.scores = len(found) == len(self.models)
        self._scorers = found
        self.thresholds: Mapping[str, Value] = {one.name: one.value for one in package.thresholds}
        self.thresholds_at = len(self.specs) - len(self.thresholds)
        self.complete = self._writer().complete(found, self.thresholds)
        self._outcome_bits = self._writer().outcome_bits()
        self._label_bits = self._writer().label_bits()
        self.labels_that_enter = labels_that_enter(package)
        self._evaluators = _Evaluators(self)

    def with_thresholds(self, values: Mapping[str, float]) -> Program:
        """The same program with other values in force; names it does not know are left out.

        A value keeps to its band whatever is asked for: the band is what people approved.
        """
        wanted = {
            one.name: bounded(one, values[one.name]) for one in self.package.thresholds if one.name in values
        }
        if all(self.thresholds[name] == value for name, value in wanted.items()):
            return self
        other = copy(self)
        other.thresholds = {**self.thresholds, **wanted}
        other.complete = other._writer().complete(self._scorers, other.thresholds)
        return other

    def _words(self, rule: BoundRule, amount_names: set[str]) -> RuleWords:
        names = dict.fromkeys((*rule.when.names(), *sorted(marks(rule.reason))))
        shown = tuple(
            Shown(name, self.index[name], self.specs[self.index[name]].type.value) for name in names
        )
        return RuleWords(
            rule.id,
            rule.then if rule.then is not None else Outcome.ALLOW,
            rule.score,
            rule.reason,
            rule.hold_micros // 10**6,
            rule.oblige,
            shown,
            bool(amount_names & names.keys()),
        )

    def _writer(self) -> Generator:
        return Generator(self.package, self.specs)

    def given_again(self, circumstances: Circumstances, recorded: Mapping[str, Any]) -> Facts:
        """The given facts of an operation decided under another policy.

        What was recorded stands; what the operation itself carries is read again; the rest is unknown.
        """
        given = self.given(circumstances)
        for name in self.package.given:
            if name in recorded:
                given[self.index[name]] = recorded[name]
            elif name not in FROM_OPERATION and name not in self.package.head.attributes:
                given[self.index[name]] = None
        return given if self._rederive is None else self._rederive(given)

    def observed(self, facts: Facts, observation: Observation, outcome: str) -> Observation:
        """The observation as it enters the windows: with the filters that look at the outcome."""
        bits = self._outcome_bits(facts, outcome)
        return observation if not bits else observation._replace(mask=observation.mask | bits)

    def labelled(
        self, facts: Facts, observation: Observation, outcome: str, *, fraud: bool
    ) -> Observation | None:
        """What comes into the windows with an operation's label, at the operation's own instant."""
        bits = self._label_bits(facts, outcome, fraud)
        return observation._replace(mask=bits) if bits else None

    def evaluate(self, kind: str, facts: Facts) -> Evaluation:
        """The rules that fire for these facts, and those whose condition is unknown."""
        return self._evaluators[kind](facts)

    def with_amount(self, facts: Facts, minor: int) -> Facts | None:
        """The facts as they would be had the amount been `minor`; None where that cannot be told.

        A window that holds the operation itself moves with it: sums by the difference, counts where the
        amount decides a filter. Averages and extremes cannot be told from their value alone, and a key that
        depends on the amount leads to another history.
        """
        place = self.index.get("amount")
        if place is None or facts[place] is None:
            return None
        given = facts[: self.given_count]
        given[place] = minor
        given = given if self._rederive is None else self._rederive(given)
        before, after = self.observation(facts), self.observation(given)
        windows = facts[self.given_count : self.given_count + len(self.plan.windows)]
        for number, window in enumerate(self.plan.windows):
            if before.keys[window.entity] != after.keys[window.entity]:
                return None  # another key, another history
            if not window.own or windows[number] is None:
                continue
            was, will = _part_in(window, before), _part_in(window, after)
            if was == will:
                continue
            if window.aggregate not in (Aggregate.COUNT, Aggregate.SUM):
                return None
            windows[number] += sum(will) - sum(was)
        whole = self.complete(given, windows)
        whole[self.thresholds_at :] = facts[self.thresholds_at :]  # as they were when it was decided
        return whole

    def amount_of(self, facts: Facts) -> int | None:
        """The operation's amount in minor units of the policy's currency, None where it has none."""
        place = self.index.get("amount")
        return None if place is None else facts[place]


def _part_in(window: Window, own: Observation) -> tuple[Any, ...]:
    """What an operation itself puts into a window: nothing, or the value that is counted."""
    if not own.mask >> window.stream & 1:
        return ()
    if window.column is None:
        return (1,)
    value = own.values[window.column]
    return () if value is None else (value,)


def _windows_digest(package: Package) -> bytes:
    """Equal for policies whose operations enter the windows in the same way, in every process."""
    head = package.head
    filters = [written(term, head.currency) for term in package.filters]
    early = [(one.name, written(one.term, head.currency)) for one in package.early]
    given = [(symbol.name, symbol.type.value) for symbol in package.given.values()]
    attributes = sorted((name, type_.value) for name, type_ in head.attributes.items())
    return digest(repr((package.plan, filters, early, head.currency, attributes, given)).encode())
