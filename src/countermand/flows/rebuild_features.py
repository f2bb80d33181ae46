"""After a start: the windows come back from the recorded operations, equal to what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import msgspec

from countermand.flows.circumstances import FORGOTTEN, Surroundings, nowhere
from countermand.kernel.clock import micros_of
from countermand.policy.package import compile_recorded
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.policy.program import Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import Account
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
    surroundings: Surroundings = field(init=False)
    _programs: dict[int, Program] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.surroundings = Surroundings(self.program, nowhere, FORGOTTEN, FORGOTTEN)

    def program_of(self, policy_id: int) -> Program:
        if policy_id not in self._programs:
            self._programs[policy_id] = compile_recorded(self.sources[policy_id])
        return self._programs[policy_id]

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
        account = Account(id=operation.account)
        circumstances = self.surroundings.of(operation, account, micros_of(operation.occurred_at))
        then = self.program_of(row.policy_id)
        recorded = dict(zip(then.index, _FACTS.decode(row.facts), strict=True))
        given = self.program.given_again(circumstances, recorded)
        return self.program.observed(given, self.program.observation(given), Outcome(row.outcome).word)


async def rebuild_features(
    program: Program,
    policy_id: int,
    features: FeatureStore,
    store: DecisionStore,
    sources: Mapping[int, Mapping[str, str]],
    now: int,
) -> int:
    """Load every recorded operation that a window may still see; how many were kept.

    Operations decided under a policy with other windows are observed anew from their recorded facts; what
    that policy did not look at is unknown, not invented.
    """
    reader = _Reader(program, sources)
    same = {policy_id} | {
        number
        for number in sources
        if number != policy_id and reader.program_of(number).windows_digest == program.windows_digest
    }
    loop = asyncio.get_running_loop()
    parts: SimpleQueue[HistoryPart | None] = SimpleQueue()
    space = asyncio.Semaphore(PARTS_WAITING_MAX)

    def observations() -> Iterator[Observation]:
        while (part := parts.get()) is not None:
            loop.call_soon_threadsafe(space.release)
            yield from reader.observations(part)

    # The loader works in a thread of its own while the database sends the next parts.
    loading = loop.run_in_executor(None, features.load, observations())
    loading.add_done_callback(lambda _: space.release())
    try:
        async for part in store.history(now - program.plan.kept_micros, same):
            await space.acquire()
            if loading.done():
                break
            parts.put(part)
    finally:
        parts.put(None)
    return await loading
