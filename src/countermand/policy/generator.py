"""Writes the functions of a program: facts become local variables, terms become Python expressions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from countermand.policy.bound import BoundModel, Package
from countermand.policy.catalogue import FIELDS
from countermand.policy.circumstances import Circumstances
from countermand.policy.emit import Emitter, compiled
from countermand.policy.facts import Facts, FactSpec
from countermand.policy.plan import Observation
from countermand.policy.ports import Scorer
from countermand.policy.terms import MEASURED, Term, Type
from countermand.vocabulary.operations import Device, Kind
from countermand.vocabulary.rules import Evaluation
from countermand.vocabulary.thresholds import Value


class Generator:
    """Writes one function; each instance writes once."""

    def __init__(self, package: Package, specs: tuple[FactSpec, ...]) -> None:
        self.package, self.specs = package, specs
        self.index = {spec.name: number for number, spec in enumerate(specs)}
        self.used: dict[int, None] = {}
        self.loose: dict[int, None] = {}
        self.emitter = Emitter(self._variable)

    def _variable(self, name: str) -> str:
        number = self.index[name]
        self.used[number] = None
        return f"f{number}"

    def _loads(self, source: str = "f", first: int = 0) -> list[str]:
        return [f"    f{number} = {source}[{number - first}]" for number in self.used]

    def given(self) -> Callable[[Circumstances], Facts]:
        """`given(c) -> facts`: fields, lists, traits, and what is derived from them."""
        lines = ["def given(c):", "    o, a, p = c.operation, c.account, c.place"]
        lines += [f"    {self._variable(name)} = {self._given_code(name)}" for name in self.package.given]
        for one in self.package.early:
            code = self.emitter.optional(one.term)
            lines.append(f"    {self._variable(one.name)} = {code}")
        return self._finished("given", [*lines, f"    return [{', '.join(f'f{n}' for n in self.used)}]"])

    def _given_code(self, name: str) -> str:
        self.emitter.constants.update(signal=signal, attribute=attribute, CURRENCY=self.package.head.currency)
        if name in self.package.listed:
            list_name, field_name = self.package.listed[name]
            value = self._variable(field_name)
            return f"None if {value} is None else c.lists.contains({list_name!r}, str({value}), c.at)"
        if name in self.package.traits:
            return f"None if a.traits is None else {self.package.traits[name]!r} in a.traits"
        if name in self.package.given_back:
            kinds, micros = self.package.given_back[name]
            constant = f"KINDS_{self._variable(name)}"
            self.emitter.constants[constant] = frozenset(kinds)
            return f"c.returned({constant}, {micros}) if c.given_back else 0"
        if name in FIELDS:
            return FIELDS[name].code
        type_ = self.package.given[name].type
        return f"None if o.attributes is None else attribute(o.attributes, {name!r}, {type_.value!r})"

    def rederive(self) -> Callable[[Facts], Facts]:
        """`rederive(given) -> given` with the derived part computed again."""
        lines = [
            f"    {self._variable(one.name)} = {self.emitter.optional(one.term)}"
            for one in self.package.early
        ]
        first = len(self.package.given)
        names = ", ".join(f"f{first + number}" for number in range(len(self.package.early)))
        loads = [f"    f{number} = f[{number}]" for number in self.used if number < first]
        head = ["def rederive(f):", *loads]
        return self._finished("rederive", [*head, *lines, f"    return f[:{first}] + [{names}]"])

    def observation(self) -> Callable[[Facts], Observation]:
        """`observation(given) -> Observation`: keys, filters that need neither outcome nor label, values."""
        bits = self._bits(lambda names: not names & {"outcome", "fraud"})
        keys = [self._key(entity) for entity in self.package.plan.entities]
        values = [self._variable(column.name) for column in self.package.plan.columns]
        at = self._variable("occurred_at")
        self.emitter.constants["Observation"] = Observation
        parts = (at, _tuple(keys), " | ".join(bits) or "0", _tuple(values))
        body = f"    return Observation({', '.join(parts)})"
        return self._finished("observation", ["def observation(f):", *self._loads(), body])

    def _key(self, entity: tuple[str, ...]) -> str:
        parts = [(self._variable(name), self.specs[self.index[name]]) for name in entity]
        missing = " or ".join(f"{variable} is None" for variable, spec in parts if spec.nullable)
        if len(parts) == 1:
            variable, spec = parts[0]
            joined = variable if spec.type is Type.TEXT else f"str({variable})"
        else:
            joined = 'f"' + "\\x1f".join("{" + variable + "}" for variable, _ in parts) + '"'
        return f"None if {missing} else {joined}" if missing else joined

    def outcome_bits(self) -> Callable[[Facts, str], int]:
        """`outcome_bits(given, outcome) -> mask` of the filters that look at the outcome."""
        self.emitter.variable = lambda name: "outcome" if name == "outcome" else self._variable(name)
        bits = self._bits(lambda names: "outcome" in names and "fraud" not in names)
        body = f"    return {' | '.join(bits) or '0'}"
        return self._finished("outcome_bits", ["def outcome_bits(f, outcome):", *self._loads(), body])

    def label_bits(self) -> Callable[[Facts, str, bool], int]:
        """`label_bits(given, outcome, fraud) -> mask` of the filters that look at the label."""
        self.emitter.variable = lambda name: name if name in ("outcome", "fraud") else self._variable(name)
        bits = self._bits(lambda names: "fraud" in names)
        body = f"    return {' | '.join(bits) or '0'}"
        return self._finished("label_bits", ["def label_bits(f, outcome, fraud):", *self._loads(), body])

    def _bits(self, wanted: Callable[[set[str]], bool]) -> list[str]:
        """The bit of each filter that is wanted by the names in it, as an expression."""
        return [
            f"({1 << number} if {self.emitter.holds(term)} else 0)"
            for number, term in enumerate(self.package.filters)
            if wanted(set(term.names()))
        ]

    def complete(
        self, scorers: Mapping[str, Scorer], thresholds: Mapping[str, Value]
    ) -> Callable[[Facts, list[Any]], Facts]:
        """`complete(given, windows) -> facts`: all of them, in order; scorers and values by name."""
        lines = []
        for one in self.package.late:
            code = self.emitter.optional(one.term)
            lines.append(f"    {self._variable(one.name)} = {code}")
        for model in self.package.models:
            code = self._score(model, scorers.get(model.name))
            lines.append(f"    {self._variable(model.fact)} = {code}")
        made = len(self.package.late) + len(self.package.models)
        values = [repr(thresholds[one.name]) for one in self.package.thresholds]
        first_late = len(self.specs) - made - len(values)
        loads = [f"    f{number} = f[{number}]" for number in self.used if number < first_late]
        names = ", ".join([*(f"f{first_late + number}" for number in range(made)), *values])
        whole = ["def complete(given, windows):", "    f = given + windows"]
        tail = [f"    f += ({names},)"] if names else []
        return self._finished("complete", [*whole, *loads, *lines, *tail, "    return f"])

    def _score(self, model: BoundModel, scorer: Scorer | None) -> str:
        """The score of one model: unknown without its scorer, for other kinds, without an essential input."""
        if scorer is None:
            return "None"
        name = f"score_{model.name}"
        self.emitter.constants.update({name: scorer, "nan": math.nan})
        needed = [one for one in model.inputs if one in model.essential and self._may_miss(one)]
        conditions = [f"{self._variable(one)} is not None" for one in needed]
        if model.kinds is not None:
            self.emitter.constants[f"kinds_{model.name}"] = frozenset(kind.value for kind in model.kinds)
            conditions.insert(0, f"{self._variable('kind')} in kinds_{model.name}")
        call = f"{name}({', '.join(self._input(one) for one in model.inputs)})"
        return f"{call} if {' and '.join(conditions)} else None" if conditions else call

    def _may_miss(self, name: str) -> bool:
        return self.specs[self.index[name]].nullable

    def _input(self, name: str) -> str:
        variable = self._variable(name)
        return f"nan if {variable} is None else {variable}" if self._may_miss(name) else variable

    def rules(self, kind: Kind) -> Callable[[Facts], Evaluation]:
        """`rules(facts) -> Evaluation`: the rules of one kind, each evaluated once."""
        mine = [
            (number, rule)
            for number, rule in enumerate(self.package.rules)
            if rule.kinds is None or kind in rule.kinds
        ]
        named = Counter(name for _, rule in mine for name in set(rule.when.names()))
        self.emitter.measured = lambda name: self._measured(name) if named[name] > 1 else None
        lines: list[str] = []
        for number, rule in mine:
            lines += self._rule(number, rule.when, fires_unknown=rule.fires_unknown)
        self.emitter.constants.update(nan=math.nan, new=tuple.__new__, Evaluation=Evaluation)
        return self._finished(
            "rules",
            [
                "def rules(f):",
                *self._unpacked(),
                *(f"    n{number} = nan if f{number} is None else f{number}" for number in self.loose),
                "    fired, unknown = [], []",
                *lines,
                "    return new(Evaluation, (fired, unknown))",
            ],
        )

    def _measured(self, name: str) -> str | None:
        """A variable that is NaN where the fact is unknown, for facts that are numbers."""
        self._variable(name)
        number = self.index[name]
        if self.specs[number].type not in MEASURED:
            return None
        self.loose[number] = None
        return f"n{number}"

    def _unpacked(self) -> list[str]:
        """All facts into variables at once, where most of them are used."""
        if 2 * len(self.used) < len(self.specs):
            return self._loads()
        return [f"    {', '.join(f'f{number}' for number in range(len(self.specs)))}, = f"]

    def _rule(self, number: int, when: Term, *, fires_unknown: bool) -> list[str]:
        if not when.nullable:
            return [f"    if {self.emitter.holds(when)}:", f"        fired.append({number})"]
        # Most conditions are false, and most of those at their first part: that is asked first.
        fails, holds = self.emitter.fails(when), self.emitter.holds(when)
        if fires_unknown:
            return [
                f"    if not {fails}:",
                f"        fired.append({number})",
                f"        if not {holds}:",
                f"            unknown.append({number})",
            ]
        return [
            f"    if not {fails}:",
            f"        if {holds}:",
            f"            fired.append({number})",
            "        else:",
            f"            unknown.append({number})",
        ]

    def _finished(self, name: str, lines: list[str]) -> Callable[..., Any]:
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
    value: Any = attributes.get(name)
    of_type = isinstance(value, _PYTHON_TYPES[type_]) and isinstance(value, bool) == (type_ == "boolean")
    if not of_type or (isinstance(value, int) and not -(2**53) < value < 2**53):
        return None
    return value * 10**6 if type_ == "duration" else value
