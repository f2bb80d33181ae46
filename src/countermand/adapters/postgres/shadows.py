"""Shadow policies in PostgreSQL: kept, paused and removed, and the sums of what they would have answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.shadows import Example, Labelled, Shadow, ShadowFigures, Tally

QUERIES = Queries("shadows.sql")
EXAMPLES_EACH = 5


class PostgresShadows:
    """Implements `countermand.flows.keep_shadows.ShadowBook`."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def add(self, shadow: Shadow, source: Mapping[str, str], fact: Fact) -> Shadow | None:
        """Keep a new candidate that follows from the next operation on; None where its name is taken."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(
                    QUERIES.insert_shadow,
                    shadow.name,
                    shadow.policy,
                    shadow.currency,
                    shadow.digest,
                    dict(source),
                    moment_of(shadow.added_at),
                    shadow.added_by,
                )
                if row is None:
                    return None
                await append_fact(connection, fact)
        return shadow_of(row)

    async def all(self) -> list[Shadow]:
        """Every candidate, by name."""
        with away_is_unavailable():
            return [shadow_of(row) for row in await self._pool.fetch(QUERIES.all_shadows)]

    async def any_running(self) -> bool:
        """Whether any candidate runs."""
        with away_is_unavailable():
            return bool(await self._pool.fetchval(QUERIES.shadows_running))

    async def source(self, shadow_id: int) -> dict[str, str]:
        """The files of a candidate."""
        with away_is_unavailable():
            return dict(await self._pool.fetchval(QUERIES.shadow_source, shadow_id) or {})

    async def pause(self, name: str, reason: str, detail: Mapping[str, Any], fact: Fact) -> bool:
        """Stop a candidate; False where it does not run (then there is no fact either)."""
        return await self._change(QUERIES.pause_shadow, fact, name, reason, dict(detail))

    async def resume(self, name: str, fact: Fact) -> bool:
        """Let a paused candidate go on; False where it is not paused."""
        return await self._change(QUERIES.resume_shadow, fact, name)

    async def remove(self, name: str, fact: Fact) -> bool:
        """Forget a candidate and its results; False where there is none."""
        return await self._change(QUERIES.remove_shadow, fact, name)

    async def _change(self, query: str, fact: Fact, *values: Any) -> bool:
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(query, *values) is None:
                    return False
                await append_fact(connection, fact)
        return True

    async def figures(self, shadow_id: int, since: int) -> ShadowFigures:
        """Sums over the chunks that reach behind `since` (microseconds UTC), in one snapshot."""
        moment = moment_of(since)
        with away_is_unavailable():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                period = await connection.fetchrow(QUERIES.period_compared, shadow_id, moment)
                outcomes = await connection.fetch(QUERIES.outcomes_compared, shadow_id, moment)
                rules = await connection.fetch(QUERIES.rules_compared, shadow_id, moment)
                seqs = (period["seq_first"] or 0, period["seq_last"] or 0)
                labels = await connection.fetch(QUERIES.labels_compared, shadow_id, *seqs)
                examples = await connection.fetch(QUERIES.examples_compared, shadow_id, *seqs, EXAMPLES_EACH)
        tally = Tally(
            {outcome_pair(row["pair"]): [row[1], row[2], int(row["amount_minor"])] for row in outcomes},
            {row["rule"]: list(row)[1:] for row in rules},
        )
        covered = period["seq_first"] is not None
        received = (micros_of(period[0]), micros_of(period[1])) if covered else None
        shown = [Example(r["live"], r["candidate"], r["id"], r["kind"], micros_of(r[4])) for r in examples]
        known = [Labelled(*row) for row in labels]
        return ShadowFigures(tally, received, seqs, known, shown, period["bytes"])


def shadow_of(row: Any) -> Shadow:
    """A candidate from its row."""
    values = {**row, "added_at": micros_of(row["added_at"]), "digest": bytes(row["digest"])}
    return Shadow(**values)


def outcome_pair(text: str) -> tuple[int, int]:
    """The numbers of the live and of the candidate's outcome.

    >>> outcome_pair("0>4")
    (0, 4)
    """
    live, candidate = text.split(">")
    return int(live), int(candidate)
