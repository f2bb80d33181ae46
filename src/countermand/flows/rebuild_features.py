"""After a start: the windows come back from the recorded operations, equal to what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from queue import SimpleQueue

import msgspec

from countermand.flows.recall import Recall
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.vocabulary.outcomes import Outcome
from countermand.work import DecisionStore, HistoryPart, HistoryRow

PARTS_WAITING_MAX = 4
_OBSERVATION = msgspec.msgpack.Decoder(Observation)
_OBSERVATIONS = msgspec.msgpack.Decoder(list[Observation])
_ARRAY_OF = b"\xdd"  # MessagePack: an array, its length in four bytes, its members


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many operations were kept, and the number in the record up to which all are in."""

    operations: int
    seq: int


def observations_of(part: HistoryPart, recall: Recall) -> list[Observation]:
    """What a part of the record puts into the windows, in its order."""
    if not part.packed:
        return [observation_of(row, recall) for row in part.rows]
    return _OBSERVATIONS.decode(_ARRAY_OF + part.size.to_bytes(4, "big") + part.packed)


def observation_of(row: HistoryRow, recall: Recall) -> Observation:
    """As recorded where the windows were the same; else anew from the recorded facts and body."""
    if row.observation is not None:
        return _OBSERVATION.decode(row.observation)
    given, program = recall.given(row), recall.program
    return program.observed(given, program.observation(given), Outcome(row.outcome).word)


async def rebuild_features(
    recall: Recall, features: FeatureStore, store: DecisionStore, now: int, after: int = 0
) -> Rebuilt:
    """Load every recorded operation behind number `after` that a window may still see.

    Operations decided under a policy with other windows are observed anew from their recorded facts; what
    that policy did not look at is unknown, not invented.
    """
    seq = after
    same = {recall.policy_id, *filter(recall.same_windows, recall.sources)}
    loop = asyncio.get_running_loop()
    parts: SimpleQueue[HistoryPart | None] = SimpleQueue()
    space = asyncio.Semaphore(PARTS_WAITING_MAX)

    def observations() -> Iterator[Observation]:
        while (part := parts.get()) is not None:
            loop.call_soon_threadsafe(space.release)
            yield from observations_of(part, recall)

    # The loader works in a thread of its own while the database sends the next parts.
    loading = loop.run_in_executor(None, features.load, observations())
    loading.add_done_callback(lambda _: space.release())
    try:
        async for part in store.history(now - recall.program.plan.kept_micros, same, after):
            seq = part.last
            await space.acquire()
            if loading.done():
                break
            parts.put(part)
    finally:
        parts.put(None)
    return Rebuilt(await loading, seq)
