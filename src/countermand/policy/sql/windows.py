"""The windows of a plan as SQL, exact for late arrivals and ties: running totals, and a join for the rest.

Within one key and in order of (instant, recording) most operations find everything recorded before them in
front of them and nothing else. For these a window is the running total up to the operation minus the total
up to the window's open end, or a frame. For the others (something in front of them was recorded later, or
has the same instant) the definition itself is evaluated, as a join of the operation with what it may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import gcd

from countermand.policy.plan import CAN_LOOK_AHEAD, Aggregate, FeaturePlan, Window
from countermand.policy.sql.parts import Part, checked, constant, quoted, quotient
from countermand.policy.terms import Type

_EXTREMES = frozenset({Aggregate.MIN, Aggregate.MAX, Aggregate.DISTINCT})
_AT, _SEQ = '"at"', '"seq"'
_BOTH = '"at", "seq"'


@dataclass(frozen=True, slots=True)
class Entries:
    """What the windows read: the names of columns in the table of given facts.

    keys: by entity, the columns of its parts. flags: by stream, the column that says whether it counts
    (None: all do). columns: by column of the plan. rows: how many operations there are at most.
    """

    plan: FeaturePlan
    keys: tuple[tuple[str, ...], ...]
    flags: tuple[str | None, ...]
    columns: tuple[Part, ...]
    rows: int

    def value(self, window: Window) -> Part:
        """The column that a window aggregates."""
        assert window.column is not None, "asked only of aggregates with a column"
        return self.columns[window.column]

    def read(self, windows: Sequence[Window]) -> list[str]:
        """All columns but the keys that these windows need."""
        flags = [flag for one in windows if (flag := self.flags[one.stream]) is not None]
        return list(dict.fromkeys(flags + [self.value(one).sql for one in windows if one.column is not None]))


def window_part(window: Window, entries: Entries, name: str) -> Part:
    """What is known of a window's value, read from a column."""
    sql, rows = quoted(name), float(entries.rows)
    match window.aggregate:
        case Aggregate.COUNT | Aggregate.DISTINCT:
            return Part(sql, Type.INTEGER, True, rows)
        case Aggregate.RATE:
            return Part(sql, Type.NUMBER, False, rows * window.per_micros)
        case Aggregate.FIRST_SEEN | Aggregate.TIME_SINCE_LAST:
            return Part(sql, Type.DURATION, True, float(window.micros))
    value = entries.value(window)
    if window.aggregate is Aggregate.SUM:
        return checked(Part(sql, value.type, True, value.size * rows))
    if window.aggregate is Aggregate.AVG:
        return Part(sql, value.type, False, value.size)
    return value.named(name)


@dataclass
class _Writer:
    """Collects the window functions of one entity, each written once."""

    entries: Entries
    keys: tuple[str, ...]
    found: dict[str, str] = field(default_factory=dict)

    def over(self, function: str, order: str, frame: str) -> str:
        """The column that holds this function over this frame."""
        sql = f"{function} OVER (PARTITION BY {', '.join(self.keys)} ORDER BY {order} {frame})"
        return self.found.setdefault(sql, f'"x{len(self.found)}"')

    def in_turn(self, function: str, until: str = "CURRENT ROW") -> str:
        """In order of (instant, recording), up to this operation."""
        return self.over(function, '"at", "seq"', f"ROWS BETWEEN UNBOUNDED PRECEDING AND {until}")

    def recorded(self, function: str, until: str) -> str:
        """In order of recording, up to this operation."""
        return self.over(function, '"seq"', f"ROWS BETWEEN UNBOUNDED PRECEDING AND {until}")

    def until(self, function: str, micros: int) -> str:
        """All that occurred at least so long ago."""
        return self.over(function, '"at"', f"RANGE BETWEEN UNBOUNDED PRECEDING AND {micros} PRECEDING")

    def between(self, function: str, window: Window) -> str:
        """A frame of time, its own instant included only where the operation itself may be."""
        delay = delay_of(window)
        end = f"{delay} PRECEDING" if delay else "CURRENT ROW" if window.own else "1 PRECEDING"
        return self.over(function, '"at"', f"RANGE BETWEEN {window.micros - 1 + delay} PRECEDING AND {end}")

    # -- values -----------------------------------------------------------------------------------

    def counted(self, window: Window, value: str | None = None) -> str:
        """`value` where the operation counts in the window's stream, else NULL."""
        flag = self.entries.flags[window.stream]
        taken = value if value is not None else "1"
        return taken if flag is None else f"CASE WHEN {flag} THEN {taken} END"

    def total(self, window: Window, function: str, own: str) -> str:
        """A count or a sum as the difference of two running totals; `own` is this operation's share."""
        delay = delay_of(window)
        before = self.until(function, window.micros + delay)
        if delay:
            return f"(COALESCE({self.until(function, delay)}, 0) - COALESCE({before}, 0))"
        if window.ahead:
            whole = self.recorded(function, "CURRENT ROW" if window.own else "1 PRECEDING")
            return f"(COALESCE({whole}, 0) - COALESCE({before}, 0))"
        share = "" if window.own else f" - {own}"
        return f"(COALESCE({self.in_turn(function)}, 0) - COALESCE({before}, 0){share})"

    def count(self, window: Window) -> str:
        flag = self.entries.flags[window.stream]
        own = "1" if flag is None else f"CASE WHEN {flag} THEN 1 ELSE 0 END"
        return self.total(window, f"count({self.counted(window)})" if flag else "count(*)", own)

    def value(self, window: Window) -> str:
        match window.aggregate:
            case Aggregate.COUNT:
                return self.count(window)
            case Aggregate.RATE:
                return rate(window, self.count(window), self.entries)
            case Aggregate.FIRST_SEEN:
                first = self.between(f"min({self.counted(window, _AT)})", _with_own(window))
                last = self.in_turn(f"max({self.counted(window, _AT)})", "1 PRECEDING")
                return f'CASE WHEN {first} < "at" THEN "at" - {first} WHEN {last} = "at" THEN 0 END'
            case Aggregate.TIME_SINCE_LAST:
                last = self.in_turn(f"max({self.counted(window, _AT)})", "1 PRECEDING")
                return f'CASE WHEN {last} > "at" - {window.micros} THEN "at" - {last} END'
            case Aggregate.LAST:
                return self._last(window)
            case Aggregate.SUM:
                return self._sum(window)
            case Aggregate.AVG:
                column = self.entries.value(window).sql
                known = self.counted(window, column)
                own = f"CASE WHEN {known} IS NULL THEN 0 ELSE 1 END"
                return mean(
                    self._sum(window), self.total(window, f"count({known})", own), window, self.entries
                )
        column = self.counted(window, self.entries.value(window).sql)
        function = {"min": "min({})", "max": "max({})", "distinct": "count(DISTINCT {})"}[window.aggregate]
        return self.between(function.format(column), window)

    def _sum(self, window: Window) -> str:
        known = self.counted(window, self.entries.value(window).sql)
        whole = window_part(_summed(window), self.entries, "")
        own = f"COALESCE({known}, 0)"
        return f"CAST({self.total(window, f'sum({known})', own)} AS {whole.column_type})"

    def _last(self, window: Window) -> str:
        column = self.entries.value(window).sql
        held = self.counted(window, f"struct_pack(t := {_AT}, s := {_SEQ}, v := {column})")
        if delay := delay_of(window):
            found = self.until(f"max({held})", delay)
        else:
            found = self.in_turn(f"last_value({held} IGNORE NULLS)", "1 PRECEDING")
        return f'CASE WHEN ({found}).t > "at" - {window.micros + delay} THEN ({found}).v END'


def delay_of(window: Window) -> int:
    """How far the window's end lies before the operation, in microseconds."""
    return window.delay_micros


def _with_own(window: Window) -> Window:
    return replace(window, own=True)


def _summed(window: Window) -> Window:
    return replace(window, aggregate=Aggregate.SUM)


def rate(window: Window, count: str, entries: Entries) -> str:
    """The count x per / over, rounded once."""
    common = gcd(window.per_micros, window.micros)
    per, over = window.per_micros // common, window.micros // common
    times = checked(Part(f"({count} * {per})", Type.INTEGER, True, float(entries.rows) * per))
    return quotient(times, constant(over, Type.INTEGER))


def mean(total: str, count: str, window: Window, entries: Entries) -> str:
    """The sum / the count, rounded once; unknown where nothing was counted."""
    whole = window_part(_summed(window), entries, "")
    divisor = Part(f"NULLIF({count}, 0)", Type.INTEGER, True, float(entries.rows))
    return quotient(Part(total, whole.type, True, whole.size), divisor)


def fast_windows(entity: int, windows: Sequence[tuple[str, Window]], entries: Entries) -> str:
    """One row an operation that has the entity's key: the windows, and `askew` where they are not exact.

    Reads table `given`; each window comes under its name.
    """
    keys = entries.keys[entity]
    writer = _Writer(entries, keys)
    plain = [window for _, window in windows]
    values = [f"{writer.value(window)} AS {quoted(name)}" for name, window in windows]
    askew = [f'{writer.in_turn("max(" + _SEQ + ")")} > "seq"']
    extremes = [one for one in plain if one.aggregate in _EXTREMES and not delay_of(one)]
    if extremes:
        askew.append(f'COALESCE({writer.over("lead(" + _AT + ")", _BOTH, "")} = "at", FALSE)')
    if any(not one.own for one in extremes):
        askew.append(f'COALESCE({writer.over("lag(" + _AT + ")", _BOTH, "")} = "at", FALSE)')
    inner = ", ".join([*keys, _SEQ, _AT, *entries.read(plain)])
    found = ", ".join(f"{sql} AS {name}" for sql, name in writer.found.items())
    present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f'SELECT "seq", {", ".join(values)}, {" OR ".join(askew)} AS "askew" FROM '
        f"(SELECT {inner}, {found} FROM given WHERE {present}) AS counted"
    )


def slow_windows(
    entity: int, windows: Sequence[tuple[str, Window]], entries: Entries, asked: str, source: str
) -> str:
    """The definition itself: each operation of `asked` joined with all of `source` that it may see.

    `asked` is a condition on table `given` as `o`. `source` is `given`, or a table of the same columns with
    `seq` the order in which an entry came and `gone` the order in which it left again, if it did.
    """
    keys = entries.keys[entity]
    plain = [window for _, window in windows]
    longest = max(one.micros + delay_of(one) for one in plain)
    joined = [f"b.{key} = o.{key}" for key in keys]
    joined += ['b."seq" <= o."seq"', f'b."at" > o."at" - {longest}']
    if not any(one.ahead for one in plain):
        joined.append('b."at" <= o."at"')
    if source != "given":
        joined.append('(b."gone" IS NULL OR b."gone" > o."seq")')
    values = ", ".join(f"{_defined(window, entries)} AS {quoted(name)}" for name, window in windows)
    present = " AND ".join(f"o.{key} IS NOT NULL" for key in keys)
    return (
        f'SELECT o."seq" AS "seq", {values} FROM given AS o LEFT JOIN {source} AS b '
        f'ON {" AND ".join(joined)} WHERE {present} AND {asked} GROUP BY o."seq", o."at"'
    )


def _defined(window: Window, entries: Entries) -> str:
    """One window over the joined rows `b` of the operation `o`."""
    flag, delay = entries.flags[window.stream], delay_of(window)
    inside = [f'b."at" > o."at" - {window.micros + delay}']
    if not window.ahead:
        inside.append(f'b."at" <= o."at" - {delay}')
    if flag is not None:
        inside.append(f"b.{flag}")
    if not window.own or delay:
        inside.append('b."seq" < o."seq"')
    counts = " AND ".join(inside)

    def picked(value: str) -> str:
        return f"CASE WHEN {counts} THEN {value} END"

    count = f"count({picked('1')})"
    match window.aggregate:
        case Aggregate.COUNT:
            return count
        case Aggregate.RATE:
            return rate(window, count, entries)
        case Aggregate.FIRST_SEEN:
            return f'o."at" - min({picked("b." + _AT)})'
        case Aggregate.TIME_SINCE_LAST:
            return f'o."at" - max({picked("b." + _AT)})'
    column = f"b.{entries.value(window).sql}"
    if window.aggregate is Aggregate.LAST:
        held = f"struct_pack(t := b.{_AT}, s := b.{_SEQ}, v := {column})"
        return f"(max({picked(held)})).v"
    if window.aggregate in CAN_LOOK_AHEAD:
        whole = window_part(_summed(window), entries, "")
        total = f"CAST(COALESCE(sum({picked(column)}), 0) AS {whole.column_type})"
        if window.aggregate is Aggregate.SUM:
            return total
        return mean(total, f"count({picked(column)})", window, entries)
    distinct = "DISTINCT " if window.aggregate is Aggregate.DISTINCT else ""
    function = {"min": "min", "max": "max", "distinct": "count"}[window.aggregate]
    return f"{function}({distinct}{picked(column)})"
