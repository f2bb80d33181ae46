"""The only file that names an adapter: it puts the house together from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from countermand.adapters.postgres.keys import PostgresKeys
from countermand.adapters.postgres.lists import PostgresLists
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.profiles import PostgresProfiles
from countermand.adapters.postgres.report import PostgresReport
from countermand.adapters.postgres.roles import grants_sql
from countermand.adapters.postgres.shared_server import shared_server
from countermand.flows.desk import Desk
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import RandomIds
from countermand.settings import Settings

DESK_CONNECTIONS_MAX = 2

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
        dsn, started_here = settings.database_url, False
        if dsn is None:
            dsn, started_here = await stack.enter_async_context(
                shared_server(settings.data_dir, binaries=settings.postgres_binaries)
            )
        try:
            await migrate(dsn)
            pool = await connect_pool(dsn, size_max=DESK_CONNECTIONS_MAX, application_name="countermand desk")
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        stack.push_async_callback(pool.close)
        yield Desk(
            keys=PostgresKeys(pool, time),
            lists=PostgresLists(pool),
            profiles=PostgresProfiles(pool),
            database=PostgresReport(pool),
            clock=time,
            ids=RandomIds(),
            started_here=started_here,
        )


def unreachable(error: BaseException) -> SetupError:
    """The refusal for a database that does not let us in; the text never holds the address's password."""
    what = f"{type(error).__name__}: {error}"
    return SetupError(
        "database_unreachable",
        f"The database cannot be used: {what}. Check COUNTERMAND_DATABASE_URL, or leave it out for a private one.",
        f"无法使用数据库：{what}。请检查 COUNTERMAND_DATABASE_URL，或不设置它以使用内置数据库。",
    )
