"""Facts of operations at random, near the thresholds a policy names, that an institution could send."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from countermand.policy.bound import Package
from countermand.policy.facts import fact_specs
from countermand.policy.generator import Generator
from countermand.policy.plan import Aggregate, Window
from countermand.policy.reference import ReferenceStore
from countermand.policy.terms import Symbol, Term, Type
from countermand.vocabulary.operations import Kind

Named = dict[str, Any]
START = 1_795_000_000_000_000
_UNKNOWN_SHARE = 0.15
_SUBJECT = {
    "home_ip": "ip",
    "known_device": "device",
    "home_place": "country",
    "ip_in_any_home": "ip",
    "device_in_any_profile": "device",
}
_STEP = {Type.INTEGER: 1, Type.MONEY: 1, Type.DURATION: 10**6, Type.NUMBER: 0.25, Type.INSTANT: 1}
_PLAIN: dict[Type, tuple[Any, ...]] = {
    Type.BOOLEAN: (True, False),
    Type.INTEGER: (0, 1, 2, 6),
    Type.NUMBER: (0.0, 0.5, 3.0),
    Type.MONEY: (0, 100, 100_000, 900_000),
    Type.DURATION: (0, 60 * 10**6, 3600 * 10**6, 40 * 3600 * 10**6, 300 * 86400 * 10**6),
    Type.TEXT: ("x", "y"),
    Type.INSTANT: (START,),
}


class Machine:
    """One package, ready to complete facts: the given part, its observation, windows, and all facts."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.specs = fact_specs(package)
        self.names = [spec.name for spec in self.specs]
        windows = sorted(package.plan.windows, key=lambda window: window.micros)
        self.nested = [(small, large) for small in windows for large in windows if _contains(large, small)]
        writer = self._writer
        self.rederive = writer().rederive() if package.early else None
        self.observation = writer().observation()
        self.complete = writer().complete({}, {one.name: one.value for one in package.thresholds})

    def _writer(self) -> Generator:
        return Generator(self.package, self.specs)

    def given(self, values: Named) -> list[Any]:
        given = [values.get(name) for name in self.package.given]
        return (
            given if self.rederive is None else self.rederive([*given, *([None] * len(self.package.early))])
        )

    def all(self, given: list[Any], windows: list[Any]) -> list[Any]:
        return list(self.complete(given, windows))


class Chance:
    """Values for names, drawn near what the packages compare them with."""

    def __init__(self, packages: list[Package], seed: int) -> None:
        self.random = random.Random(seed)
        self.packages = packages
        self.constants: dict[str, set[Any]] = {}
        self.symbols: dict[str, Symbol] = {}
        self.pools: dict[str, list[Any]] = {}
        for package in packages:
            self.symbols.update(package.given)
            self.symbols.update(package.features)
            meanings = {one.name: one.term for one in (*package.early, *package.late)}
            terms = [*(rule.when for rule in package.rules), *meanings.values(), *package.filters]
            for term in terms:
                self._note(term, meanings)
        self.currency = packages[0].head.currency

    def _note(self, term: Term, meanings: Mapping[str, Term]) -> None:
        constants = [part.value for part in term.operands if part.operator == "literal"]
        if isinstance(term.value, frozenset):
            constants += list(term.value)
        for part in term.operands:
            if constants:
                for name in part.names():
                    for plain in meanings[name].names() if name in meanings else (name,):
                        self.constants.setdefault(plain, set()).update(constants)
            self._note(part, meanings)

    def value(self, symbol: Symbol) -> Any:
        """A value the name may have: unknown now and then, else near a constant, or a plain one."""
        if symbol.nullable and self.random.random() < _UNKNOWN_SHARE:
            return None
        found = self.random.choice(self._pool(symbol))
        whole = symbol.type in (Type.INTEGER, Type.MONEY, Type.DURATION, Type.INSTANT)
        return round(found) if whole else found

    def _pool(self, symbol: Symbol) -> list[Any]:
        """What is drawn from for a name."""
        if symbol.name in self.pools:
            return self.pools[symbol.name]
        pool = set(symbol.domain or _PLAIN[symbol.type])
        for constant in self.constants.get(symbol.name, ()):
            if symbol.type in _STEP and isinstance(constant, (int, float)) and not isinstance(constant, bool):
                step = _STEP[symbol.type]
                pool |= {constant - step, constant, constant + step}
            elif symbol.type is Type.TEXT and isinstance(constant, str):
                pool.add(constant)
        low = -(10**18) if symbol.minimum is None else symbol.minimum
        high = 10**18 if symbol.maximum is None else symbol.maximum
        fitting = [one for one in pool if isinstance(one, str) or low <= one <= high]
        self.pools[symbol.name] = sorted(fitting, key=repr)
        return self.pools[symbol.name]

    def given(self, kind: Kind | None, at: int) -> Named:
        """What an institution could send with one operation: what belongs together is unknown together."""
        values = {name: self.value(symbol) for name, symbol in self.symbols.items() if self._is_given(name)}
        values["kind"] = (kind or self.random.choice(list(Kind))).value
        values["occurred_at"] = at
        for package in self.packages:
            for name, (_, subject) in package.listed.items():
                known = values.get(subject) is not None
                values[name] = bool(values[name]) if known else None
        for name, subject in _SUBJECT.items():
            if name in values and subject in values and values[subject] is None:
                values[name] = None
        if "amount" in values:
            values["currency"] = self.currency if values["amount"] is not None else values.get("currency")
        return values

    def _is_given(self, name: str) -> bool:
        return any(name in package.given for package in self.packages)

    def windows(self, machine: Machine, given: list[Any]) -> list[Any]:
        """Values of the windows that agree with the operation and, where it is plain, with each other."""
        observation, plan = machine.observation(given), machine.package.plan
        found: dict[Window, Any] = {}
        for window in plan.windows:
            key = observation.keys[window.entity]
            symbol = machine.package.features[window.name]
            value = self.value(symbol)
            if key is None:
                value = None
            elif value is None and not _can_be_none(window):
                value = symbol.minimum or 0
            own = window.own and bool(observation.mask >> window.stream & 1)
            if own and value is not None:
                value = self._with_own(window, value, observation.values)
            found[window] = value
        for small, large in machine.nested:
            if found[small] is not None and found[large] is not None:
                found[large] = max(found[small], found[large])
        return [found[window] for window in plan.windows]

    def _with_own(self, window: Window, value: Any, columns: tuple[Any, ...]) -> Any:
        mine = None if window.column is None else columns[window.column]
        if window.aggregate in (Aggregate.COUNT, Aggregate.RATE):
            return max(value, 1)
        if window.aggregate is Aggregate.DISTINCT:
            return max(value, 0 if mine is None else 1)
        if mine is not None and window.aggregate in (Aggregate.SUM, Aggregate.MAX):
            return max(value, mine)
        return value


def _can_be_none(window: Window) -> bool:
    return window.aggregate not in (Aggregate.COUNT, Aggregate.SUM, Aggregate.DISTINCT, Aggregate.RATE)


def _contains(large: Window, small: Window) -> bool:
    same = (small.entity, small.stream, small.aggregate, small.column, small.own) == (
        large.entity,
        large.stream,
        large.aggregate,
        large.column,
        large.own,
    )
    return (
        same
        and small.micros < large.micros
        and small.aggregate in (Aggregate.COUNT, Aggregate.SUM, Aggregate.DISTINCT, Aggregate.MAX)
    )


def histories(
    chance: Chance, machines: list[Machine], count: int, length: int
) -> Iterator[tuple[Named, list[list[Any]]]]:
    """Operations of short histories with their facts in every machine, windows by their definition."""
    for _ in range(count):
        stores = [ReferenceStore(machine.package.plan) for machine in machines]
        at, base = START, [chance.given(None, START) for _ in range(3)]
        for _ in range(length):
            at += chance.random.choice(
                [0, 10**6, 60 * 10**6, 1800 * 10**6, 5 * 3600 * 10**6, 3 * 86400 * 10**6]
            )
            values = chance.given(None, at)
            for name in ("account", "device", "ip", "counterparty", "session", "person", "referrer"):
                if name in values and chance.random.random() < 0.8:
                    values[name] = chance.random.choice(base)[name]
            for package in chance.packages:
                for name, (_, subject) in package.listed.items():
                    values[name] = None if values.get(subject) is None else bool(values[name])
            facts = []
            for machine, store in zip(machines, stores, strict=True):
                given = machine.given(values)
                observation = machine.observation(given)
                facts.append(machine.all(given, store.read(observation)))
                store.observe(observation)
            yield values, facts
