"""A whole policy as SQL statements that an engine runs one after the other: facts in, verdicts out."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlglot

from countermand.policy.bound import Derived, Package
from countermand.policy.facts import fact_specs
from countermand.policy.plan import Window
from countermand.policy.sql.parts import EXACT_MAX, Part, quoted, text_literal
from countermand.policy.sql.spark import for_spark
from countermand.policy.sql.swift import SwiftGroup, SwiftWindow, can_be_swift
from countermand.policy.sql.terms import part_of
from countermand.policy.sql.verdicts import verdict_columns
from countermand.policy.sql.windows import Entries, fast_windows, slow_windows, window_part
from countermand.policy.terms import MEASURED, Symbol, Type
from countermand.vocabulary.operations import Kind

_LATER = frozenset({"outcome", "fraud"})  # known only after an operation has been decided


@dataclass(frozen=True, slots=True)
class Step:
    """One statement.

    table: its rows are kept; else it is a view. anew: it depends on the outcomes. swift: the windows that the
    engine makes by itself from the statement's rows, under the statement's name.

    Every step reads tables and views of earlier steps, and these of the engine: `facts` (a facts table: `seq
    id at kind account outcome` and `given.<name>`; `outcome` is what the filters shall see) and `labels`
    (`seq label_seq label`, every label in the order of its coming).
    """

    name: str
    sql: str
    table: bool
    anew: bool
    swift: tuple[SwiftGroup, ...] = ()

    def text(self, dialect: str = "duckdb") -> str:
        """The query for an engine: `duckdb` as written, others transpiled."""
        if dialect == "duckdb":
            return self.sql
        tree = sqlglot.parse_one(self.sql, read="duckdb")
        return (for_spark(tree) if dialect == "spark" else tree).sql(dialect=dialect)


class _Join(NamedTuple):
    """Where columns of windows are: in a table, and in another one for the rows that `askew` marks there."""

    table: str
    exact: str | None
    askew: str
    columns: list[str]


class OfflinePolicy:
    """The statements of one policy.

    sizes: for given facts that are whole numbers, the largest absolute value in the facts table (default
    2**53); rows: how many operations there are at most. Both decide only how wide sums have to be.
    swift: the engine computes windows by itself where it can. Raises PolicyError (`offline_inexact`).
    """

    def __init__(
        self, package: Package, sizes: Mapping[str, float], rows: int, *, swift: bool = False
    ) -> None:
        self._swift = swift
        self.package, self.rows = package, rows
        self.specs = fact_specs(package)
        self._sizes = sizes
        self._parts: dict[str, Part] = {}
        self._columns = {spec.name: f"f{number}" for number, spec in enumerate(self.specs)}
        self.asks_outcome = any("outcome" in term.names() for term in package.filters)
        self.asks_label = any("fraud" in term.names() for term in package.filters)
        self.steps = tuple(self._steps())

    def column(self, fact: str) -> str:
        """The column of view `known` that holds a fact."""
        return self._columns[fact]

    def part(self, fact: str) -> Part:
        """What is known of a fact's values."""
        return self._parts[fact]

    # -- the statements ---------------------------------------------------------------------------

    def _steps(self) -> list[Step]:
        given = Step("given", self._given(), True, self.asks_outcome)
        steps = [given]
        entries = self._entries()
        if self.asks_label:
            steps.append(Step("labelled", self._labelled(entries), True, self.asks_outcome))
        joins: list[_Join] = []
        if self._swift:
            steps += self._swift_steps(entries, joins)
        for number, (entity, source, anew, windows) in enumerate(self._groups(entries)):
            named = self._named(windows, entries)
            name, columns = f"windows{number}", [column for column, _ in named]
            if source == "labelled":
                sql = slow_windows(entity, named, entries, "TRUE", "labelled")
                steps.append(Step(name, sql, True, anew))
                joins.append(_Join(name, None, "", columns))
                continue
            steps.append(Step(name, fast_windows(entity, named, entries), True, anew))
            steps.append(self._exact(f"exact{number}", entity, named, entries, (name, "askew"), anew))
            joins.append(_Join(name, f"exact{number}", "askew", columns))
        steps.append(Step("known", self._known(joins), False, self.asks_outcome))
        steps.append(Step("verdicts", self._verdicts(), False, self.asks_outcome))
        return steps

    def _named(self, windows: Sequence[Window], entries: Entries) -> list[tuple[str, Window]]:
        for window in windows:
            self._parts[window.name] = window_part(window, entries, self._columns[window.name])
        return [(self._columns[window.name], window) for window in windows]

    def _exact(
        self,
        name: str,
        entity: int,
        named: list[tuple[str, Window]],
        entries: Entries,
        askew: tuple[str, str],
        anew: bool,
    ) -> Step:
        table, flag = askew
        asked = f'o."seq" IN (SELECT "seq" FROM {table} WHERE {quoted(flag)})'
        return Step(name, slow_windows(entity, named, entries, asked, "given"), True, anew)

    def _swift_steps(self, entries: Entries, joins: list[_Join]) -> list[Step]:
        """A table of what the engine computes by itself, and the exact values of what is askew there."""
        steps = []
        for anew in (False, True):
            name = f"swift{int(anew)}"
            groups, exact, found = [], [], []
            for entity, source, again, windows in self._groups(entries, swift=True):
                if again != anew or source != "given":
                    continue
                named, askew = self._named(windows, entries), f"askew{entity}"
                groups.append(self._swift_group(entity, named, askew, entries))
                found += windows
                exact.append(self._exact(f"{name}_{entity}", entity, named, entries, (name, askew), anew))
                joins.append(_Join(name, f"{name}_{entity}", askew, [column for column, _ in named]))
            if groups:
                keys = [key for group in groups for key in group.keys]
                columns = dict.fromkeys(['"seq"', '"at"', *map(quoted, keys), *entries.read(found)])
                sql = f'SELECT {", ".join(columns)} FROM given ORDER BY "seq"'
                steps += [Step(name, sql, True, anew, tuple(groups)), *exact]
        return steps

    def _swift_group(
        self, entity: int, named: list[tuple[str, Window]], askew: str, entries: Entries
    ) -> SwiftGroup:
        def bare(name: str | None) -> str | None:
            return None if name is None else name.strip('"')

        windows = tuple(
            SwiftWindow(
                column,
                window,
                bare(entries.flags[window.stream]),
                bare(entries.value(window).sql) if window.column is not None else None,
            )
            for column, window in named
        )
        return SwiftGroup(tuple(key.strip('"') for key in entries.keys[entity]), askew, windows)

    def _given(self) -> str:
        """Given facts, thresholds, what is derived from those, and the filters that need no label."""
        package = self.package
        columns = []
        thresholds = {one.name: one.symbol for one in package.thresholds}
        for name, symbol in (package.given | thresholds).items():
            part = self._given_part(symbol)
            column = self._columns[name]
            columns.append(f"CAST({quoted('given.' + name)} AS {part.column_type}) AS {quoted(column)}")
            self._parts[name] = part.named(column)
        base = f'SELECT "seq", "at", "kind", "outcome", {", ".join(columns)} FROM facts'
        derived = self._derived(package.early, base)
        flags = [
            f"COALESCE({self._filter(number)}, FALSE) AS {self._flag(number)}"
            for number, term in enumerate(package.filters)
            if "fraud" not in term.names() and self._flag(number) is not None
        ]
        return f"SELECT *, {', '.join(flags)} FROM ({derived}) AS derived" if flags else derived

    def _given_part(self, symbol: Symbol) -> Part:
        if symbol.type not in MEASURED:
            return Part("", symbol.type)
        whole = symbol.type is not Type.NUMBER
        bounds = [abs(bound) for bound in (symbol.minimum, symbol.maximum) if bound is not None]
        default = float(max(bounds)) if len(bounds) == 2 else EXACT_MAX if whole else sys.float_info.max
        return Part("", symbol.type, whole, self._sizes.get(symbol.name, default))

    def _derived(self, derived: Sequence[Derived], base: str) -> str:
        """Named expressions, each level over the one it is made from."""
        sql, waiting = base, list(derived)
        level = 0
        while waiting:
            ready = [one for one in waiting if all(name in self._parts for name in one.term.names())]
            assert ready, "what is derived has no cycles"
            columns = []
            found: dict[str, Part] = {}
            for one in ready:
                part = part_of(one.term, self._name)
                column = self._columns[one.name]
                columns.append(f"CAST({part.sql} AS {part.column_type}) AS {quoted(column)}")
                found[one.name] = part.named(column)
            self._parts.update(found)
            waiting = [one for one in waiting if one.name not in found]
            sql = f"SELECT *, {', '.join(columns)} FROM ({sql}) AS level{level}"
            level += 1
        return sql

    def _name(self, name: str) -> Part:
        if name == "outcome":
            return Part('"outcome"', Type.TEXT)
        if name == "fraud":
            return Part('l."label"', Type.BOOLEAN)
        return self._parts[name]

    def _flag(self, number: int) -> str | None:
        """The column of a filter; none for the filter that everything passes."""
        term = self.package.filters[number]
        return None if term.operator == "literal" and term.value is True else quoted(f"s{number}")

    def _filter(self, number: int) -> str:
        return part_of(self.package.filters[number], self._name).sql

    def _labelled(self, entries: Entries) -> str:
        """What enters with a label: in the order of the labels, until the operation's next label comes."""
        package = self.package
        keys = {column for parts in entries.keys for column in parts}
        columns = dict.fromkeys([*sorted(keys), *(part.sql for part in entries.columns)])
        flags = [
            f"COALESCE({self._filter(number)}, FALSE) AS {self._flag(number)}"
            for number, term in enumerate(package.filters)
            if "fraud" in term.names()
        ]
        gone = 'lead(l."label_seq") OVER (PARTITION BY l."seq" ORDER BY l."label_seq") AS "gone"'
        return (
            f'SELECT l."label_seq" AS "seq", {gone}, g."at" AS "at", {", ".join([*columns, *flags])} '
            'FROM labels AS l JOIN given AS g ON g."seq" = l."seq"'
        )

    def _entries(self) -> Entries:
        plan = self.package.plan
        return Entries(
            plan,
            tuple(tuple(quoted(self._columns[name]) for name in entity) for entity in plan.entities),
            tuple(self._flag(number) for number in range(plan.streams)),
            tuple(self._parts[column.name] for column in plan.columns),
            self.rows,
        )

    def _groups(self, entries: Entries, *, swift: bool = False) -> list[tuple[int, str, bool, list[Window]]]:
        """Windows that are computed in one statement: of one entity, over one source, needed anew or not."""
        groups: dict[tuple[int, str, bool], list[Window]] = {}
        for window in self.package.plan.windows:
            names = _LATER & set(self.package.filters[window.stream].names())
            source = "labelled" if "fraud" in names else "given"
            by_itself = self._swift and source == "given" and can_be_swift(window, entries)
            if by_itself != swift:
                continue
            groups.setdefault((window.entity, source, "outcome" in names), []).append(window)
        return [(*key, windows) for key, windows in groups.items()]

    def _known(self, joins: Sequence[_Join]) -> str:
        """All facts of every operation, in their columns."""
        columns, sources = [], ["given"]
        tables = dict.fromkeys(join.table for join in joins)
        sources += [f'LEFT JOIN {table} ON {table}."seq" = given."seq"' for table in tables]
        for join in joins:
            exact = join.exact
            if exact is not None:
                sources.append(f'LEFT JOIN {exact} ON {exact}."seq" = given."seq"')
            for column in join.columns:
                fast, slow = f"{join.table}.{quoted(column)}", f"{exact}.{quoted(column)}"
                chosen = f"CASE WHEN {join.table}.{quoted(join.askew)} THEN {slow} ELSE {fast} END"
                columns.append(f"{fast if exact is None else chosen} AS {quoted(column)}")
        base = f"SELECT {', '.join(['given.*', *columns])} FROM {' '.join(sources)}"
        return self._scored(self._derived(self.package.late, base))

    def _scored(self, base: str) -> str:
        """The scores of the models over all other facts, by the function that the engine brings along."""
        columns: list[str] = []
        for model in self.package.models:
            doubles = [f"COALESCE({self._double(name)}, CAST('NaN' AS DOUBLE))" for name in model.inputs]
            score = f"model_score({text_literal(model.name)}, [{', '.join(doubles)}])"
            needed = [f"{self._parts[one].sql} IS NOT NULL" for one in model.inputs if one in model.essential]
            if model.kinds is not None:
                kinds = ", ".join(f"'{kind.value}'" for kind in sorted(model.kinds))
                needed.insert(0, f'"kind" IN ({kinds})')
            column = self._columns[model.fact]
            columns.append(
                f"CASE WHEN {' AND '.join(needed)} THEN {score} END AS {quoted(column)}"
                if needed
                else f"{score} AS {quoted(column)}"
            )
            self._parts[model.fact] = Part(quoted(column), Type.NUMBER, size=1)
        return f"SELECT *, {', '.join(columns)} FROM ({base}) AS unscored" if columns else base

    def _double(self, name: str) -> str:
        part = self._parts[name]
        return f"CAST({part.sql} AS DOUBLE)" if part.type is Type.BOOLEAN else part.as_double()

    def _verdicts(self) -> str:
        conditions: list[str] = []
        for rule in self.package.rules:
            sql = part_of(rule.when, self._name).sql
            if rule.kinds is not None:
                sql = f"CASE WHEN {in_kinds(rule.kinds)} THEN {sql} ELSE FALSE END"
            conditions.append(sql)
        return verdict_columns(self.package, conditions, self._amount())

    def _amount(self) -> str:
        return self._parts["amount"].sql if "amount" in self._parts else "NULL"


def in_kinds(kinds: Collection[Kind]) -> str:
    """SQL that is true for operations of these kinds."""
    return f'"kind" IN ({", ".join(text_literal(kind.value) for kind in sorted(kinds))})'
