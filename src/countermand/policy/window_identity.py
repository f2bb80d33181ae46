"""When windows of two policies are the same: defined alike, over the same operations, whatever else differs.

A recorded value of such a window stands for both policies, so a candidate needs a store of its own only for
the windows that the deciding policy does not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from countermand.policy.bound import Package
from countermand.policy.catalogue import OUTCOME
from countermand.policy.plan import Window
from countermand.policy.wording import written


def window_identities(package: Package) -> tuple[str, ...]:
    """One text a window, in the plan's order; equal texts mean equal values for every operation."""
    return tuple(_identity(package, window) for window in package.plan.windows)


def windows_on_outcomes(package: Package) -> frozenset[int]:
    """The windows whose filter looks at outcomes, by number: their values depend on who decides."""
    looking = {number for number, term in enumerate(package.filters) if OUTCOME.name in set(term.names())}
    return frozenset(n for n, window in enumerate(package.plan.windows) if window.stream in looking)


def windows_on_labels(package: Package) -> frozenset[int]:
    """The windows whose filter looks at labels, by number: they change when a label comes."""
    plan = package.plan
    return frozenset(n for n, window in enumerate(plan.windows) if plan.labelled >> window.stream & 1)


def _identity(package: Package, window: Window) -> str:
    plan, head = package.plan, package.head
    where = package.filters[window.stream]
    column = None if window.column is None else plan.columns[window.column]
    entity = plan.entities[window.entity]
    names = [*entity, *where.names(), *(() if column is None else (column.name,))]
    shape = replace(window, name="", entity=0, stream=0, column=None)
    made_of = _made_of(package, names)
    return repr((shape, entity, column, written(where, head.currency), head.currency, made_of))


def _made_of(package: Package, names: Iterable[str]) -> list[tuple[str, str]]:
    """What each name means in this policy, and what that is made from, by name."""
    terms = {one.name: one.term for one in package.early}
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        symbol = package.given.get(name)
        found[name] = "" if symbol is None else symbol.type.value
        if name in terms:
            found[name] = written(terms[name], package.head.currency)
            waiting += terms[name].names()
        elif name in package.listed:
            found[name] = repr(package.listed[name])
        elif name in package.traits:
            found[name] = repr(package.traits[name])
        elif name in package.given_back:
            found[name] = repr(package.given_back[name])
        elif name.startswith("local_"):
            found[name] = package.head.timezone
    return sorted(found.items())
