"""When PostgreSQL cannot do it now: one place that tells a passing trouble from a wrong request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog

from countermand.kernel.errors import Unavailable
from countermand.work.record import database_away

log = structlog.get_logger(__name__)

# Gone or going; out of disk, memory or connections; locked for too long; a deadlock or a time-out.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.InternalServerError,
    asyncpg.InternalClientError,
)


def unavailable(error: BaseException) -> Unavailable:
    """Nothing was recorded, as far as can be known; the retry is safe because ids are idempotent."""
    log.warning("database_away", error=f"{type(error).__name__}: {error}"[:300])
    return database_away()


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Raises Unavailable (`database_away`) for every passing trouble of the database."""
    try:
        yield
    except AWAY as error:
        raise unavailable(error) from error
