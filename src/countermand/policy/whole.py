"""Which facts are whole numbers whatever happens: the others may have a fraction, so they are doubles."""

from __future__ import annotations

from countermand.policy.bound import Package
from countermand.policy.plan import Aggregate
from countermand.policy.terms import Term, Type

_COUNTED = frozenset({Type.INTEGER, Type.MONEY, Type.DURATION, Type.INSTANT})
_CHOOSES = frozenset({"coalesce", "least", "greatest", "case"})


def whole_facts(package: Package) -> frozenset[str]:
    """The facts that are whole numbers or unknown. Half an amount is an amount, and no whole number."""
    means = {one.name for one in package.plan.windows if one.aggregate is Aggregate.AVG}
    found = {
        symbol.name
        for symbol in (
            *package.given.values(),
            *package.features.values(),
            *(one.symbol for one in package.thresholds),
        )
        if symbol.type in _COUNTED and symbol.name not in means
    }
    for one in (*package.early, *package.late):
        if one.term.type in _COUNTED and _is_whole(one.term, found):
            found.add(one.name)
    return frozenset(found)


def _is_whole(term: Term, whole: set[str]) -> bool:
    if term.operator == "literal":
        return term.value is None or isinstance(term.value, int)
    if term.operator == "name":
        return term.value in whole
    if term.operator in ("length", "%"):
        return term.type is Type.INTEGER
    if term.operator in ("+", "-", "*", "neg", "abs") or term.operator in _CHOOSES:
        counted = [part for part in term.operands if part.type is not Type.BOOLEAN]
        return all(_is_whole(part, whole) for part in counted)
    return False
