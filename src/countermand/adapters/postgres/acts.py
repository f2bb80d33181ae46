"""Idempotency keys in PostgreSQL: claimed by the transaction that does the act, answered after it."""

from __future__ import annotations

from typing import Any

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import Conflict
from countermand.work.claims import KEPT_MICROS, Claim, KeptAct, current_claim

QUERIES = Queries("acts.sql")


class PostgresActs:
    """Keys and answers, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def find(self, actor: str, key: str, since: int) -> KeptAct | None:
        """What was done with a key at that time or later."""
        row = await self._connection.fetchrow(QUERIES.find_kept_act, actor, key, moment_of(since))
        return None if row is None else KeptAct(row["digest"], row["status"], row["answer"])

    async def keep(self, claim: Claim, status: int, answer: bytes) -> None:
        """Keep the answer; what has run out goes, a hundred at a time."""
        one, before = claim, moment_of(claim.at - KEPT_MICROS)
        await self._connection.execute(
            QUERIES.keep_answer, one.actor, one.key, one.digest, one.token, moment_of(one.at), status, answer,
            before,
        )  # fmt: skip
        await self._connection.execute(QUERIES.drop_kept_acts, before)


async def take_claim(connection: Any) -> None:
    """Claim the key of the request that runs, if this transaction has written anything.

    It commits with the act or not at all. Raises Conflict (`key_in_use`): somebody else has just done it.
    """
    claim = current_claim()
    if claim is None or not await connection.fetchval(QUERIES.has_written):
        return
    taken = await connection.fetchval(
        QUERIES.claim_key, claim.actor, claim.key, claim.digest, claim.token, moment_of(claim.at),
        moment_of(claim.at - KEPT_MICROS),
    )  # fmt: skip
    if taken is None:
        raise Conflict(
            "key_in_use",
            "Another request with this idempotency key has just done it; send it again for its answer.",
            "使用同一幂等键的另一个请求刚刚已完成；请重发以取得其答复。",
            key=claim.key,
        )
