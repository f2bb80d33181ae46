"""Old checkpoints of the log, where they are deleted."""

from __future__ import annotations

from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.log_shelf import QUERIES
from countermand.kernel.clock import moment_of
from countermand.vocabulary.sealing import Thinned


class PostgresLogThinning:
    """Implements `flows.thin_log.OldCheckpoints`; the table itself refuses what must stay."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def thin(self, after: tuple[int, int], before: int, count: int) -> Thinned | None:
        """Of so many checkpoints behind one, let go what nobody needs."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.thin_checkpoints, *after, moment_of(before), count)
        return None if row is None else Thinned((row[0], row[1]), row[2])
