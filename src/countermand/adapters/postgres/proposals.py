"""Proposed versions of articles in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.intake.proposals import Proposal, ProposalState
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.knowledge import Article

QUERIES = Queries("proposals.sql")
_ARTICLES = msgspec.json.Decoder(Article)


class PostgresProposals:
    """Implements `intake.proposals.ProposalBook`."""

    TABLE = "kb_proposal"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def alone(self, article: str) -> None:
        """Let nobody else propose or judge a version of this article until the transaction ends."""
        await self._connection.execute(QUERIES.article_alone, article)

    async def newest(self, article: str) -> int:
        """The highest number that an article ever had here; 0 for none."""
        return int(await self._connection.fetchval(QUERIES.newest_version, article))

    async def add(self, proposal: Proposal) -> None:
        """Keep one that waits."""
        article = proposal.article
        await self._connection.execute(
            QUERIES.add_proposal,
            proposal.id,
            article.id,
            article.version,
            canonical_bytes(article),
            article.digest,
            proposal.source,
            proposal.reason,
            proposal.proposer,
            moment_of(proposal.proposed_at),
        )

    async def find(self, proposal: str) -> Proposal | None:
        """One by its id; nobody else can end it until the transaction ends."""
        row = await self._connection.fetchrow(QUERIES.find_proposal, proposal)
        return None if row is None else _proposal(row)

    async def of(self, article: str, count_max: int) -> list[Proposal]:
        """The last ones of an article, newest first."""
        return [
            _proposal(row) for row in await self._connection.fetch(QUERIES.proposals_of, article, count_max)
        ]

    async def waiting(self) -> list[Proposal]:
        """All that wait, the oldest first."""
        return [_proposal(row) for row in await self._connection.fetch(QUERIES.proposals_waiting)]

    async def end(self, proposal: Proposal) -> None:
        """Write what became of one."""
        assert proposal.judged_at is not None, "it was judged"
        await self._connection.execute(
            QUERIES.end_proposal,
            proposal.id,
            proposal.state.value,
            proposal.judge,
            moment_of(proposal.judged_at),
            proposal.words,
        )

    async def published_count(self) -> int:
        """How many were ever published: it only grows."""
        return int(await self._connection.fetchval(QUERIES.published_count))

    async def published(self) -> list[Article]:
        """What was published, every version."""
        rows = await self._connection.fetch(QUERIES.published_articles)
        return [_ARTICLES.decode(row["body"]) for row in rows]


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row["id"],
        _ARTICLES.decode(row["body"]),
        row["source"],
        row["reason"],
        ProposalState(row["state"]),
        row["proposer"],
        micros_of(row["proposed_at"]),
        row["judge"],
        None if row["judged_at"] is None else micros_of(row["judged_at"]),
        row["words"],
    )
