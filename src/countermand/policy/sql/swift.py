"""Which windows an engine may compute by itself, outside SQL, and what it must know for that."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from countermand.policy.plan import Aggregate, Window
from countermand.policy.sql.parts import BIGINT_MAX, EXACT_MAX
from countermand.policy.sql.windows import Entries
from countermand.policy.terms import Type


class SwiftWindow(NamedTuple):
    """One window: the name of its result, and the columns of its filter (None: all count) and its value."""

    name: str
    window: Window
    flag: str | None
    column: str | None


class SwiftGroup(NamedTuple):
    """Windows of one key. `askew` names the column that says where a value is not exact, as SQL's does."""

    keys: tuple[str, ...]
    askew: str
    windows: tuple[SwiftWindow, ...]


def can_be_swift(window: Window, entries: Entries) -> bool:
    """Whether 64 bits and doubles hold everything on the way exactly; limits look ahead, and stay in SQL."""
    if window.ahead:
        return False
    rows = float(entries.rows)
    if window.aggregate is Aggregate.RATE:
        return rows * reduced_rate(window)[0] <= EXACT_MAX
    if window.column is None:
        return True
    value = entries.value(window)
    if value.wide or value.type is Type.NULL:
        return False
    if window.aggregate is Aggregate.SUM:
        return value.size * rows < BIGINT_MAX
    if window.aggregate is Aggregate.AVG:
        return value.size * rows <= EXACT_MAX
    if window.aggregate in (Aggregate.MIN, Aggregate.MAX, Aggregate.DISTINCT):
        return value.whole or value.type is Type.TEXT  # doubles have two zeros
    return True


def reduced_rate(window: Window) -> tuple[int, int]:
    """`per / over` of a rate in lowest terms."""
    common = gcd(window.per_micros, window.micros)
    return window.per_micros // common, window.micros // common
