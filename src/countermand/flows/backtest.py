"""A policy over what already happened: every operation decided again, from its prepared facts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.flows.prepare_facts import Prepared
from countermand.kernel.errors import SetupError
from countermand.policy.bound import Package
from countermand.policy.program import Program
from countermand.vocabulary.facts_table import FactsTable


class OfflineRun(Protocol):
    """One policy over one facts table, evaluated."""

    def results(self) -> Any:
        """The results table (pyarrow) in order of `seq`.

        Its columns are `seq id at kind account amount label outcome score fired unknown`.
        """
        ...


class OfflineEngine(Protocol):
    """Runs a policy's SQL over facts."""

    def run(self, package: Package, facts: FactsTable, *, settle: bool) -> AbstractContextManager[OfflineRun]:
        """The policy over the facts. settle: filters that look at outcomes see this policy's own.

        Raises PolicyError (`offline_inexact`), SetupError (`offline_not_settled`).
        """
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """Which operations are asked about: those that occurred in `[since, until)`, microseconds UTC."""

    since: int | None = None
    until: int | None = None


@dataclass(slots=True)
class Backtested:
    """The answers of each policy, in the order of the policies, and how long each part took in seconds."""

    programs: Sequence[Program]
    prepared: Prepared
    results: list[Any]
    seconds: dict[str, float] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Counts as JSON values: by outcome, and how many operations two policies answer differently."""
        found: dict[str, Any] = {
            "policies": [program.label for program in self.programs],
            "operations": [table.num_rows for table in self.results],
            "outcomes": [_counted(table) for table in self.results],
            "source": self.prepared.counts,
            "remarks": [{"code": one.code, "text": one.text} for one in self.prepared.remarks],
            "refused_rows": self.prepared.refused_rows,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }
        if len(self.results) == 2:
            found["changed"] = _changed(*self.results)
        return found


def backtest(
    prepared: Prepared, programs: Sequence[Program], engine: OfflineEngine, period: Period
) -> Backtested:
    """Decide every operation of the period again under each policy.

    What occurred before the period is decided too, because windows and limits look back at it, and is then
    left out. Raises what the engine raises, and SetupError (`period_empty`).
    """
    done = Backtested(programs, prepared, [])
    for program, facts in zip(programs, prepared.tables, strict=True):
        start = time.perf_counter()
        with engine.run(program.package, facts, settle=True) as run:
            table = _within(run.results(), period)
        done.seconds[f"decide {program.label}"] = time.perf_counter() - start
        if not table.num_rows:
            raise SetupError(
                "period_empty",
                "No operation occurred in the period asked about; check --from and --to.",
                "所选时间段内没有操作；请检查 --from 和 --to。",
            )
        done.results.append(table)
    return done


def _within(table: Any, period: Period) -> Any:
    import pyarrow.compute as pc

    kept = None
    if period.since is not None:
        kept = pc.greater_equal(table["at"], period.since)
    if period.until is not None:
        before = pc.less(table["at"], period.until)
        kept = before if kept is None else pc.and_(kept, before)
    return table if kept is None else table.filter(kept)


def _counted(table: Any) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in table["outcome"].value_counts().to_pylist()}


def _changed(one: Any, other: Any) -> int:
    """Operations that both policies answer, and not alike."""
    import numpy as np

    first, second = one["seq"].to_numpy(), other["seq"].to_numpy()
    _, rows, other_rows = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    words = [table["outcome"].to_numpy(zero_copy_only=False) for table in (one, other)]
    return int((words[0][rows] != words[1][other_rows]).sum())
