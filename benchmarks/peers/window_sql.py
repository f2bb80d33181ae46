"""The windows of any policy as SQL over one indexed table: what a team without a feature store would write.

One row per operation: its instant, the keys of the policy's entities, the filters that held as bits, the
values that are aggregated. One statement reads everything: per entity one scan of that key's operations with
a FILTER per feature, over an index that covers it, so the heap is not touched.
"""

from __future__ import annotations

from typing import Any

from countermand.policy.plan import Aggregate, ColumnKind, Observation, Window
from countermand.policy.program import Facts, Program

_TYPES = {ColumnKind.INTEGER: "bigint", ColumnKind.NUMBER: "double precision", ColumnKind.TEXT: "text"}


class WindowSql:
    """SQL for one program: `schema`, `indexes`, `read` ($1 own instant, then the keys), `insert`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = plan = program.plan
        keys = [f"k{n}" for n in range(len(plan.entities))]
        values = [f"v{n}" for n in range(len(plan.columns))]
        self.columns = ["id", "at", "mask", *keys, *values]
        types = ["text PRIMARY KEY", "bigint NOT NULL", "bigint NOT NULL", *("text" for _ in keys)]
        types += [_TYPES[column.kind] for column in plan.columns]
        declared = ", ".join(f"{name} {kind}" for name, kind in zip(self.columns, types, strict=True))
        self.schema = (
            f"CREATE TABLE operation_seen (seq bigint GENERATED ALWAYS AS IDENTITY, {declared});"
            "CREATE TABLE decision_made (operation text PRIMARY KEY, decision text NOT NULL, "
            "outcome text NOT NULL, body jsonb NOT NULL, facts bytea NOT NULL, answer bytea NOT NULL);"
            "CREATE TABLE account (id text PRIMARY KEY, type text, frozen boolean NOT NULL DEFAULT false);"
        )
        self.by_entity = [
            [n for n, window in enumerate(plan.windows) if window.entity == entity]
            for entity in range(len(keys))
        ]
        self.indexes = "".join(self._index(entity) for entity in range(len(keys)) if self.by_entity[entity])
        # A parameter that no feature looks at would have no type.
        self.own_columns = sorted(
            {w.column for w in plan.windows if w.aggregate is Aggregate.DISTINCT and w.column is not None}
        )
        self.pieces: list[tuple[int, str]] = []
        self.read = self._read()
        marks = ", ".join(f"${n + 1}" for n in range(len(self.columns)))
        last = len(self.columns)
        self.insert = (
            f"WITH seen AS (INSERT INTO operation_seen ({', '.join(self.columns)}) VALUES ({marks})) "
            "INSERT INTO decision_made (operation, decision, outcome, body, facts, answer) "
            f"VALUES ($1, ${last + 1}, ${last + 2}, ${last + 3}, ${last + 4}, ${last + 5})"
        )

    def _index(self, entity: int) -> str:
        used = sorted({c for n in self.by_entity[entity] if (c := self.plan.windows[n].column) is not None})
        covered = ", ".join(["mask", "seq", *(f"v{column}" for column in used)])
        return (
            f"CREATE INDEX ON operation_seen (k{entity}, at) INCLUDE ({covered}) WHERE k{entity} IS NOT NULL;"
        )

    def _read(self) -> str:
        parts, selected = [], []
        for entity, windows in enumerate(self.by_entity):
            if not windows:
                continue
            longest = max(self.plan.windows[n].micros for n in windows)
            pieces = [piece for n in windows for piece in self._pieces(n)]
            names = [f"f{len(selected) + place}" for place in range(len(pieces))]
            selected += [f"e{entity}.{name}" for name in names]
            body = ", ".join(f"{piece} AS {name}" for piece, name in zip(pieces, names, strict=True))
            parts.append(
                f"(SELECT {body} FROM operation_seen WHERE k{entity} = ${entity + 2} "
                f"AND at > $1 - {longest}::bigint AND at <= $1) AS e{entity}"
            )
        return f"SELECT {', '.join(selected)} FROM {' CROSS JOIN '.join(parts)}"

    def _pieces(self, number: int) -> list[str]:
        """The aggregates that one feature is made of; the operation's own part is added in Python."""
        window = self.plan.windows[number]
        inside = (
            f"FILTER (WHERE at > $1 - {window.micros}::bigint AND mask & {1 << window.stream}::bigint <> 0"
        )
        column = None if window.column is None else f"v{window.column}"
        own = ""
        if window.aggregate is Aggregate.DISTINCT:
            assert window.column is not None, "distinct looks at a column"
            own = f"${2 + len(self.plan.entities) + self.own_columns.index(window.column)}"
        match window.aggregate:
            case Aggregate.COUNT | Aggregate.RATE:
                kinds = [("count", f"count(*) {inside})")]
            case Aggregate.SUM:
                kinds = [("sum", f"coalesce(sum({column}) {inside}), 0)::bigint")]
            case Aggregate.AVG:
                kinds = [
                    ("sum", f"coalesce(sum({column}) {inside}), 0)::bigint"),
                    ("count", f"count({column}) {inside})"),
                ]
            case Aggregate.MIN | Aggregate.MAX:
                kinds = [("most", f"{window.aggregate.value}({column}) {inside})")]
            case Aggregate.DISTINCT:
                kinds = [("count", f"count(DISTINCT {column}) {inside})")]
                kinds.append(("has_own", f"coalesce(bool_or({column} = {own}) {inside}), false)"))
            case Aggregate.FIRST_SEEN:
                kinds = [("first", f"min(at) {inside})")]
            case Aggregate.TIME_SINCE_LAST:
                kinds = [("last", f"max(at) {inside})")]
            case Aggregate.LAST:
                kinds = [("value", f"(array_agg({column} ORDER BY at DESC, seq DESC) {inside}))[1]")]
        self.pieces += [(number, name) for name, _ in kinds]
        return [text for _, text in kinds]

    def arguments_of(self, own: Observation, _given: Facts) -> list[Any]:
        """What `read` is asked with."""
        return [own.at, *own.keys, *(own.values[column] for column in self.own_columns)]

    def row_of(self, operation_id: str, seen: Observation, _given: Facts, _outcome: str) -> list[Any]:
        """The columns of one operation, in the order of `columns`."""
        return [operation_id, seen.at, seen.mask, *seen.keys, *seen.values]

    def values(self, row: Any, own: Observation) -> list[Any]:
        """The features in the plan's order, the operation's own part included where the plan says so."""
        found: list[dict[str, Any]] = [{} for _ in self.plan.windows]
        for (number, name), value in zip(self.pieces, row, strict=True):
            found[number][name] = value
        return [self._value(window, found[n], own) for n, window in enumerate(self.plan.windows)]

    def _value(self, window: Window, found: dict[str, Any], own: Observation) -> Any:
        if own.keys[window.entity] is None:
            return None
        counts = window.own and bool(own.mask >> window.stream & 1)
        mine = None if window.column is None else own.values[window.column]
        match window.aggregate:
            case Aggregate.COUNT:
                return found["count"] + counts
            case Aggregate.RATE:
                return (found["count"] + counts) * window.per_micros / window.micros
            case Aggregate.SUM:
                return found["sum"] + (mine if counts and mine is not None else 0)
            case Aggregate.AVG:
                known = counts and mine is not None
                count = found["count"] + known
                return (found["sum"] + (mine if known else 0)) / count if count else None
            case Aggregate.MIN | Aggregate.MAX:
                both = [value for value in (found["most"], mine if counts else None) if value is not None]
                return (min if window.aggregate is Aggregate.MIN else max)(both) if both else None
            case Aggregate.DISTINCT:
                return found["count"] + (counts and mine is not None and not found["has_own"])
            case Aggregate.FIRST_SEEN:
                return None if found["first"] is None else own.at - found["first"]
            case Aggregate.TIME_SINCE_LAST:
                return None if found["last"] is None else own.at - found["last"]
        return found["value"]
