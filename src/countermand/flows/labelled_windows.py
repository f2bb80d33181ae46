"""Labels in the windows of one policy: an operation comes in with its label and moves with a correction."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from countermand.flows.recall import Recall
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.vocabulary.outcomes import Outcome
from countermand.work.record import DecidedRow, DecisionStore, PastOperation

# A label that comes makes room for itself: so many of the oldest are looked at, and forgotten where due.
FORGOTTEN_AT_ONCE = 2


@dataclass(slots=True)
class LabelledWindows:
    """What stands in a feature store because of labels, by operation."""

    recall: Recall
    features: FeatureStore
    _tickets: dict[str, tuple[int, int]] = field(default_factory=dict)  # operation: its instant, the ticket
    _order: deque[str] = field(default_factory=deque)

    def stand(self, past: PastOperation | DecidedRow, fraud: bool | None, now: int) -> None:
        """From the next read on the operation stands as this label has it; None: as without a label.

        `now` is our clock: an operation that no window can reach any more is left alone.
        """
        _, ticket = self._tickets.pop(past.id, (0, 0))
        entry = None
        if past.occurred_at > now - self.recall.program.plan.kept_micros:
            entry = self._entry(past, fraud)
        if not ticket and entry is None:
            return
        ticket = self.features.amend(ticket, entry)
        if ticket:
            self._tickets[past.id] = past.occurred_at, ticket
            self._order.append(past.id)
        self._forget(now)

    def _entry(self, past: PastOperation | DecidedRow, fraud: bool | None) -> Observation | None:
        program = self.recall.program
        if fraud is None or fraud not in program.labels_that_enter:
            return None
        given = self.recall.given(past)
        word = Outcome(past.outcome).word
        return program.labelled(given, program.observation(given), word, fraud=fraud)

    def _forget(self, now: int) -> None:
        oldest = now - self.recall.program.plan.kept_micros
        for _ in range(min(FORGOTTEN_AT_ONCE, len(self._order))):
            known = self._tickets.get(self._order[0])
            if known is not None and known[0] > oldest:
                return
            self._tickets.pop(self._order.popleft(), None)

    async def rebuild(self, store: DecisionStore, now: int, after: int = 0) -> int:
        """After a start: every recorded label that a window may still see; how many operations came in.

        `after` a number: only what was labelled since, corrections too. To stand twice changes nothing.
        """
        program = self.recall.program
        if program.labels_that_enter:
            since = now - program.plan.kept_micros
            asked = (True, False) if after else program.labels_that_enter
            async for chunk in store.labelled(since, asked, after):
                for past in chunk:
                    assert past.label is not None, "only operations with a label are asked for"
                    self.stand(past, past.label.fraud, now)
        return len(self._tickets)
