"""The honest ones around a log: witnesses that run the product's own flow, with their memory in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.flows.cosign_checkpoint import WitnessHouse, cosign_checkpoint
from countermand.kernel.clock import Clock
from countermand.transparency.anchors import ShownAnchor
from countermand.transparency.notes import COSIGNED_ED25519, Note, VerifierKey
from countermand.transparency.tree import Node
from countermand.transparency.trust import Group, TrustPolicy
from countermand.transparency.witness import AddCheckpoint, Cosigner, Refused
from countermand.transparency.witness_ports import Cosigned, Elsewhere

WITNESSES = 3
QUORUM = 2


class _Held:
    def __init__(self, notes: dict[str, Note], origin: str, suspects: list[Note]) -> None:
        self._notes, self._origin, self._suspects = notes, origin, suspects
        self.note = notes.get(origin)

    async def keep(self, note: Note) -> None:
        self._notes[self._origin] = note

    async def suspect(self, note: Note) -> None:
        self._suspects.append(note)


class _Memory:
    def __init__(self) -> None:
        self.notes: dict[str, Note] = {}
        self.suspects: list[Note] = []

    @asynccontextmanager
    async def held(self, origin: str) -> AsyncIterator[_Held]:
        yield _Held(self.notes, origin, self.suspects)

    async def latest(self, digest: str) -> str | None:
        return next((str(note) for note in self.notes.values()), None)


class HonestWitness:
    """One witness; also the port that a monitor asks."""

    def __init__(self, number: int, log: VerifierKey, clock: Clock) -> None:
        self.name = f"w{number}"
        private = Ed25519PrivateKey.from_private_bytes(bytes([number + 1]) * 32)
        key = VerifierKey(
            f"witness.example/{self.name}", COSIGNED_ED25519, private.public_key().public_bytes_raw()
        )
        self.keys = (key,)
        self._memory = _Memory()
        cosigners = (Cosigner(key, private.sign),)
        self._house = WitnessHouse(cosigners, {ORIGIN: (log,)}, self._memory, clock)
        self.refused: list[Refused] = []

    @property
    def suspects(self) -> Sequence[Note]:
        """Notes that were not shown to add to what it cosigned."""
        return self._memory.suspects

    async def ask(self, request: AddCheckpoint) -> bool:
        """Whether it cosigned; over the wire's own form."""
        answer = await cosign_checkpoint(self._house, str(request).encode())
        if isinstance(answer, Refused):
            self.refused.append(answer)
        return isinstance(answer, str)

    async def add(self, old: int, proof: Sequence[bytes], note: Note) -> Cosigned | Elsewhere:
        """Nobody asks it this way here."""
        raise AssertionError((old, proof, note))

    async def latest(self, origin: str) -> Note | None:
        """What it shows."""
        return self._memory.notes.get(origin)


class Showing:
    """One of the operator's stories at a size, as its web server shows it."""

    def __init__(self, story: MemoryLog, size: int, note: Note | None = None) -> None:
        self._story, self._note = story, story.note(size) if note is None else note
        self.anchored: list[ShownAnchor] = []

    async def checkpoint(self) -> Note:
        """Its checkpoint."""
        return self._note

    async def hashes(self, nodes: Sequence[Node], size: int) -> Mapping[Node, bytes]:
        """Its nodes; what the story does not have is made up."""
        return {node: self._story.hashes.get(node, b"made up".ljust(32)) for node in nodes}

    async def anchors(self) -> Sequence[ShownAnchor]:
        """What it says that it anchored; see `anchored`."""
        return self.anchored


def policy_of(log: VerifierKey, witnesses: Sequence[HonestWitness]) -> TrustPolicy:
    """Two of the three witnesses."""
    keys = {one.name: one.keys[0] for one in witnesses}
    return TrustPolicy((log,), keys, {"quorum": Group(QUORUM, tuple(keys))}, "quorum")
