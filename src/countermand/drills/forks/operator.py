"""The malicious operator: signs two stories, and chooses whom to tell which, with the best proof there is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from countermand.drills.forks.story import MemoryLog
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note
from countermand.transparency.witness import AddCheckpoint

ENTRIES_MAX = 300
# How it goes about it. `honest` is the control, in which nothing may be found.
HONEST = "honest"
WAYS = ("split", "same-size", "turn", "rollback", "hide", "two-faces")


@dataclass(frozen=True, slots=True)
class Story:
    """One of its stories and how far that one is told."""

    log: MemoryLog
    size: int

    @property
    def note(self) -> Note:
        """The signed checkpoint."""
        return self.log.note(self.size)


class Operator:
    """Everything follows from the seed: the fork's place, the sizes, who is told what."""

    def __init__(self, seed: int, way: str) -> None:
        self.chance, self.way = random.Random(f"forks/{seed}/{way}"), way
        draw = self.chance
        shared = draw.randrange(ENTRIES_MAX)
        key = draw.randbytes(32)
        first = MemoryLog(
            (b"%d" % number for number in range(shared + 1 + draw.randrange(ENTRIES_MAX))), seed=key
        )
        extra = first.size - shared if way == "same-size" else 1 + draw.randrange(ENTRIES_MAX)
        other = first.fork(shared, *(b"another %d" % number for number in range(extra)))
        self.shared, self.key = shared, first.key
        self.told = Story(first, first.size)
        self.hidden = Story(first, draw.randint(1, first.size)) if way == HONEST else Story(other, other.size)

    def story_for(self, witness: int) -> Story:
        """What a witness is asked to cosign first."""
        return self.hidden if self.way == "split" and witness else self.told

    def later(self) -> Iterator[tuple[int, Story]]:
        """Which witness is asked to go over to the other story afterwards."""
        if self.way not in (HONEST, "hide"):
            for witness in range(3):
                story = self.hidden if self.story_for(witness) is self.told else self.told
                yield witness, story

    def shown(self) -> Story:
        """What its web server shows to a monitor."""
        if self.way in ("rollback", "two-faces"):
            return self.hidden
        return self.told

    def is_told(self, point: Checkpoint) -> bool:
        """Whether a checkpoint is of the first story."""
        return point.size <= self.told.size and point.root == self.told.log.root(point.size)

    def step(self, story: Story, last: Note | None) -> Iterator[AddCheckpoint]:
        """Requests by which it tries to have a story cosigned: honest where it can be, forged where not."""
        draw, note = self.chance, story.note
        old = 0 if last is None else Checkpoint.of_note(last).size
        for claimed in {0, old, min(old, self.shared), story.size}:
            proof = story.log.proof(claimed, story.size) if 0 < claimed <= story.size else []
            yield AddCheckpoint(claimed, tuple(proof), note)
            if proof:
                bent = list(proof)
                bent[draw.randrange(len(bent))] = draw.randbytes(32)
                yield AddCheckpoint(claimed, tuple(bent), note)
                yield AddCheckpoint(claimed, tuple(proof[:-1]), note)
            if 0 < claimed <= self.told.size:
                yield AddCheckpoint(claimed, tuple(self.told.log.proof(claimed, self.told.size)), note)
