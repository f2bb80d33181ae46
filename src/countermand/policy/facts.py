"""The facts of one operation as one list: which they are, in which order, and what they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from countermand.policy.bound import Derived, Package
from countermand.policy.catalogue import FRAUD, OUTCOME
from countermand.policy.plan import Aggregate
from countermand.policy.rooms import Room, room_of
from countermand.policy.terms import Symbol, Type

Facts = list[Any]
_WHOLE = frozenset({Type.INTEGER, Type.MONEY, Type.DURATION, Type.INSTANT})


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: its name and type, and where it comes from (`given derived window model threshold`)."""

    name: str
    type: Type
    nullable: bool
    origin: str


def fact_specs(package: Package) -> tuple[FactSpec, ...]:
    """All facts in their order: given, derived from those, windows, derived from all, scores, thresholds."""

    def derived(one: Derived) -> FactSpec:
        return FactSpec(one.name, one.term.type, one.term.nullable, "derived")

    def window(symbol: Symbol) -> FactSpec:
        return FactSpec(symbol.name, symbol.type, symbol.nullable, "window")

    return (
        *(FactSpec(s.name, s.type, s.nullable, "given") for s in package.given.values()),
        *(derived(one) for one in package.early),
        *(window(package.features[planned.name]) for planned in package.plan.windows),
        *(derived(one) for one in package.late),
        *(FactSpec(one.fact, Type.NUMBER, True, "model") for one in package.models),
        *(FactSpec(one.name, one.type, False, "threshold") for one in package.thresholds),
    )


def moved_by_amount(package: Package) -> set[str]:
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
    return moved | {one.fact for one in package.models if moved & set(one.inputs)}


def rooms_of(package: Package) -> dict[str, Room]:
    """What every fact but the derived ones may be."""
    fractions = {window.name for window in package.plan.windows if window.aggregate is Aggregate.AVG}
    found = {one.name: room_of(one, whole=False) for one in (OUTCOME, FRAUD)}
    for symbol in (
        *package.given.values(),
        *package.features.values(),
        *(one.symbol for one in package.models),
        *(one.symbol for one in package.thresholds),
    ):
        whole = symbol.type in _WHOLE and symbol.name not in fractions
        found[symbol.name] = room_of(symbol, whole=whole)
    return found
