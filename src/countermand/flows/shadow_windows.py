"""The windows of candidates: taken from the record where the deciding policy has the same, else from a store.

A window is the candidate's own where the deciding policy lacks it, and where it looks at outcomes: a
candidate sees its own outcomes in it, from where it began to follow, as it would had it decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import Any

import msgspec

from countermand.flows.recall import Onlooker
from countermand.flows.recorded_policies import RecordedPolicies
from countermand.policy.facts import Facts
from countermand.policy.plan import FeaturePlan, Observation
from countermand.policy.ports import FeatureStore
from countermand.policy.program import Program
from countermand.policy.window_identity import window_identities, windows_on_outcomes
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.shadows import PastRow

CHUNKS_WAITING_MAX = 2
History = Callable[[int], AsyncIterator[list[PastRow]]]
_FACTS = msgspec.msgpack.Decoder(list[Any])
_WORDS = {outcome.value: outcome.word for outcome in Outcome}


@dataclass(slots=True)
class WindowRoom:
    """The windows of one candidate, or of several whose windows are filled in the same way.

    owner: the candidate, where windows look at outcomes, else 0. own: the windows kept in the store here, by
    number; the others come from the record. They only grow until the room is built anew.
    """

    program: Program
    owner: int
    policies: RecordedPolicies
    make_store: Callable[[FeaturePlan], FeatureStore]
    own: frozenset[int] = frozenset()
    store: FeatureStore | None = None
    onlooker: Onlooker = field(init=False)
    _identities: tuple[str, ...] = field(init=False)
    _on_outcomes: frozenset[int] = field(init=False)
    _places: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.onlooker = Onlooker(self.program)
        self._identities = window_identities(self.program.package)
        self._on_outcomes = windows_on_outcomes(self.program.package)
        if not self._on_outcomes:
            self.owner = 0

    @property
    def key(self) -> tuple[bytes, frozenset[int], int]:
        """Rooms with one key hold the same at the same position."""
        return self.program.windows_digest, self.own, self.owner

    def lacking(self, policy_id: int) -> frozenset[int]:
        """The windows that rows of this policy need here and that no store has yet."""
        if policy_id in self._places:
            return frozenset()
        recorded = self.policies.window_places(policy_id)
        needed = {n for n, identity in enumerate(self._identities) if identity not in recorded}
        return frozenset(needed | self._on_outcomes) - self.own

    def windows(self, policy_id: int, recorded: Facts, given: Facts) -> tuple[Observation | None, list[Any]]:
        """What this operation adds, without its outcome (None if no store takes it), and its windows."""
        places = self._places.get(policy_id)
        if places is None:
            places = self._places[policy_id] = self._places_in(policy_id)
        if self.store is None:
            return None, [recorded[place] for place in places]
        observation = self.program.observation(given)
        own = self.store.read(observation)
        return observation, [recorded[p] if p >= 0 else own[-1 - p] for p in places]

    def observe(self, given: Facts, observation: Observation | None, outcome: int) -> None:
        """Take the operation in, with the outcome that the owner gave it."""
        if observation is not None and self.store is not None:
            self.store.observe(self.program.observed(given, observation, _WORDS[outcome]))

    async def build(self, own: frozenset[int], history: History) -> int:
        """A new store with these windows; how many operations it holds.

        `history(kept_micros)` is the record as far back as the windows reach. Operations arrive as late as
        the deciding policy lets them, so that much more is kept.
        """
        plan = self.program.plan
        self.own, self._places = own, {}
        windows = tuple(plan.windows[number] for number in sorted(own))
        lateness = max(plan.lateness_micros, self.policies.lateness_micros_max)
        plan = replace(plan, windows=windows, lateness_micros=lateness)
        self.store = self.make_store(plan)
        return await _loaded(self.store, history(plan.kept_micros), self._past)

    def _past(self, row: PastRow) -> Observation:
        then = self.policies.of(row.policy_id)
        given = self.onlooker.recalled(then, _FACTS.decode(row.facts), row.body)
        return self.program.observed(given, self.program.observation(given), _WORDS[row.outcome])

    def _places_in(self, policy_id: int) -> list[int]:
        """For each window its place in this policy's facts; -1, -2, … for the first, second, … own one."""
        recorded = self.policies.window_places(policy_id)
        mine = {number: -1 - place for place, number in enumerate(sorted(self.own))}
        return [
            mine[number] if number in mine else recorded[identity]
            for number, identity in enumerate(self._identities)
        ]


async def _loaded(
    store: FeatureStore, history: AsyncIterator[list[PastRow]], observation: Callable[[PastRow], Observation]
) -> int:
    """Fill a store in a thread of its own while the database sends the next chunks."""
    loop = asyncio.get_running_loop()
    chunks: SimpleQueue[list[PastRow] | None] = SimpleQueue()
    space = asyncio.Semaphore(CHUNKS_WAITING_MAX)

    def observations() -> Iterator[Observation]:
        while (chunk := chunks.get()) is not None:
            loop.call_soon_threadsafe(space.release)
            yield from map(observation, chunk)

    loading = loop.run_in_executor(None, store.load, observations())
    loading.add_done_callback(lambda _: space.release())
    try:
        async for rows in history:
            await space.acquire()
            if loading.done():
                break
            chunks.put(rows)
    finally:
        chunks.put(None)
    return await loading
