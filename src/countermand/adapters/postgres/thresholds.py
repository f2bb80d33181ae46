"""Where thresholds stand: every step is one transaction with its fact; evidence is counted in the record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import THRESHOLD_STEPPED, Fact
from countermand.vocabulary.thresholds import (
    Evidence,
    EvidenceAsked,
    LiveSince,
    Stepper,
    ThresholdLine,
    ThresholdStep,
)

QUERIES = Queries("thresholds.sql")
# Operations are numbered as they are decided; two that are numbered in one order were received within this.
SLACK_MICROS = 60 * 10**6
SLICE_NUMBERS = 100_000


class PostgresThresholds:
    """Implements `flows.adapt_thresholds.ThresholdBook`."""

    TABLE = "threshold_step"

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def live(self) -> LiveSince | None:
        """The policy that decides, and since when."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.live_since)
        return None if row is None else LiveSince(row["id"], row["policy"], micros_of(row["since"]))

    async def number_of(self, name: str, version: str) -> int | None:
        """The number of a recorded policy."""
        with away_is_unavailable():
            found = await self._pool.fetchval(QUERIES.policy_number, name, version)
        return None if found is None else int(found)

    async def standing(self, policy_id: int) -> Mapping[str, ThresholdLine]:
        """The last step of every threshold that ever took one, by name."""
        with away_is_unavailable():
            return _by_name(await self._pool.fetch(QUERIES.last_steps, policy_id, None))

    async def in_force(self, policy_id: int) -> dict[str, float]:
        """The values of those, by name; the others stand at what their policy declares."""
        return {name: line.value for name, line in (await self.standing(policy_id)).items()}

    async def moves(self, policy_id: int) -> Mapping[str, ThresholdLine]:
        """The last move of every threshold that was ever moved, by name."""
        with away_is_unavailable():
            return _by_name(await self._pool.fetch(QUERIES.last_moves, policy_id))

    async def steps(self, policy_id: int, name: str | None, lines_max: int) -> list[ThresholdLine]:
        """The history of one threshold or of all of a policy, newest first."""
        with away_is_unavailable():
            return [
                _line(row) for row in await self._pool.fetch(QUERIES.steps_of, policy_id, name, lines_max)
            ]

    async def take(self, live: LiveSince, name: str, stepper: Stepper) -> ThresholdLine | None:
        """Take the step that `stepper` makes of the last one; None where it makes none.

        Nobody else can take a step of this policy meanwhile, nor put another policy in its place; None too
        where that has happened already. Raises what the stepper raises, Unavailable.
        """
        async with self._transaction() as connection:
            if await connection.fetchval(QUERIES.hold_policy, live.policy_id) != "live":
                return None
            row = await connection.fetchrow(QUERIES.last_steps, live.policy_id, name)
            line = stepper(None if row is None else _line(row))
            if line is None:
                return None
            await connection.execute(
                QUERIES.append_step,
                live.policy_id,
                line.name,
                line.number,
                moment_of(line.at),
                line.step.value,
                line.before,
                line.value,
                line.pinned,
                line.cause,
                line.actor,
                line.text,
                line.evidence,
            )
            await append_fact(connection, Fact(line.at, THRESHOLD_STEPPED, _body(live, line)))
            return line

    async def evidence(self, asked: EvidenceAsked) -> Evidence:
        """Count the record, a slice at a time: no statement is long, however many operations a period has."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection:
                first = await _last_before(connection, asked.since - SLACK_MICROS)
                last = await _last_before(connection, asked.until + SLACK_MICROS) + 1
            operations = hits = 0
            for after in range(first, last, SLICE_NUMBERS):
                row = await self._pool.fetchrow(
                    QUERIES.evidence_of,
                    after,
                    moment_of(asked.since),
                    moment_of(asked.until),
                    asked.policy_id,
                    None if asked.kinds is None else list(asked.kinds),
                    list(asked.rules),
                    [f'"{rule}"'.encode() for rule in asked.rules],
                    asked.genuine,
                    min(after + SLICE_NUMBERS, last),
                )
                operations, hits = operations + row["operations"], hits + row["hits"]
        return Evidence(asked.since, asked.until, operations, hits)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection


async def _last_before(connection: Any, at: int) -> int:
    """A number behind which is everything that was received at an instant or later, found by halving.

    It and what is numbered lower was received before; 0 where nothing was.
    """
    low, high = 0, int(await connection.fetchval(QUERIES.highest_number))
    while high - low > 1:
        middle = (low + high) // 2
        received = await connection.fetchval(QUERIES.received_at_number, middle)
        if micros_of(received) < at:
            low = middle
        else:
            high = middle
    return low


def _by_name(rows: Sequence[Any]) -> dict[str, ThresholdLine]:
    return {row["name"]: _line(row) for row in rows}


def _line(row: Any) -> ThresholdLine:
    values = dict(row)
    return ThresholdLine(**{**values, "at": micros_of(values["at"]), "step": ThresholdStep(values["step"])})


def _body(live: LiveSince, line: ThresholdLine) -> dict[str, Any]:
    return {
        "policy": live.label,
        "threshold": line.name,
        "number": line.number,
        "step": line.step.value,
        "before": line.before,
        "value": line.value,
        "pinned": line.pinned,
        "cause": line.cause,
        "actor": line.actor,
        **line.evidence,
    }
