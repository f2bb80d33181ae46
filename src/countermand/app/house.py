"""A deciding server, put together from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.adapters.models.registry import ModelRegistry
from countermand.adapters.postgres.archive import PostgresArchive, PostgresPolicies
from countermand.adapters.postgres.changes import Changes
from countermand.adapters.postgres.decisions import PostgresDecisions
from countermand.adapters.postgres.holds import PostgresHoldShelf
from countermand.adapters.postgres.incidents import PostgresIncidentsRead
from countermand.adapters.postgres.journal import PostgresJournal
from countermand.adapters.postgres.keys import PostgresKeys
from countermand.adapters.postgres.lists import PostgresLists
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.notices import PostgresNoticeShelf
from countermand.adapters.postgres.orders import PostgresOrders
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.profiles import PostgresPopulation, PostgresProfiles
from countermand.adapters.postgres.proposals import PostgresProposals
from countermand.adapters.postgres.publications import PostgresPublications
from countermand.adapters.postgres.recorded import PostgresRecordedFacts
from countermand.adapters.postgres.seat import Seat, take_seat
from countermand.adapters.postgres.shadows import PostgresShadows
from countermand.adapters.postgres.shared_server import own_server
from countermand.adapters.postgres.thresholds import PostgresThresholds
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app.address import unreachable
from countermand.app.bundles import proving_of
from countermand.app.channels import open_channels
from countermand.app.desk import front_desk_of
from countermand.app.effects import effect_ports, session_jwks
from countermand.app.files import open_places, read_confirmation_pack, read_policy
from countermand.app.lab import open_models
from countermand.app.papers import late_seal
from countermand.app.rooms import rooms_of
from countermand.app.staff import staff_access
from countermand.app.triage import open_triage
from countermand.app.work import WorkParts, work_parts
from countermand.confirmation.holds import HoldTerms
from countermand.confirmation.pack import read_agreements
from countermand.flows.arms import Arm, Arms, Workshop
from countermand.flows.bind_decisions import DECISION_SALTS_KEY, DecisionBinder
from countermand.flows.challenge_customer import Challenges
from countermand.flows.channels import Channels
from countermand.flows.circumstances import Surroundings
from countermand.flows.decide_operation import Decider
from countermand.flows.front_desk import FrontDesk
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.house import House, Readiness, Reminders
from countermand.flows.keep_arms import ArmKeeper
from countermand.flows.keep_authenticators import Authenticators
from countermand.flows.keep_thresholds import ThresholdKeeper
from countermand.flows.publish_policy import checked
from countermand.flows.rebuild_features import Rebuilder
from countermand.flows.recall import Recall
from countermand.flows.reception import Reception
from countermand.flows.record_labels import LabelBook
from countermand.flows.show_notices import Bell, Telling
from countermand.flows.worker import Worker
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import Conflict, SetupError
from countermand.kernel.ids import RandomIds
from countermand.policy.package import compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.settings import Settings

log = structlog.get_logger(__name__)
HOUSE_CONNECTIONS_MAX = 8
POLICY_STARTS = ("live", "replace")


@asynccontextmanager
async def open_house(
    settings: Settings, clock: Clock | None = None, *, holding: bool = True
) -> AsyncIterator[House]:
    """A deciding server on the database of the settings; there is one at a time.

    Not `holding`, nothing is put on hold. Only in `worker.working()` is anything settled. Starts the private
    PostgreSQL unless there is a database_url, migrates, finds the policy, takes the seat, rebuilds windows.

    Raises SetupError (`database_in_use`, `database_unreachable`, `unknown_policy`; of models, private server,
    migrations), PolicyError, Conflict (`policy_changed`, `policy_not_published`).
    """
    time = SystemClock() if clock is None else clock
    _check_start(settings)
    models = open_models(settings)
    async with AsyncExitStack() as stack:
        dsn, pool = await _database(stack, settings)
        memory = await _memory(stack, pool, time)
        deciding = await _deciding(stack, settings, _Ground(dsn, pool, memory, models, time), holding=holding)
        work = await _work(stack, settings, pool, time, deciding.committer.decider)
        challenges, authenticators = _asking(work, pool, settings)
        yield House(
            decider=deciding.committer,
            archive=PostgresArchive(pool),
            policy_shelf=deciding.shelf,
            publications=deciding.publications,
            canaries=deciding.publications,
            orders=PostgresOrders(pool),
            works=PostgresWorks(pool),
            challenges=challenges,
            authenticators=authenticators,
            telling=_telling(memory, work, pool),
            holders=work.holders,
            incidents=PostgresIncidentsRead(pool),
            effect_ports=effect_ports(settings),
            session_jwks=session_jwks(settings),
            agreements=challenges.agreements,
            holds=PostgresHoldShelf(pool),
            settlement=work.settlement,
            worker=work.worker,
            permit_keys=work.keys,
            journal=PostgresJournal(pool),
            keys=memory.keys,
            lists=memory.lists,
            profiles=PostgresProfiles(pool),
            models=models,
            recorded_facts=PostgresRecordedFacts(pool),
            shadows=PostgresShadows(pool),
            clock=time,
            ids=deciding.committer.decider.ids,
            rebuilt=deciding.rebuilt,
            readiness=_readiness(deciding.seat, work.worker),
            arm_keeper=deciding.keeper,
            thresholds=deciding.thresholds.book,
            threshold_keeper=deciding.thresholds,
            front_desk=await _front_desk(stack, settings, pool, work, memory.changes),
            **proving_of(late_seal(stack, settings, time), pool, settings)._asdict(),
            reminders=Reminders(settings.device_check_days, settings.password_reminder_days),
            access=await staff_access(stack, settings, pool, work.kit, time, work.settlement.ids),
            **rooms_of(stack, settings, pool, time, reads=work.text_reader is not None)._asdict(),
        )


async def _work(
    stack: AsyncExitStack, settings: Settings, pool: asyncpg.Pool[Any], clock: Clock, decider: Decider
) -> WorkParts:
    """What is settled and told; from here on the facts of decisions bind request and answer."""
    work = await work_parts(stack, settings, pool, clock, decider.ids)
    decider.binder = DecisionBinder(work.kit.vault.mac_key(DECISION_SALTS_KEY))
    return work


async def _front_desk(
    stack: AsyncExitStack, settings: Settings, pool: asyncpg.Pool[Any], work: WorkParts, changes: Changes
) -> FrontDesk:
    """Where people are heard, with the worker's vault and clock."""
    clock, ids = work.settlement.clock, work.settlement.ids

    def channels(reception: Reception) -> Channels:
        return open_channels(settings, reception, stack, changes)

    works, reader = PostgresWorks(pool), open_triage(settings)
    vault, pictures, room = work.kit.vault, work.text_reader, work.room
    desk = await front_desk_of(settings, works, clock, ids, vault, reader, channels, pictures, room)
    knowledge = desk.public_door.reception.knowledge

    async def published(connection: object, _noticed: bool) -> None:
        await knowledge.follow(PostgresProposals(connection))

    changes.watch(PostgresProposals.TABLE, published)
    return desk


def _readiness(seat: Seat, worker: Worker) -> Readiness:
    async def readiness() -> dict[str, bool]:
        return {**await seat.readiness(), "clock": worker.guard.reason is None}

    return readiness


@dataclass(frozen=True, slots=True)
class _Ground:
    """What deciding stands on."""

    dsn: str
    pool: asyncpg.Pool[Any]
    memory: _Memory
    models: ModelRegistry
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Deciding:
    """A server that decides: its seat, its lanes, and who keeps its policies."""

    seat: Seat
    committer: GroupCommitter
    keeper: ArmKeeper
    thresholds: ThresholdKeeper
    shelf: PostgresPolicies
    publications: PostgresPublications
    rebuilt: int


async def _deciding(
    stack: AsyncExitStack, settings: Settings, ground: _Ground, *, holding: bool
) -> _Deciding:
    """Take the seat, rebuild the windows of the policy that decides, and open the lanes."""
    memory, clock, models = ground.memory, ground.clock, ground.models
    seat = await stack.enter_async_context(take_seat(ground.dsn))
    shelf = PostgresPolicies(ground.pool)
    policy_id, program, source = await _starting_policy(settings, shelf, models, clock.now())
    thresholds = PostgresThresholds(ground.pool)
    program = program.with_thresholds(await thresholds.in_force(policy_id))
    store = PostgresDecisions(ground.dsn, settings.groups_in_flight_max, seat.epoch)
    stack.push_async_callback(store.close)
    features = MemoryFeatureStore(program.plan)
    recall = Recall(program, policy_id, await shelf.sources(policy_id))
    rebuilt = await (rebuilder := Rebuilder(recall, features, store)).catch_up(clock.now())
    log.info("features_rebuilt", operations=rebuilt, policy=program.label)
    locate, _ = open_places(settings)

    async def sense(of: Program) -> Surroundings:
        if of.uses_population:
            await memory.population.keep()
        return Surroundings(of, locate, memory.lists, memory.population)

    arm = Arm(program, policy_id, features, await sense(program), source, rebuilder.labelled)
    terms = _hold_terms(settings) if holding else None
    committer = _committer(stack, _decider(arm, clock, RandomIds(), terms, settings), store, settings)
    book = PostgresPublications(ground.pool)
    workshop = Workshop(sense, MemoryFeatureStore, models, thresholds.in_force)
    warm = settings.policy_warm_seconds * 10**6
    keeper = ArmKeeper(committer, book, shelf, workshop, clock, seat.epoch, warm)
    moving = ThresholdKeeper(committer, thresholds)
    _keep(stack, keeper, moving, memory.changes)
    return _Deciding(seat, committer, keeper, moving, shelf, book, rebuilt)


def _decider(arm: Arm, clock: Clock, ids: RandomIds, terms: HoldTerms | None, settings: Settings) -> Decider:
    in_flight_max = max(20_000, 4 * settings.groups_in_flight_max * settings.group_size_max)
    labels = LabelBook(ids, in_flight_max)
    return Decider(Arms(arm), clock, ids, settings.future_seconds_max * 10**6, labels, terms)


def _asking(
    work: WorkParts, pool: asyncpg.Pool[Any], settings: Settings
) -> tuple[Challenges, Authenticators]:
    """Asking customers, with the worker's kit, and settled as the worker settles."""
    works, accounts, kit = PostgresWorks(pool), PostgresProfiles(pool), work.kit
    clock, ids = work.settlement.clock, work.settlement.ids
    challenges = Challenges(
        works=works,
        kit=kit,
        clock=clock,
        ids=ids,
        archive=PostgresArchive(pool),
        accounts=accounts,
        settlement=work.settlement,
        agreements=read_agreements(read_confirmation_pack(settings.confirmation)),
    )
    return challenges, Authenticators(works=works, kit=kit, clock=clock, ids=ids, accounts=accounts)


def _telling(memory: _Memory, work: WorkParts, pool: asyncpg.Pool[Any]) -> Telling:
    """What customers were told, and the bell that rings when there is more."""
    bell = Bell()
    memory.changes.watch("effect", work.worker.effects_changed)
    memory.changes.watch("notice", bell.changed)
    return Telling(work.post, PostgresNoticeShelf(pool), bell)


def _hold_terms(settings: Settings) -> HoldTerms:
    return HoldTerms(challenge_seconds=settings.challenge_seconds, approval_seconds=settings.approval_seconds)


def _keep(stack: AsyncExitStack, keeper: ArmKeeper, moving: ThresholdKeeper, changes: Changes) -> None:
    """The arms follow what is published, and their thresholds every step, until the house closes."""
    for table in PostgresPublications.TABLES:
        changes.watch(table, keeper.changed)
    changes.watch(PostgresThresholds.TABLE, moving.changed)
    keeper.start()
    stack.push_async_callback(keeper.close)


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


async def _memory(stack: AsyncExitStack, pool: asyncpg.Pool[Any], clock: Clock) -> _Memory:
    changes = Changes(pool)
    population = PostgresPopulation(pool, kept=False)
    memory = _Memory(changes, PostgresKeys(pool, clock), PostgresLists(pool), population)
    for part in (memory.keys, memory.lists, memory.population):
        changes.watch(part.TABLE, part.refresh)
    await changes.start()
    stack.push_async_callback(changes.stop)
    return memory
