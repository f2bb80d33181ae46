"""Webhooks in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from typing import Any

from countermand.adapters.postgres.effects import effect_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.cases.webhook_ports import Attempt, Placed
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.webhooks import Webhook

QUERIES = Queries("webhooks.sql")
_PLACE_MAX = 2**63 - 1


class PostgresWebhooks:
    """Who is told, and how far that has come."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def put(self, webhook: Webhook) -> None:
        """Set one; it is told from now on."""
        await self._connection.execute(
            QUERIES.put_webhook,
            webhook.name,
            webhook.url,
            [kind.value for kind in webhook.events],
            webhook.secret,
            moment_of(webhook.made_at),
            webhook.made_by,
        )

    async def find(self, name: str, *, lock: bool = False) -> Webhook | None:
        """One by its name."""
        query = QUERIES.lock_webhook if lock else QUERIES.find_webhook
        row = await self._connection.fetchrow(query, name)
        return None if row is None else _webhook(row)

    async def all(self) -> list[Webhook]:
        """Every one, by name."""
        return [_webhook(row) for row in await self._connection.fetch(QUERIES.all_webhooks)]

    async def drop(self, name: str) -> bool:
        """Take one away; False where there was none."""
        return await self._connection.fetchval(QUERIES.drop_webhook, name) is not None

    async def answered(self, name: str) -> None:
        """It took something."""
        await self._connection.execute(QUERIES.webhook_answered, name)

    async def failed(self, name: str, now: int, failures_max: int, since_max: int) -> Attempt | None:
        """It did not; None where it is gone or was disabled before."""
        row = await self._connection.fetchrow(
            QUERIES.webhook_failed, name, moment_of(now), failures_max, moment_of(since_max)
        )
        return None if row is None else Attempt(row["failures"], row["disabled"])

    async def deliveries(self, name: str, before: int | None, count_max: int) -> list[Placed]:
        """Its deliveries, newest first, before a place."""
        place = _PLACE_MAX if before is None else before
        rows = await self._connection.fetch(QUERIES.webhook_deliveries, name, place, count_max)
        return [Placed(row["seq"], effect_of_row(row)) for row in rows]


def _webhook(row: Any) -> Webhook:
    return Webhook(
        name=row["name"],
        url=row["url"],
        events=tuple(EventKind(kind) for kind in row["events"]),
        secret=row["secret"],
        made_at=micros_of(row["made_at"]),
        made_by=row["made_by"],
        failures=row["failures"],
        failing_since=None if row["failing_since"] is None else micros_of(row["failing_since"]),
        disabled_at=None if row["disabled_at"] is None else micros_of(row["disabled_at"]),
    )
