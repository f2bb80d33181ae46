"""What holds between the facts of any operation: which needs which, and which window lies within which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from countermand.policy.bound import Package
from countermand.policy.plan import Aggregate, FeaturePlan, Window
from countermand.policy.terms import Scalar, Term

# A signal about something is known only where that something is.
_SIGNALS_NEED = {"home_ip": "ip", "home_place": "country", "known_device": "device", "ip_in_any_home": "ip",
                 "device_in_any_profile": "device"}  # fmt: skip
_ALWAYS_KNOWN = frozenset({Aggregate.COUNT, Aggregate.SUM, Aggregate.DISTINCT, Aggregate.RATE})


@dataclass(frozen=True, slots=True)
class Relations:
    """`needs[a]`: what is known, and one of these values (None: any), wherever `a` is known.

    `needed_by` is the same the other way round. `within[a]`: the facts that are never less than `a` where
    both are known; `beyond[a]`: those that are never more.
    """

    needs: Mapping[str, tuple[tuple[str, frozenset[Scalar] | None], ...]] = field(default_factory=dict)
    needed_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: Mapping[str, frozenset[str]] = field(default_factory=dict)
    beyond: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def bound_with(self, name: str) -> set[str]:
        """The facts that are known, or unknown, because of this one or the other way round."""
        return {source for source, _ in self.needs.get(name, ())} | set(self.needed_by.get(name, ()))

    def ordered_with(self, name: str) -> frozenset[str]:
        """The facts that are never less, or never more, than this one."""
        return self.within.get(name, frozenset()) | self.beyond.get(name, frozenset())


def relations_of(package: Package, implies: Callable[[Term, Term], bool]) -> Relations:
    """The relations among a policy's facts; `implies` says whether one filter holds wherever another does."""
    needs: dict[str, list[tuple[str, frozenset[Scalar] | None]]] = {}
    for signal, source in _SIGNALS_NEED.items():
        needs.setdefault(signal, []).append((source, None))
    needs.setdefault("amount", []).append(("currency", frozenset({package.head.currency})))
    for name, (_, subject) in package.listed.items():
        needs.setdefault(name, []).append((subject, None))
        needs.setdefault(subject, []).append((name, None))
    plan = package.plan
    for window in plan.windows:
        needs.setdefault(window.name, []).extend((part, None) for part in plan.entities[window.entity])
    needed_by: dict[str, list[str]] = {}
    for name, sources in needs.items():
        for source, _ in sources:
            needed_by.setdefault(source, []).append(name)
    for window in plan.windows:  # a count is unknown only where its key is
        key = plan.entities[window.entity]
        if window.aggregate in _ALWAYS_KNOWN and len(key) == 1:
            needs.setdefault(key[0], []).append((window.name, None))
            needed_by.setdefault(window.name, []).append(key[0])
    within = _within(package, implies)
    beyond: dict[str, set[str]] = {}
    for less, more in within.items():
        for one in more:
            beyond.setdefault(one, set()).add(less)
    return Relations(
        {name: tuple(sources) for name, sources in needs.items()},
        {name: tuple(dependents) for name, dependents in needed_by.items()},
        {name: frozenset(more) for name, more in within.items()},
        {name: frozenset(less) for name, less in beyond.items()},
    )


def _within(package: Package, implies: Callable[[Term, Term], bool]) -> dict[str, set[str]]:
    plan, found = package.plan, dict[str, set[str]]()
    filters = package.filters
    follows = {
        (one, other): one == other or implies(filters[one], filters[other])
        for one in range(len(filters))
        for other in range(len(filters))
    }
    for small in plan.windows:
        for large in plan.windows:
            if small is large or not follows[small.stream, large.stream] or not _lies_in(small, large, plan):
                continue
            for less, more in _ordered(small, large, package):
                found.setdefault(less, set()).add(more)
    return found


def _lies_in(small: Window, large: Window, plan: FeaturePlan) -> bool:
    """Whether every operation in `small` is also in `large`, given that its filter holds."""
    if not set(plan.entities[large.entity]) <= set(plan.entities[small.entity]):
        return False
    if plan.labelled >> large.stream & 1 and not plan.labelled >> small.stream & 1:
        return False  # an operation enters a labelled stream later, when its label arrives
    if small.micros > large.micros or (small.own and not large.own) or (small.ahead and not large.ahead):
        return False
    return _rest(small) == _rest(large)


def _rest(window: Window) -> Window:
    """Whatever else a window may say must be the same."""
    alike = replace(window, name="", entity=0, stream=0, aggregate=Aggregate.COUNT, micros=1, column=None)
    return replace(alike, own=True, per_micros=0, ahead=False)


def _ordered(small: Window, large: Window, package: Package) -> list[tuple[str, str]]:
    """Which of the two values is never more than the other (first less, then more)."""
    same_column = small.column == large.column
    up, down = [(small.name, large.name)], [(large.name, small.name)]
    match small.aggregate, large.aggregate:
        case (Aggregate.COUNT, Aggregate.COUNT) | (Aggregate.FIRST_SEEN, Aggregate.FIRST_SEEN):
            return up
        case (Aggregate.DISTINCT, Aggregate.COUNT):
            return up
        case (Aggregate.DISTINCT, Aggregate.DISTINCT) | (Aggregate.MAX, Aggregate.MAX) if same_column:
            return up
        case (Aggregate.SUM, Aggregate.SUM) if same_column and package.features[large.name].minimum == 0:
            return up
        case (Aggregate.TIME_SINCE_LAST, Aggregate.TIME_SINCE_LAST):
            return down
        case (Aggregate.MIN, Aggregate.MIN) if same_column:
            return down
    return []
