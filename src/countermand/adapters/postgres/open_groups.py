"""Waiting until every group of decisions that is open now has ended: behind a gap, numbers may still come."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.work import ALL_GATES
from countermand.work.record import database_away

QUERIES = Queries("shadows.sql")
GROUPS_PAUSE_SECONDS = 0.02
# A group that its server forgot is ended by the database after 30 idle seconds.
GROUPS_SECONDS_MAX = 60.0


async def open_groups_end(connection: Any) -> None:
    """Wait until every group that is open now has ended, whichever way; nobody waits for us.

    Raises Unavailable (`database_away`) if one does not.
    """
    open_groups = await _groups_open(connection)
    deadline = monotonic() + GROUPS_SECONDS_MAX
    while open_groups:
        if monotonic() > deadline:
            raise database_away()
        await asyncio.sleep(GROUPS_PAUSE_SECONDS)
        open_groups &= await _groups_open(connection)


async def _groups_open(connection: Any) -> set[str]:
    return {row[0] for row in await connection.fetch(QUERIES.groups_open, ALL_GATES[0], ALL_GATES[-1])}
