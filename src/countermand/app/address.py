"""Which database it is: the one of the settings, else the private server, joined or started."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from countermand.adapters.postgres.shared_server import shared_server
from countermand.kernel.errors import SetupError
from countermand.settings import Settings


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


def unreachable(error: BaseException) -> SetupError:
    """The refusal for a database that does not let us in; the text never holds the address's password."""
    what = f"{type(error).__name__}: {error}"
    return SetupError(
        "database_unreachable",
        f"The database cannot be used: {what}. Check COUNTERMAND_DATABASE_URL, or leave it out "
        "for a private one.",
        f"无法使用数据库：{what}。请检查 COUNTERMAND_DATABASE_URL，或不设置它以使用内置数据库。",
    )
