"""The windows of any policy as SQL over a plain table: what a team would write first.

One row per operation with its fields as columns, an index for every key, and one subquery per feature with
the feature's own conditions. The tuned form beside it is `window_sql`.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.window_sql import WindowSql

from countermand.policy.plan import Aggregate, Observation
from countermand.policy.program import Facts, Program
from countermand.policy.sql.parts import Part
from countermand.policy.sql.terms import part_of
from countermand.policy.terms import MEASURED, Type


class PlainSql(WindowSql):
    """SQL for one program: `schema`, `indexes`, `read`, `insert`, in the shape of WindowSql."""

    def __init__(self, program: Program) -> None:
        package, plan = program.package, program.plan
        asked = {name for term in package.filters for name in term.names()} - {"outcome", "fraud"}
        asked |= {name for entity in plan.entities for name in entity}
        asked |= {column.name for column in plan.columns}
        self.fields = sorted(asked - {"occurred_at"})
        self.keys = sorted({name for entity in plan.entities for name in entity})
        super().__init__(program)
        types = {spec.name: self._type(spec.type) for spec in program.specs}
        declared = ", ".join(f'"{name}" {types[name]}' for name in self.fields)
        head, _, rest = self.schema.partition(";")
        assert head.startswith("CREATE TABLE operation_seen"), "the first statement is the table's"
        self.columns = ["id", "at", "outcome", *self.fields]
        self.schema = (
            "CREATE TABLE operation_seen (seq bigint GENERATED ALWAYS AS IDENTITY, id text PRIMARY KEY, "
            f"at bigint NOT NULL, outcome text NOT NULL, {declared});{rest}"
        )
        names = ", ".join(f'"{name}"' for name in self.columns)
        marks = ", ".join(f"${n + 1}" for n in range(len(self.columns)))
        last = len(self.columns)
        self.insert = (
            f"WITH seen AS (INSERT INTO operation_seen ({names}) VALUES ({marks})) "
            "INSERT INTO decision_made (operation, decision, outcome, body, facts, answer) "
            f"VALUES ($1, ${last + 1}, ${last + 2}, ${last + 3}, ${last + 4}, ${last + 5})"
        )

    @staticmethod
    def _type(type_: Type) -> str:
        if type_ is Type.NUMBER:
            return "double precision"
        return "bigint" if type_ in MEASURED else "boolean" if type_ is Type.BOOLEAN else "text"

    def _index(self, entity: int) -> str:
        names = ", ".join(f'"{name}"' for name in self.plan.entities[entity])
        return f"CREATE INDEX ON operation_seen ({names}, at);"

    def _read(self) -> str:
        parts, selected = [], []
        for number, window in enumerate(self.plan.windows):
            pieces = self._pieces(number)
            names = [f"f{len(selected) + place}" for place in range(len(pieces))]
            selected += names
            body = ", ".join(f"{piece} AS {name}" for piece, name in zip(pieces, names, strict=True))
            key = " AND ".join(f'"{name}" = {self._mark(name)}' for name in self.plan.entities[window.entity])
            until = "" if window.ahead else "AND at <= $1 "
            parts.append(
                f"(SELECT {body} FROM operation_seen WHERE {key} AND at > $1 - {window.micros}::bigint "
                f"{until}AND ({self._condition(window.stream)})) AS w{number}"
            )
        return f"SELECT {', '.join(selected)} FROM {' CROSS JOIN '.join(parts)}"

    def _mark(self, name: str) -> str:
        return f"${2 + self.keys.index(name)}"

    def _condition(self, stream: int) -> str:
        specs = {spec.name: spec for spec in self.program.specs}

        def named(name: str) -> Part:
            if name == "outcome":
                return Part('"outcome"', Type.TEXT)
            type_ = specs[name].type
            return Part(
                f'"{name}"', type_, whole=type_ in MEASURED and type_ is not Type.NUMBER, size=2.0**53
            )

        return part_of(self.program.package.filters[stream], named).sql

    def _pieces(self, number: int) -> list[str]:
        """The same aggregates as the tuned form, over named columns and without its FILTER."""
        plain = super()._pieces(number)
        window = self.plan.windows[number]
        if window.aggregate is Aggregate.DISTINCT:
            assert window.column is not None, "distinct looks at a column"
            own = f"${2 + len(self.keys) + self.own_columns.index(window.column)}"
            name = f'"{self.plan.columns[window.column].name}"'
            return [f"count(DISTINCT {name})", f"coalesce(bool_or({name} = {own}), false)"]
        found = []
        for piece in plain:
            before, inside, after = piece.partition(" FILTER (WHERE")
            assert inside, "every aggregate of the tuned form has a filter"
            text = before + after[after.index("<> 0)") + len("<> 0)") :]
            if window.column is not None:
                text = text.replace(f"v{window.column}", f'"{self.plan.columns[window.column].name}"')
            found.append(text)
        return found

    def arguments_of(self, own: Observation, given: Facts) -> list[Any]:
        """What `read` is asked with: the instant, the fields that are keys, then own values."""
        index = self.program.index
        keys = [given[index[name]] for name in self.keys]
        return [own.at, *keys, *(own.values[column] for column in self.own_columns)]

    def row_of(self, operation_id: str, seen: Observation, given: Facts, outcome: str) -> list[Any]:
        """The columns of one operation, in the order of `columns`."""
        index = self.program.index
        return [operation_id, seen.at, outcome, *(given[index[name]] for name in self.fields)]
