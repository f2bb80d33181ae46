"""After a start: the windows come back from the recorded operations, equal to what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec

from countermand.flows.labelled_windows import LabelledWindows
from countermand.flows.recall import Recall
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.vocabulary.outcomes import Outcome
from countermand.work.record import DecisionStore, HistoryPart, HistoryRow

PARTS_WAITING_MAX = 4
_OBSERVATION = msgspec.msgpack.Decoder(Observation)
_OBSERVATIONS = msgspec.msgpack.Decoder(list[Observation])
_ARRAY_OF = b"\xdd"  # MessagePack: an array, its length in four bytes, its members


class Rebuilder:
    """Brings the windows of one policy up to the record; what it took over before it does not read again."""

    def __init__(self, recall: Recall, features: FeatureStore, store: DecisionStore) -> None:
        self.features, self.labelled, self.seq = features, LabelledWindows(recall, features), 0
        self._recall, self._store = recall, store
        self._same: set[int] | None = None

    async def catch_up(self, now: int) -> int:
        """Load what was recorded since the last time; how many operations a window may still see.

        Operations decided under a policy with other windows are observed anew from their recorded facts; what
        that policy did not look at is unknown, not invented.
        """
        if self._same is None:  # understanding the other policies takes a while: not in the loop
            self._same = await asyncio.to_thread(self._same_windows)
        labels_seen = self.seq
        kept = await self._operations(now - self._recall.program.plan.kept_micros, self._same)
        await self.labelled.rebuild(self._store, now, labels_seen)
        return kept

    def _same_windows(self) -> set[int]:
        """The policies whose recorded observations serve as they are."""
        return {self._recall.policy_id, *filter(self._recall.same_windows, self._recall.sources)}

    async def _operations(self, since: int, same: set[int]) -> int:
        recall, loop = self._recall, asyncio.get_running_loop()
        parts: SimpleQueue[HistoryPart | None] = SimpleQueue()
        space = asyncio.Semaphore(PARTS_WAITING_MAX)

        def observations() -> Iterator[Observation]:
            while (part := parts.get()) is not None:
                loop.call_soon_threadsafe(space.release)
                yield from observations_of(part, recall)

        # The loader works in a thread of its own while the database sends the next parts.
        loading = loop.run_in_executor(None, self.features.load, observations())
        loading.add_done_callback(lambda _: space.release())
        seq = self.seq
        try:
            async for part in self._store.history(since, same, seq):
                seq = part.last
                await space.acquire()
                if loading.done():
                    break
                parts.put(part)
        finally:
            parts.put(None)
        kept = await loading
        self.seq = seq
        return kept


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
