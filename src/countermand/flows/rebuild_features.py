"""After a start: the windows come back from the recorded operations, equal to what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import msgspec

from countermand.flows.arms import Onlooker
from countermand.kernel.clock import micros_of
from countermand.policy.package import compile_recorded
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.policy.program import Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.work import DecisionStore, HistoryPart, HistoryRow

PARTS_WAITING_MAX = 4
_OBSERVATION = msgspec.msgpack.Decoder(Observation)
_OBSERVATIONS = msgspec.msgpack.Decoder(list[Observation])
_ARRAY_OF = b"\xdd"  # MessagePack: an array, its length in four bytes, its members
_FACTS = msgspec.msgpack.Decoder(list[Any])
_OPERATION = msgspec.json.Decoder(Operation)


@dataclass(slots=True)
class _Reader:
    """Turns recorded rows into observations of the present policy.

    sources: the recorded policies' files by number.
    """

    program: Program
    sources: Mapping[int, Mapping[str, str]]
    onlooker: Onlooker = field(init=False)
    _programs: dict[int, Program] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.onlooker = Onlooker(self.program)

    def program_of(self, policy_id: int) -> Program:
        if policy_id not in self._programs:
            self._programs[policy_id] = compile_recorded(self.sources[policy_id])
        return self._programs[policy_id]

    def same_windows(self, policy_id: int) -> set[int]:
        """The policies whose recorded observations serve as they are."""
        digest = self.program.windows_digest
        others = (number for number in self.sources if number != policy_id)
        return {policy_id} | {n for n in others if self.program_of(n).windows_digest == digest}

    def observations(self, part: HistoryPart) -> list[Observation]:
        """What a part of the record puts into the windows, in its order."""
        if not part.packed:
            return [self.observation(row) for row in part.rows]
        return _OBSERVATIONS.decode(_ARRAY_OF + part.size.to_bytes(4, "big") + part.packed)

    def observation(self, row: HistoryRow) -> Observation:
        """As recorded where the windows were the same; else anew from the recorded facts and body."""
        if row.observation is not None:
            return _OBSERVATION.decode(row.observation)
        assert row.facts is not None, "rows of other policies come whole"
        assert row.body is not None, "rows of other policies come whole"
        operation = _OPERATION.decode(row.body)
        then = self.program_of(row.policy_id)
        recorded = dict(zip(then.index, _FACTS.decode(row.facts), strict=True))
        at = micros_of(operation.occurred_at)
        return self.onlooker.observation(operation, at, recorded, Outcome(row.outcome).word)


class Rebuilder:
    """Brings the windows of one policy up to the record; what it took over before it does not read again.

    `sources`: the files of every policy that has decided, by number.
    """

    def __init__(
        self,
        program: Program,
        policy_id: int,
        features: FeatureStore,
        store: DecisionStore,
        sources: Mapping[int, Mapping[str, str]],
    ) -> None:
        self.features, self.seq = features, 0
        self._policy_id, self._store = policy_id, store
        self._reader = _Reader(program, sources)
        self._same: set[int] | None = None

    async def catch_up(self, now: int) -> int:
        """Load every recorded operation since the last time that a window may still see; how many were kept.

        Operations decided under a policy with other windows are observed anew from their recorded facts; what
        that policy did not look at is unknown, not invented.
        """
        if self._same is None:  # understanding the other policies takes a while: not in the loop
            self._same = await asyncio.to_thread(self._reader.same_windows, self._policy_id)
        reader, loop = self._reader, asyncio.get_running_loop()
        parts: SimpleQueue[HistoryPart | None] = SimpleQueue()
        space = asyncio.Semaphore(PARTS_WAITING_MAX)

        def observations() -> Iterator[Observation]:
            while (part := parts.get()) is not None:
                loop.call_soon_threadsafe(space.release)
                yield from reader.observations(part)

        # The loader works in a thread of its own while the database sends the next parts.
        loading = loop.run_in_executor(None, self.features.load, observations())
        loading.add_done_callback(lambda _: space.release())
        seq = self.seq
        try:
            since = now - reader.program.plan.kept_micros
            async for part in self._store.history(since, self._same, self.seq):
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


async def rebuild_features(
    program: Program,
    policy_id: int,
    features: FeatureStore,
    store: DecisionStore,
    sources: Mapping[int, Mapping[str, str]],
    now: int,
) -> int:
    """Load every recorded operation that a window may still see; how many were kept."""
    return await Rebuilder(program, policy_id, features, store, sources).catch_up(now)
