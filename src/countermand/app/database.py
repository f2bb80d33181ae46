"""The database, for everybody but the deciding server: desks, followers, readers of the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.adapters.postgres.archive import PostgresArchive, PostgresPolicies
from countermand.adapters.postgres.holds import PostgresHoldShelf
from countermand.adapters.postgres.incidents import PostgresIncidentsRead
from countermand.adapters.postgres.keys import PostgresKeys
from countermand.adapters.postgres.lists import PostgresLists
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.notices import PostgresNoticeShelf
from countermand.adapters.postgres.orders import PostgresOrders
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.profiles import PostgresProfiles
from countermand.adapters.postgres.publications import PostgresPublications
from countermand.adapters.postgres.record import PostgresRecord
from countermand.adapters.postgres.recorded import PostgresRecordedFacts
from countermand.adapters.postgres.report import PostgresReport
from countermand.adapters.postgres.roles import grants_sql
from countermand.adapters.postgres.shadow_follower import PostgresFollower
from countermand.adapters.postgres.shadows import PostgresShadows
from countermand.adapters.postgres.shared_server import shared_server
from countermand.adapters.postgres.thresholds import PostgresThresholds
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app.address import open_database, unreachable
from countermand.app.bundles import proving_of
from countermand.app.clocks import clock_house
from countermand.app.desk import case_desk_of, open_knowledge
from countermand.app.effects import effect_ports
from countermand.app.evidence import may_make_keys, open_keys, room_of
from countermand.app.files import read_confirmation_pack
from countermand.app.lab import open_models
from countermand.app.notices import post_of
from countermand.app.papers import LateSeal
from countermand.app.proving import open_proving
from countermand.app.staff import staff_access
from countermand.confirmation.pack import read_agreements
from countermand.flows.desk import Desk
from countermand.flows.follow_operations import Follower
from countermand.flows.keep_authenticators import Authenticators
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.ids import RandomIds
from countermand.settings import Settings

DESK_CONNECTIONS_MAX = 2
FOLLOWER_PLACE_SECONDS = 1.0

database_grants = grants_sql


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """A desk on the database of the settings, also while a server runs on it.

    Without a database_url the private server is joined where it runs, else started and stopped again. The
    database is brought up to date first. No epoch is taken and no window is built.

    Raises SetupError: `database_unreachable`, and those of the private server and of the migrations.
    """
    time = SystemClock() if clock is None else clock
    async with AsyncExitStack() as stack:
        pool, started_here = await _desk_pool(stack, settings)
        keys, book = PostgresKeys(pool, time), PostgresPublications(pool)
        works, profiles, ids = PostgresWorks(pool), PostgresProfiles(pool), RandomIds()
        fresh = await may_make_keys(pool)
        kit = await stack.enter_async_context(open_proving(settings, may_make_keys=fresh))
        data_keys = await open_keys(stack, settings, time, ids, may_make=fresh)
        cases = case_desk_of(settings, works, time, ids, kit.vault, data_keys)
        proving = proving_of(LateSeal(settings, time, stack), pool, settings)
        desk = Desk(
            keys=keys,
            lists=PostgresLists(pool),
            profiles=profiles,
            shadows=PostgresShadows(pool),
            orders=PostgresOrders(pool),
            incidents=PostgresIncidentsRead(pool),
            effect_ports=effect_ports(settings),
            agreements=read_agreements(read_confirmation_pack(settings.confirmation)),
            holds=PostgresHoldShelf(pool),
            executions=PostgresHoldShelf(pool),
            works=works,
            authenticators=Authenticators(works=works, kit=kit, clock=time, ids=ids, accounts=profiles),
            post=post_of(settings, works, time, kit.vault),
            notice_shelf=PostgresNoticeShelf(pool),
            archive=PostgresArchive(pool),
            policy_shelf=PostgresPolicies(pool),
            publications=book,
            canaries=book,
            thresholds=PostgresThresholds(pool),
            database=PostgresReport(pool),
            models=open_models(settings),
            recorded_facts=PostgresRecordedFacts(pool),
            knowledge=open_knowledge(settings),
            clocks=clock_house(works, time, ids),
            clock=time,
            ids=ids,
            case_desk=cases,
            room=room_of(settings, cases),
            access=await staff_access(stack, settings, pool, kit, time, ids),
            **proving._asdict(),
            started_here=started_here,
        )
        try:
            await keys.refresh()
            yield desk
        except (ConnectionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error


async def _desk_pool(stack: AsyncExitStack, settings: Settings) -> tuple[asyncpg.Pool[Any], bool]:
    """Connections to an up-to-date database, and whether its server was started for them."""
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
    return pool, started_here


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
                open_models(settings),
            )
        finally:
            await store.close()


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
