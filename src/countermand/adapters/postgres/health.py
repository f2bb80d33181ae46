"""How the database sees the house: its own room, what waits, who is behind."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.health import HealthReading, Outsider, PortWaiting

QUERIES = Queries("health.sql")
EFFECTS_LOOKED_AT_MAX = 20_000


class PostgresHealth:
    """One look at a time; raises Unavailable."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def look(self, now: int) -> HealthReading:
        """What the database tells at this instant."""
        began = perf_counter()
        with away_is_unavailable():
            async with self._pool.acquire() as connection:
                room = await connection.fetchrow(QUERIES.database_room)
                milliseconds = (perf_counter() - began) * 1000
                behind = await connection.fetchrow(QUERIES.followers_behind)
                ports = await connection.fetch(QUERIES.waiting_effects, moment_of(now), EFFECTS_LOOKED_AT_MAX)
                outsiders = await connection.fetch(QUERIES.outsiders_said)
        return HealthReading(
            milliseconds=milliseconds,
            connections=room["connections"],
            connections_max=room["connections_max"],
            notices_behind=_micros(behind["notices"]),
            alerts_behind=_micros(behind["alerts"]),
            ports=tuple(
                PortWaiting(one["port"], one["waiting"], _micros(one["oldest_at"]), one["attempts"])
                for one in ports
            ),
            outsiders=tuple(
                Outsider(one["kind"], one["name"], one["size"], micros_of(one["at"])) for one in outsiders
            ),
        )


def _micros(moment: Any) -> int | None:
    return None if moment is None else micros_of(moment)
