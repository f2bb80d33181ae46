"""Runs a policy's SQL in DuckDB: in bounded memory, over Parquet files, with what SQL lacks taken from us."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from countermand.adapters.offline.comparison import compared_facts, decided_rows
from countermand.adapters.offline.results import in_words
from countermand.kernel.errors import SetupError
from countermand.policy.bound import Package
from countermand.policy.emit import distance_km
from countermand.policy.ports import Scorers
from countermand.policy.sql.parts import quoted, text_literal
from countermand.policy.sql.steps import OfflinePolicy, Step
from countermand.policy.terms import MEASURED, Type
from countermand.vocabulary.facts_table import FactsTable
from countermand.vocabulary.offline import Compared, Decided
from countermand.vocabulary.outcomes import Outcome

PASSES_MAX = 1000
_OUTCOME_WORD = " ".join(f"WHEN {outcome.value} THEN '{outcome.word}'" for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: MiB of memory (more goes to files in `spill`), and threads."""

    memory_mib: int = 4096
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    spill: Path | None = None


@dataclass
class DuckDbRun:
    """One policy over one facts table. Build with `DuckDbEngine.run`; close it, or use it in `with`."""

    package: Package
    policy: OfflinePolicy
    connection: duckdb.DuckDBPyConnection
    passes: int = 0
    _ready: bool = field(default=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of memory and files."""
        self.connection.close()

    def results(self) -> pa.Table:
        """The results table in order of `seq`: see `results.RESULT_COLUMNS`."""
        sql = (
            'SELECT f."id", f."at", f."kind", f."account", f."label", v.* FROM verdicts AS v '
            'JOIN facts AS f ON f."seq" = v."seq" ORDER BY v."seq"'
        )
        verdicts = self.connection.sql(sql).to_arrow_table()
        return in_words(verdicts, [rule.id for rule in self.package.rules], self.package)

    def facts(self, names: Sequence[str] | None = None) -> pa.Table:
        """Facts by name (default: all) and `seq`, in order of `seq`; what exceeds 64 bits as decimal(38)."""
        chosen = [spec.name for spec in self.policy.specs] if names is None else names
        columns = ['"seq"']
        for name in chosen:
            part = self.policy.part(name)
            value = quoted(self.policy.column(name))
            value = f"CAST({value} AS DECIMAL(38, 0))" if part.wide else value
            columns.append(f"{value} AS {quoted(name)}")
        sql = f'SELECT {", ".join(columns)} FROM known ORDER BY "seq"'
        return self.connection.sql(sql).to_arrow_table()

    def compared(self, label: str) -> list[Compared]:
        """Every calculated fact beside its recorded value, for the operations that the policy decided."""
        return compared_facts(self.connection, self.policy, label)

    def decided(self, label: str) -> Iterator[list[Decided]]:
        """The operations that the policy decided, as recorded and as the SQL decides them, in order."""
        return decided_rows(self.connection, self.policy, label)

    def evaluate(self) -> None:
        """Run every step; where filters look at outcomes, again until no outcome changes any more."""
        for step in self.policy.steps:
            self._make(step)

    def settle(self) -> None:
        """Replace the outcomes that filters look at by the policy's own, until they stay the same.

        An outcome depends on earlier operations only, so each pass settles at least one more of them.
        """
        while self.policy.asks_outcome and self.passes < PASSES_MAX:
            self.passes += 1
            changed = self._answer()
            if not changed:
                return
            for step in self.policy.steps:
                if step.anew and step.table:
                    self._make(step)
        if self.policy.asks_outcome:
            raise SetupError(
                "offline_not_settled",
                f"After {PASSES_MAX} passes outcomes still change each other; choose a shorter time span.",
                f"经过 {PASSES_MAX} 轮后结果仍在互相影响；请缩短时间范围。",
            )

    def _answer(self) -> int:
        """Take this pass's outcomes over; how many changed."""
        run = self.connection.execute
        run(
            'CREATE OR REPLACE TEMP TABLE answered AS SELECT "seq", '
            f"CASE outcome {_OUTCOME_WORD} END AS outcome FROM verdicts"
        )
        changed = run(
            'SELECT count(*) FROM answered AS a JOIN facts AS f ON f."seq" = a."seq" '
            'WHERE a.outcome IS DISTINCT FROM f."outcome"'
        ).fetchone()
        run("CREATE OR REPLACE TEMP TABLE answers AS SELECT * FROM answered")
        run(
            'CREATE OR REPLACE TEMP VIEW facts AS SELECT r.* REPLACE (a.outcome AS "outcome") '
            'FROM recorded AS r JOIN answers AS a ON a."seq" = r."seq"'
        )
        return int(changed[0]) if changed else 0

    def _make(self, step: Step) -> None:
        if step.swift:
            from countermand.adapters.offline.swift import swift_windows

            found = swift_windows(self.connection.sql(step.sql).to_arrow_table(), step.swift)
            self.connection.register(step.name, found)
            return
        what = "TABLE" if step.table else "VIEW"
        self.connection.execute(f"CREATE OR REPLACE TEMP {what} {step.name} AS {step.sql}")


@dataclass(frozen=True, slots=True)
class DuckDbEngine:
    """Runs policies over facts tables. Without `scorers` the policies' models say nothing: no score is known.

    swift: windows are computed by numba where it is installed, else all of them in SQL.
    """

    limits: Limits = field(default_factory=Limits)
    scorers: Scorers | None = None
    swift: bool = field(default_factory=lambda: find_spec("numba") is not None)

    def run(self, package: Package, facts: FactsTable | pa.Table, *, settle: bool) -> DuckDbRun:
        """The policy over the facts: a table on disk, or one in memory with the same columns.

        settle: filters that look at outcomes see this policy's own; else what was recorded.
        Raises PolicyError (`offline_inexact`), SetupError (`offline_not_settled`).
        """
        connection = self._connected()
        try:
            _teach_scores(connection, package, self.scorers)
            rows = _attach(connection, facts)
            policy = OfflinePolicy(package, _sizes(connection, package), rows, swift=self.swift)
            run = DuckDbRun(package, policy, connection)
            run.evaluate()
            if settle:
                run.settle()
        except BaseException:
            connection.close()
            raise
        return run

    def _connected(self) -> duckdb.DuckDBPyConnection:
        limits = self.limits
        config: dict[str, Any] = {
            "threads": limits.threads,
            "memory_limit": f"{limits.memory_mib}MiB",
            "preserve_insertion_order": False,
        }
        if limits.spill is not None:
            config["temp_directory"] = str(limits.spill)
        connection = duckdb.connect(config=config)
        _teach(connection)
        return connection


def _teach_scores(connection: duckdb.DuckDBPyConnection, package: Package, scorers: Scorers | None) -> None:
    """The scores of the package's models, row by row as they are live: a batch may differ in the last bit."""
    found = {one.name: scorers.scorer(one) for one in package.models} if scorers is not None else {}

    def model_score(names: pa.ChunkedArray, inputs: pa.ChunkedArray) -> Any:
        told = zip(names.to_pylist(), inputs.to_pylist(), strict=True)
        return pa.array(
            [found[name](*row) if name in found and row is not None else None for name, row in told],
            pa.float64(),
        )

    connection.create_function(
        "model_score",
        model_score,
        ["VARCHAR", "DOUBLE[]"],
        "DOUBLE",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def _teach(connection: duckdb.DuckDBPyConnection) -> None:
    """The functions that policies need and DuckDB lacks: ours, so that they agree with the live path."""
    make = connection.create_function
    make("exact_quotient", _exact_quotient, ["HUGEINT", "HUGEINT"], "DOUBLE")
    make("exact_order", _exact_order, ["HUGEINT", "DOUBLE"], "INTEGER")
    make("distance_km", distance_km, ["DOUBLE"] * 4, "DOUBLE")
    make("lower_text", str.lower, ["VARCHAR"], "VARCHAR")


def _exact_quotient(left: int, right: int) -> float:
    return left / right


def _exact_order(whole: int, other: float) -> int:
    return (whole > other) - (whole < other)


def _attach(connection: duckdb.DuckDBPyConnection, facts: FactsTable | pa.Table) -> int:
    """Views `recorded`, `facts` and `labels`; how many rows there are."""
    if isinstance(facts, FactsTable):
        files = ", ".join(text_literal(str(part)) for part in facts.parts)
        connection.execute(f"CREATE TEMP VIEW recorded AS SELECT * FROM read_parquet([{files}])")
        rows = facts.rows
        corrections = facts.corrections
    else:
        connection.register("recorded_arrow", facts)
        connection.execute("CREATE TEMP VIEW recorded AS SELECT * FROM recorded_arrow")
        rows, corrections = facts.num_rows, None
    connection.execute("CREATE TEMP VIEW facts AS SELECT * FROM recorded")
    told = 'SELECT "seq", "label_seq", "label" FROM recorded WHERE "label_seq" >= 0'
    if corrections is not None:
        again = f"SELECT * FROM read_parquet({text_literal(str(corrections))})"
        connection.execute(f"CREATE TEMP TABLE corrected AS {again}")
        others = f'{told} AND "seq" NOT IN (SELECT "seq" FROM corrected)'
        told = f'{others} UNION ALL SELECT "seq", "label_seq", "label" FROM corrected'
    connection.execute(f"CREATE TEMP VIEW labels AS {told}")
    return rows


def _sizes(connection: duckdb.DuckDBPyConnection, package: Package) -> Mapping[str, float]:
    """The largest absolute value of every given fact that is a whole number."""
    names = [
        name
        for name, symbol in package.given.items()
        if symbol.type in MEASURED and symbol.type is not Type.NUMBER
    ]
    if not names:
        return {}
    given = [quoted(f"given.{name}") for name in names]
    ends = ", ".join(f"min({column}), max({column})" for column in given)
    found = connection.execute(f"SELECT {ends} FROM recorded").fetchone()
    assert found is not None, "an aggregate gives one row"
    values = [0 if value is None else abs(value) for value in found]
    return {name: float(max(values[2 * n], values[2 * n + 1])) for n, name in enumerate(names)}
