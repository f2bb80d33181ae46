"""The outbox in PostgreSQL: effects are written with their cause, and claimed one lane after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from countermand.adapters.postgres.queries import Queries
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.effects import Effect, EffectState

QUERIES = Queries("effects.sql")


class PostgresEffects:
    """The outbox, on a connection that is in a transaction."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    async def put(self, effects: Sequence[Effect]) -> None:
        """Write effects in this order; one that is there already is left as it is."""
        rows = (
            (
                one.id, one.port, one.action, one.lane, None if one.subject is None else UUID(one.subject),
                one.body, one.trace, moment_of(one.placed_at), moment_of(one.due_at),
                None if one.alarm_at is None else moment_of(one.alarm_at),
            )
            for one in effects
        )  # fmt: skip
        self._connection.later(QUERIES.put_effects, rows)

    async def claim(
        self, ports: Collection[str], now: int, leased_until: int, count_max: int
    ) -> list[Effect]:
        """Effects that are due and whose lane is free, in order of writing; ours until the lease ends."""
        rows = await self._connection.fetch(
            QUERIES.claim_effects, moment_of(now), moment_of(leased_until), count_max, list(ports)
        )
        return [effect_of_row(row) for row in sorted(rows, key=lambda row: row["seq"])]

    async def end(self, effects: Sequence[Effect]) -> None:
        """Write what became of claimed effects: done, failed, or pending again at their `due_at`."""
        if effects:
            columns = [
                [one.id for one in effects],
                [one.state.value for one in effects],
                [None if one.ended_at is None else moment_of(one.ended_at) for one in effects],
                [one.answer for one in effects],
                [moment_of(one.due_at) for one in effects],
            ]
            await self._connection.execute(QUERIES.end_effects, *columns)

    async def withdraw(self, effect: str, now: int) -> bool:
        """Take back an effect that nobody has tried yet; False where somebody may have."""
        found = await self._connection.fetchval(QUERIES.withdraw_effect, effect, moment_of(now))
        return found is not None

    async def find(self, effect: str) -> Effect | None:
        """One effect by its id."""
        row = await self._connection.fetchrow(QUERIES.effect_of_id, effect)
        return None if row is None else effect_of_row(row)

    async def late(self, ports: Collection[str], now: int, count_max: int) -> list[Effect]:
        """Pending effects of these ports whose alarm is due; each is told once."""
        rows = await self._connection.fetch(QUERIES.late_effects, moment_of(now), count_max, list(ports))
        return [effect_of_row(row) for row in sorted(rows, key=lambda row: row["seq"])]


def effect_of_row(row: Any) -> Effect:
    """A row of the table as an effect."""
    values = {
        name: row[name] for name in Effect.__struct_fields__ if name not in ("trace", "state", "subject")
    }
    for name in ("placed_at", "due_at", "alarm_at", "ended_at"):
        values[name] = None if values[name] is None else micros_of(values[name])
    subject = None if row["subject"] is None else str(row["subject"])
    return Effect(**values, trace=row["trace_id"], state=EffectState(row["state"]), subject=subject)
