"""The journal's pen: a fact is written on the connection, and so in the transaction, of its change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import moment_of
from countermand.vocabulary.facts import Fact

QUERIES = Queries("journal.sql")


class PostgresJournal:
    """Facts that change nothing else: what was refused."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def append(self, facts: Sequence[Fact]) -> None:
        """Append in order, all or none. Raises Unavailable."""
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                for fact in facts:
                    await append_fact(connection, fact)


async def append_fact(connection: Any, fact: Fact, **more: Any) -> None:
    """Append one fact; `more` joins its body. The connection must be in a transaction."""
    assert connection.is_in_transaction(), "a fact is written together with its change"
    subject = None if fact.subject is None else UUID(fact.subject)
    await connection.execute(
        QUERIES.append_fact, moment_of(fact.at), fact.kind, subject, {**fact.body, **more}, fact.trace
    )


def rows_of(facts: Sequence[Fact]) -> list[tuple[Any, ...]]:
    """Facts as rows of the journal, for `QUERIES.append_facts`; their numbers are not yet given."""
    # Facts of a unit are of few instants and of few people.
    moments = {at: moment_of(at) for at in {one.at for one in facts}}
    subjects = {one: None if one is None else UUID(one) for one in {one.subject for one in facts}}
    return [(None, moments[one.at], one.kind, subjects[one.subject], one.body, one.trace) for one in facts]
