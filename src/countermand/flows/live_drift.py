"""Drift while a server decides: a sample of its newest operations, counted a few at a time, for its gauges.

Deciding has the same thread, so each look takes few operations and gives way between handfuls of them.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.flows.arms import Arm
from countermand.flows.watch_drift import Drift, baselines_of, drift_of, with_mean
from countermand.kernel.errors import CountermandError
from countermand.oversight.adaptive_window import AdaptiveWindow
from countermand.policy.bound import BoundModel
from countermand.vocabulary.models import InputBaseline, ModelCard, RecordedFacts

LOOK_SECONDS = 2.0
SAMPLE_ROWS_MAX = 200
HANDFUL_ROWS = 20
# The index is of the last BLOCK_ROWS * BLOCKS_KEPT operations that were looked at, or a block fewer.
BLOCK_ROWS = 2_000
BLOCKS_KEPT = 5


class NewestFacts(Protocol):
    """Recorded facts."""

    async def newer(self, after: int, count: int) -> tuple[int, list[RecordedFacts]]:
        """The last `count` operations numbered above `after`, oldest first, and the highest number.

        Raises Unavailable.
        """
        ...


class Cards(Protocol):
    """The cards of the models."""

    def find(self, prefix: str) -> ModelCard: ...


class WatchedHouse(Protocol):
    """What this story needs of the house."""

    @property
    def live(self) -> Arm: ...

    @property
    def recorded_facts(self) -> NewestFacts: ...

    @property
    def models(self) -> Cards: ...


@dataclass(slots=True)
class _Column:
    """One input or score: counts by bin of its baseline, the last place for unknown, block after block."""

    base: InputBaseline
    blocks: deque[list[int]] = field(default_factory=lambda: deque(maxlen=BLOCKS_KEPT))

    def see(self, value: float | None) -> None:
        edges = self.base.edges
        known = value is not None and not math.isnan(value)
        self.blocks[-1][bisect_left(edges, value) if known and value is not None else -1] += 1

    def begin_block(self) -> None:
        self.blocks.append([0] * (len(self.base.edges) + 2))

    def drift(self, model: str) -> Drift:
        *counts, unknown = (sum(counts) for counts in zip(*self.blocks, strict=True))
        return drift_of(model, self.base, counts, unknown)


@dataclass(slots=True)
class ModelWatch:
    """One model of the policy that decides: the stability of its inputs and score, and the score's mean."""

    model: BoundModel
    columns: dict[str, _Column]
    scores: AdaptiveWindow = field(default_factory=AdaptiveWindow)
    seen: int = 0

    @classmethod
    def of(cls, model: BoundModel, card: ModelCard) -> ModelWatch:
        """A watch that has seen nothing yet."""
        names = {*model.inputs, model.fact}
        found = baselines_of(model, card)
        return cls(model, {name: _Column(base) for name, base in found.items() if name in names})

    def see(self, kind: str, facts: Mapping[str, Any]) -> None:
        """One operation that was decided, in the order of deciding."""
        if self.model.kinds is not None and kind not in self.model.kinds:
            return
        if self.seen % BLOCK_ROWS == 0:
            for column in self.columns.values():
                column.begin_block()
        self.seen += 1
        for name, column in self.columns.items():
            column.see(facts.get(name))
        score = facts.get(self.model.fact)
        if score is not None:
            self.scores.see(score)

    def drifts(self) -> list[Drift]:
        """What /metrics tells of it; nothing before the first operation."""
        if not self.seen:
            return []
        found = [column.drift(self.model.name) for column in self.columns.values()]
        return [with_mean(one, self.scores) if one.name == self.model.fact else one for one in found]


@dataclass(slots=True)
class LiveDrift:
    """The watches of the policy that decides now; a new policy begins anew."""

    house: WatchedHouse
    watches: Sequence[ModelWatch] = ()
    _policy_id: int = 0
    _names: Sequence[str] = ()
    _position: int = 0

    async def attend(self) -> None:
        """Look every two seconds until cancelled; while the database is away there is nothing to see."""
        while True:
            with suppress(CountermandError):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Take in what was decided since the last look, or the newest of it; how many operations.

        Raises Unavailable, and NotFound or SetupError where a model's card is gone.
        """
        self._take_up(self.house.live)
        if not self.watches:
            return 0
        self._position, rows = await self.house.recorded_facts.newer(self._position, SAMPLE_ROWS_MAX)
        for number, row in enumerate(rows, 1):
            if row.policy_id == self._policy_id:
                facts = dict(zip(self._names, row.facts, strict=True))
                for watch in self.watches:
                    watch.see(row.kind, facts)
            if number % HANDFUL_ROWS == 0:
                await asyncio.sleep(0)
        return len(rows)

    def _take_up(self, live: Arm) -> None:
        if live.policy_id == self._policy_id:
            return
        program, cards = live.program, self.house.models
        trained = [model for model in program.models if model.file is not None]
        self.watches = [ModelWatch.of(model, cards.find(model.file or "")) for model in trained]
        self._policy_id, self._names = live.policy_id, tuple(program.index)
