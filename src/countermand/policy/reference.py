"""The meaning of every window, written the slow and obvious way: the oracle of all feature stores.

docs/reference/windows.md says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterable

from countermand.policy.plan import Aggregate, FeaturePlan, Observation, Value, Window


class ReferenceStore:
    """Keeps everything in one list and looks at all of it for every window."""

    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self._observed: dict[int, Observation] = {}
        self._next_ticket = 0

    def read(self, own: Observation) -> list[Value]:
        ordered = sorted(self._observed.items(), key=lambda item: (item[1].at, item[0]))
        recorded = [observation for _, observation in ordered]
        return [window_value(window, recorded, own) for window in self.plan.windows]

    def observe(self, observation: Observation) -> int:
        self._next_ticket += 1
        self._observed[self._next_ticket] = observation
        return self._next_ticket

    def retract(self, ticket: int) -> None:
        del self._observed[ticket]

    def amend(self, ticket: int, observation: Observation | None) -> int:
        if ticket:
            self.retract(ticket)
        return 0 if observation is None else self.observe(observation)

    def load(self, observations: Iterable[Observation]) -> int:
        return sum(1 for observation in observations if self.observe(observation))


def window_value(window: Window, recorded: list[Observation], own: Observation) -> Value:
    """The value of one window for `own`, over `recorded` in order of (instant, recording)."""
    key = own.keys[window.entity]
    if key is None:
        return None
    end = own.at - window.delay_micros
    inside = [
        other
        for other in recorded
        if end - window.micros < other.at
        and (window.ahead or other.at <= end)
        and other.keys[window.entity] == key
        and other.mask >> window.stream & 1
    ]
    if window.own and own.mask >> window.stream & 1:
        inside.append(own)
    return _aggregate(window, inside, own.at)


def _aggregate(window: Window, inside: list[Observation], now: int) -> Value:
    match window.aggregate:
        case Aggregate.COUNT:
            return len(inside)
        case Aggregate.RATE:
            return len(inside) * window.per_micros / window.micros
        case Aggregate.FIRST_SEEN:
            return now - inside[0].at if inside else None
        case Aggregate.TIME_SINCE_LAST:
            return now - inside[-1].at if inside else None
    assert window.column is not None, "every other aggregate looks at a column"
    if window.aggregate is Aggregate.LAST:
        return inside[-1].values[window.column] if inside else None
    known = [value for other in inside if (value := other.values[window.column]) is not None]
    if window.aggregate is Aggregate.DISTINCT:
        return len(set(known))
    numbers = [value for value in known if not isinstance(value, str)]
    if window.aggregate is Aggregate.SUM:
        return sum(numbers)
    if not numbers:
        return None
    if window.aggregate is Aggregate.AVG:
        return sum(numbers) / len(numbers)
    return min(numbers) if window.aggregate is Aggregate.MIN else max(numbers)
