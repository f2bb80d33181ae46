"""After a start: the windows come back from the recorded operations, equal to what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec

from countermand.flows.recall import Recall
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.vocabulary.outcomes import Outcome
from countermand.work import DecisionStore, HistoryRow

CHUNKS_WAITING_MAX = 4
_OBSERVATION = msgspec.msgpack.Decoder(Observation)


def observation_of(row: HistoryRow, recall: Recall) -> Observation:
    """As recorded where the windows were the same; else anew from the recorded facts and body."""
    if row.observation is not None:
        return _OBSERVATION.decode(row.observation)
    given, program = recall.given(row), recall.program
    return program.observed(given, program.observation(given), Outcome(row.outcome).word)


async def rebuild_features(recall: Recall, features: FeatureStore, store: DecisionStore, now: int) -> int:
    """Load every recorded operation that a window may still see; how many were kept.

    Operations decided under a policy with other windows are observed anew from their recorded facts; what
    that policy did not look at is unknown, not invented.
    """
    same = {recall.policy_id, *filter(recall.same_windows, recall.sources)}
    loop = asyncio.get_running_loop()
    chunks: SimpleQueue[list[HistoryRow] | None] = SimpleQueue()
    space = asyncio.Semaphore(CHUNKS_WAITING_MAX)

    def observations() -> Iterator[Observation]:
        while (chunk := chunks.get()) is not None:
            loop.call_soon_threadsafe(space.release)
            for row in chunk:
                yield observation_of(row, recall)

    # The loader works in a thread of its own while the database sends the next chunks.
    loading = loop.run_in_executor(None, features.load, observations())
    loading.add_done_callback(lambda _: space.release())
    try:
        async for rows in store.history(now - recall.program.plan.kept_micros, same):
            await space.acquire()
            if loading.done():
                break
            chunks.put(rows)
    finally:
        chunks.put(None)
    return await loading
