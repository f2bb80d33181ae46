"""A compiled policy: facts in, rules that fired out. Everything hot is one generated Python function each.

The facts of an operation are one list: what was given (fields, lists, traits), what is derived from that, the
windows, and what is derived from those. The list is what is recorded with a decision, so evaluating it again
gives the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from countermand.kernel.canonical import digest
from countermand.policy.binding import BoundRule, Derived, Package
from countermand.policy.catalogue import FIELDS, FROM_OPERATION
from countermand.policy.emit import Emitter, compiled
from countermand.policy.plan import Aggregate, FeaturePlan, Observation
from countermand.policy.terms import Symbol, Term, Type
from countermand.vocabulary.operations import Device, Kind, Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import Place
from countermand.vocabulary.rules import BandWords, Evaluation, RuleWords, Shown

Facts = list[Any]
_LABEL = "{name}@{version}"


class Lists(Protocol):
    """The lists' entries as of now."""

    def contains(self, list_name: str, value: str, at: int) -> bool:
        """Whether the value stands on the list with an entry that has not expired at `at`."""
        ...


class Population(Protocol):
    """SQL's IN over all profiles, with its three values."""

    def ip_in_any_home(self, ip: str) -> bool | None:
        """True if any profile has it; else None if any profile has none recorded; else False."""
        ...

    def device_in_any_profile(self, device: str) -> bool | None:
        """The same for devices."""
        ...


@dataclass(slots=True)
class Circumstances:
    """Everything known from outside about one operation when it is decided. `at` is its instant."""

    operation: Operation
    account: Account
    place: Place
    at: int
    lists: Lists
    population: Population
    local_hour: int = 0
    local_weekday: int = 1
    local_day: int = 0


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: its name and type, and where it comes from (`given derived window`)."""

    name: str
    type: Type
    nullable: bool
    origin: str


class Program:
    """A policy ready to decide. Immutable once built."""

    def __init__(self, package: Package, content_digest: bytes) -> None:
        head = package.head
        self.name, self.version, self.title = head.name, head.version, head.title
        self.label = _LABEL.format(name=head.name, version=head.version)
        self.currency, self.timezone = head.currency, head.timezone
        self.digest = content_digest
        self.plan: FeaturePlan = package.plan
        self.lists = package.declared.lists
        self.specs = _fact_specs(package)
        self.index = {spec.name: number for number, spec in enumerate(self.specs)}
        self.given_count = len(package.given) + len(package.early)
        self.bound = package.rules
        self.package = package
        self.uses_local_time = any(name.startswith("local_") for name in package.given)
        self.uses_place = bool(
            {"country", "asn", "latitude", "longitude", "home_place"} & package.given.keys()
        )
        self.uses_population = bool({"ip_in_any_home", "device_in_any_profile"} & package.given.keys())
        amount_names = _moved_by_amount(package)
        self.rules = tuple(self._words(rule, amount_names) for rule in package.rules)
        self.bands = tuple(BandWords(band.at_least, band.then, band.reason) for band in package.declared.bands)
        self.windows_digest = _windows_digest(package)
        self.given = _Generator(self).given()
        self.observation = _Generator(self).observation()
        self.complete = _Generator(self).complete()
        self._outcome_bits = _Generator(self).outcome_bits()
        self._evaluators: dict[str, Callable[[Facts, list[int], list[int]], None]] = {}

    def _words(self, rule: BoundRule, amount_names: set[str]) -> RuleWords:
        names = dict.fromkeys(rule.when.names())
        shown = tuple(Shown(name, self.index[name], self.specs[self.index[name]].type.value) for name in names)
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
        return self._rederive(given)

    def observed(self, facts: Facts, observation: Observation, outcome: str) -> Observation:
        """The observation as it enters the windows: with the filters that look at the outcome."""
        bits = self._outcome_bits(facts, outcome)
        return observation if not bits else observation._replace(mask=observation.mask | bits)

    def evaluate(self, kind: str, facts: Facts) -> Evaluation:
        """The rules that fire for these facts, and those whose condition is unknown."""
        evaluator = self._evaluators.get(kind)
        if evaluator is None:
            evaluator = self._evaluators[kind] = _Generator(self).rules(Kind(kind))
        fired: list[int] = []
        unknown: list[int] = []
        evaluator(facts, fired, unknown)
        return Evaluation(fired, unknown)

    def with_amount(self, facts: Facts, minor: int) -> Facts | None:
        """The facts as they would be had the amount been `minor`; None where that cannot be told.

        A window that holds the operation itself moves with it: sums by the difference, counts where the
        amount decides a filter. Averages and extremes cannot be told from their value alone.
        """
        place = self.index.get("amount")
        if place is None or facts[place] is None:
            return None
        given = facts[: self.given_count]
        given[place] = minor
        given = self._rederive(given)
        before, after = self.observation(facts), self.observation(given)
        windows = facts[self.given_count : self.given_count + len(self.plan.windows)]
        for number, window in enumerate(self.plan.windows):
            if not window.own or windows[number] is None:
                continue
            was, will = before.mask >> window.stream & 1, after.mask >> window.stream & 1
            if window.aggregate is Aggregate.COUNT:
                windows[number] += will - was
            elif window.column is not None and self.plan.columns[window.column].name == "amount":
                if window.aggregate is not Aggregate.SUM:
                    return None
                windows[number] += will * minor - was * facts[place]
            elif will != was:
                return None
        return self.complete(given, windows)

    def amount_of(self, facts: Facts) -> int | None:
        """The operation's amount in minor units of the policy's currency, None where it has none."""
        place = self.index.get("amount")
        return None if place is None else facts[place]

    def _rederive(self, given: Facts) -> Facts:
        if not self.package.early:
            return given
        return _Generator(self).rederive()(given)


def _windows_digest(package: Package) -> bytes:
    """Equal for policies whose operations enter the windows in the same way."""
    head = package.head
    parts = (package.plan, package.filters, package.early, head.currency, head.attributes, package.given)
    return digest(repr(parts).encode())


def _fact_specs(package: Package) -> tuple[FactSpec, ...]:
    def derived(one: Derived) -> FactSpec:
        return FactSpec(one.name, one.term.type, one.term.nullable, "derived")

    def window(symbol: Symbol) -> FactSpec:
        return FactSpec(symbol.name, symbol.type, symbol.nullable, "window")

    return (
        *(FactSpec(s.name, s.type, s.nullable, "given") for s in package.given.values()),
        *(derived(one) for one in package.early),
        *(window(package.features[planned.name]) for planned in package.plan.windows),
        *(derived(one) for one in package.late),
    )


def _moved_by_amount(package: Package) -> set[str]:
    """The facts that change when the operation's amount does."""
    moved = {"amount"}
    for one in package.early:
        if moved & set(one.term.names()):
            moved.add(one.name)
    for window in package.plan.windows:
        column = None if window.column is None else package.plan.columns[window.column].name
        if window.own and (column in moved or moved & set(package.filters[window.stream].names())):
            moved.add(window.name)
    for one in package.late:
        if moved & set(one.term.names()):
            moved.add(one.name)
    return moved


class _Generator:
    """Writes one function of a program: facts become local variables, terms become expressions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.package = program.package
        self.used: dict[int, None] = {}
        self.emitter = Emitter(self._variable)

    def _variable(self, name: str) -> str:
        number = self.program.index[name]
        self.used[number] = None
        return f"f{number}"

    def _loads(self, source: str = "f", first: int = 0) -> list[str]:
        return [f"    f{number} = {source}[{number - first}]" for number in self.used]

    def given(self) -> Callable[[Circumstances], Facts]:
        """`given(c) -> facts`: fields, lists, traits, and what is derived from them."""
        lines = ["def given(c):", "    o, a, p = c.operation, c.account, c.place"]
        for name in self.package.given:
            lines.append(f"    {self._variable(name)} = {self._given_code(name)}")
        for one in self.package.early:
            code = self.emitter.optional(one.term)
            lines.append(f"    {self._variable(one.name)} = {code}")
        return self._finished("given", [*lines, f"    return [{', '.join(f'f{n}' for n in self.used)}]"])

    def _given_code(self, name: str) -> str:
        self.emitter.constants.update(signal=signal, attribute=attribute, CURRENCY=self.program.currency)
        if name in self.package.listed:
            list_name, field_name = self.package.listed[name]
            value = self._variable(field_name)
            return f"None if {value} is None else c.lists.contains({list_name!r}, str({value}), c.at)"
        if name in self.package.traits:
            return f"None if a.traits is None else {self.package.traits[name]!r} in a.traits"
        if name in FIELDS:
            return FIELDS[name].code
        type_ = self.package.given[name].type
        return f"None if o.attributes is None else attribute(o.attributes, {name!r}, {type_.value!r})"

    def rederive(self) -> Callable[[Facts], Facts]:
        """`rederive(given) -> given` with the derived part computed again."""
        lines = [
            f"    {self._variable(one.name)} = {self.emitter.optional(one.term)}" for one in self.package.early
        ]
        first = len(self.package.given)
        names = ", ".join(f"f{first + number}" for number in range(len(self.package.early)))
        loads = [f"    f{number} = f[{number}]" for number in self.used if number < first]
        head = ["def rederive(f):", *loads]
        return self._finished("rederive", [*head, *lines, f"    return f[:{first}] + [{names}]"])

    def observation(self) -> Callable[[Facts], Observation]:
        """`observation(given) -> Observation`: keys, filters that need no outcome, values."""
        bits = [
            f"({1 << number} if {self.emitter.holds(term)} else 0)"
            for number, term in enumerate(self.package.filters)
            if "outcome" not in term.names()
        ]
        keys = [self._key(entity) for entity in self.program.plan.entities]
        values = [self._variable(column.name) for column in self.program.plan.columns]
        at = self._variable("occurred_at")
        self.emitter.constants["Observation"] = Observation
        parts = (at, _tuple(keys), " | ".join(bits) or "0", _tuple(values))
        body = f"    return Observation({', '.join(parts)})"
        return self._finished("observation", ["def observation(f):", *self._loads(), body])

    def _key(self, entity: tuple[str, ...]) -> str:
        parts = [(self._variable(name), self.program.specs[self.program.index[name]]) for name in entity]
        missing = " or ".join(f"{variable} is None" for variable, spec in parts if spec.nullable)
        if len(parts) == 1:
            variable, spec = parts[0]
            joined = variable if spec.type is Type.TEXT else f"str({variable})"
        else:
            joined = 'f"' + "\\x1f".join("{" + variable + "}" for variable, _ in parts) + '"'
        return f"None if {missing} else {joined}" if missing else joined

    def outcome_bits(self) -> Callable[[Facts, str], int]:
        """`outcome_bits(given, outcome) -> mask` of the filters that look at the outcome."""

        def variable(name: str) -> str:
            return "outcome" if name == "outcome" else self._variable(name)

        self.emitter.variable = variable
        bits = [
            f"({1 << number} if {self.emitter.holds(term)} else 0)"
            for number, term in enumerate(self.package.filters)
            if "outcome" in term.names()
        ]
        body = f"    return {' | '.join(bits) or '0'}"
        return self._finished("outcome_bits", ["def outcome_bits(f, outcome):", *self._loads(), body])

    def complete(self) -> Callable[[Facts, list[Any]], Facts]:
        """`complete(given, windows) -> facts`: all of them, in order."""
        lines = []
        for one in self.package.late:
            code = self.emitter.optional(one.term)
            lines.append(f"    {self._variable(one.name)} = {code}")
        first_late = len(self.program.specs) - len(self.package.late)
        loads = [f"    f{number} = f[{number}]" for number in self.used if number < first_late]
        names = ", ".join(f"f{first_late + number}" for number in range(len(self.package.late)))
        whole = ["def complete(given, windows):", "    f = given + windows"]
        tail = [f"    f += ({names},)"] if names else []
        return self._finished("complete", [*whole, *loads, *lines, *tail, "    return f"])

    def rules(self, kind: Kind) -> Callable[[Facts, list[int], list[int]], None]:
        """`rules(facts, fired, unknown)`: the rules of one kind, each evaluated once."""
        lines: list[str] = []
        for number, rule in enumerate(self.program.bound):
            if rule.kinds is None or kind in rule.kinds:
                lines += self._rule(number, rule.when, fires_unknown=rule.fires_unknown)
        head = ["def rules(f, fired, unknown):", *self._loads()]
        return self._finished("rules", [*head, *(lines or ["    return"])])

    def _rule(self, number: int, when: Term, *, fires_unknown: bool) -> list[str]:
        if not when.nullable:
            return [f"    if {self.emitter.holds(when)}:", f"        fired.append({number})"]
        holds, fails = self.emitter.holds(when), self.emitter.fails(when)
        if fires_unknown:
            return [
                f"    if not {fails}:",
                f"        fired.append({number})",
                f"        if not {holds}:",
                f"            unknown.append({number})",
            ]
        nullable = [
            self._variable(name)
            for name in dict.fromkeys(when.names())
            if self.program.specs[self.program.index[name]].nullable
        ]
        missing = " or ".join(f"{variable} is None" for variable in nullable)
        undecided = f"({missing}) and not {fails}" if missing else f"not {fails}"
        return [
            f"    if {holds}:",
            f"        fired.append({number})",
            f"    elif {undecided}:",
            f"        unknown.append({number})",
        ]

    def _finished(self, name: str, lines: list[str]) -> Any:
        return compiled("\n".join(lines) + "\n", name, self.emitter.constants)


def _tuple(parts: list[str]) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def signal(device: Device | None, name: str) -> bool | None:
    """A device signal's value, None where it was not observed."""
    if device is None or device.signals is None:
        return None
    observed = getattr(device.signals, name)
    return observed if observed is None or isinstance(observed, bool) else bool(observed.value)


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "money": (int,),
    "duration": (int,),
    "number": (int, float),
    "text": (str,),
}


def attribute(attributes: Mapping[str, Any], name: str, type_: str) -> Any:
    """An attribute of the declared type; another type is as unknown as a missing one.

    A duration comes in seconds and becomes microseconds.
    """
    value = attributes.get(name)
    if not isinstance(value, _PYTHON_TYPES[type_]) or (type_ != "boolean" and isinstance(value, bool)):
        return None
    if isinstance(value, int) and not -(2**53) < value < 2**53:
        return None
    return value * 10**6 if type_ == "duration" else value


