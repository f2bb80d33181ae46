"""The search over one policy: what its facts may be, what its names mean, what holds between them."""

from __future__ import annotations

from dataclasses import replace

from countermand.policy.bound import Package
from countermand.policy.facts import rooms_of
from countermand.policy.plan import Aggregate
from countermand.policy.possible import NOT_TRUE, Search
from countermand.policy.relations import relations_of
from countermand.policy.terms import Term, Type
from countermand.vocabulary.operations import Kind

Kinds = frozenset[Kind] | None


def search_of(package: Package) -> Search:
    """A search that knows every derived value and every relation between facts."""
    meanings = {one.name: one.term for one in (*package.early, *package.late)}
    plain = Search(rooms_of(package), meanings)
    return replace(plain, relations=relations_of(package, plain.implies))


def search_within(package: Package, search: Search, kinds: Kinds) -> Search:
    """The same for operations of some kinds: a window that always holds the operation itself is not empty."""
    rooms = dict(search.rooms)
    of_kinds = of_kind(kinds)
    for window in package.plan.windows:
        if not window.own or window.aggregate is not Aggregate.COUNT:
            continue
        own = package.filters[window.stream]
        if not search.possible([*((one, frozenset({True})) for one in of_kinds), (own, NOT_TRUE)]):
            rooms[window.name] = replace(rooms[window.name], low=max(1, rooms[window.name].low))
    return replace(search, rooms=rooms)


def facts_of(search: Search, term: Term) -> frozenset[str]:
    """The facts that a condition asks about, and those about which these say something."""
    found, waiting = set[str](), set(term.names())
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in search.meanings:
            waiting |= set(search.meanings[name].names()) - found
    ordered = {other for name in found for other in search.relations.ordered_with(name)}
    bound = {other for name in found for other in search.relations.bound_with(name)}
    never_unknown = {name for name in bound if name in search.rooms and not search.rooms[name].unknown}
    return frozenset(found | ordered | (bound - never_unknown))


def of_kind(kinds: Kinds) -> tuple[Term, ...]:
    """The kinds of a rule as a condition; none for all kinds."""
    if kinds is None:
        return ()
    kind = Term("name", Type.TEXT, False, (), "kind")
    return (Term("in", Type.BOOLEAN, False, (kind,), frozenset(one.value for one in kinds)),)
