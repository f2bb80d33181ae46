"""What witnessing needs from outside: witnesses to ask, and the memory that a witness must never lose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from countermand.transparency.anchors import AnchorReceipt, ShownAnchor
from countermand.transparency.notes import Note, Signature, VerifierKey
from countermand.transparency.stamps import StampedTime
from countermand.transparency.tree import Node


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's verified lines under the checkpoint that was sent."""

    lines: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The witness is at another size of this log than it was thought to be."""

    size: int


class Witness(Protocol):
    """Somebody outside who cosigns our checkpoints, and shows everybody the last one it cosigned."""

    @property
    def keys(self) -> Collection[VerifierKey]:
        """What its cosignatures are verified with."""
        ...

    async def add(self, old: int, proof: Sequence[bytes], note: Note) -> Cosigned | Elsewhere:
        """Ask for cosignatures.

        Raises Unavailable (`witness_away`), Conflict (`witness_refuses`, `witness_lies`).
        """
        ...

    async def latest(self, origin: str) -> Note | None:
        """What it cosigned last of a log, unverified; None: nothing. Raises Unavailable (`witness_away`)."""
        ...


class ShownLog(Protocol):
    """A log as it shows itself to everybody: its checkpoint and its tiles."""

    async def checkpoint(self) -> Note:
        """The note it shows now, unverified. Raises Unavailable (`log_away`), Conflict (`log_lies`)."""
        ...

    async def hashes(self, nodes: Sequence[Node], size: int) -> Mapping[Node, bytes]:
        """Hashes of nodes from its tiles, unverified. Raises as `checkpoint` does."""
        ...

    async def anchors(self) -> Sequence[ShownAnchor]:
        """The last anchors that it says it has, the newest first, unverified. Raises as `checkpoint` does."""
        ...


class Chain(Protocol):
    """A public chain, as whoever watches sees it through a node of their own choice."""

    async def check(self, receipt: AnchorReceipt) -> AnchorReceipt:
        """How an anchor stands. Raises Unavailable (`anchor_away`), Conflict (`anchor_lies`)."""
        ...


class WitnessMemory(Protocol):
    """The last cosigned note of each log. Losing it would let a log tell this witness two stories."""

    def held(self, origin: str) -> AbstractAsyncContextManager[HeldNote]:
        """The note of a log, for one at a time: whoever comes meanwhile waits."""
        ...

    async def latest(self, digest: str) -> str | None:
        """The note kept for the log of this origin hash (64 hex digits), as text; None: none."""
        ...


class HeldNote(Protocol):
    """One log's note while nobody else can change it."""

    @property
    def note(self) -> Note | None:
        """What was cosigned last."""
        ...

    async def keep(self, note: Note) -> None:
        """Durable before it returns. Raises Unavailable (`witness_memory`): nothing may be answered then."""
        ...

    async def suspect(self, note: Note) -> None:
        """A signed note that was not shown to add to what is kept: for a monitor to look into. Bounded."""
        ...


@dataclass(frozen=True, slots=True)
class KeptStamp:
    """A time-stamp token over the SHA-256 of a checkpoint's note, and what it says; microseconds."""

    origin: str
    size: int
    digest: bytes
    token: bytes
    stamped: StampedTime
    kept_at: int


@dataclass(frozen=True, slots=True)
class KeptAnchor:
    """An anchor of the SHA-256 of a checkpoint's note; instants in microseconds."""

    origin: str
    size: int
    receipt: AnchorReceipt
    sent_at: int
    checked_at: int


class CosignatureShelf(Protocol):
    """What witnesses signed, for good. Every method raises Unavailable while the database is away."""

    async def sizes(self, origin: str) -> Mapping[str, int]:
        """The largest size of a log that each witness cosigned, by its name in the policy."""
        ...

    async def keep(self, origin: str, size: int, witness: str, lines: Sequence[Signature], at: int) -> None:
        """Keep a witness's lines; of one witness at one size the first ones stay."""
        ...

    async def lines(self, origin: str, size: int) -> Mapping[str, tuple[Signature, ...]]:
        """What each witness signed at a size."""
        ...

    async def notes(self, origin: str, count_max: int) -> Sequence[Note]:
        """Checkpoints that any witness cosigned, the largest first, with all lines of witnesses."""
        ...


class StampShelf(Protocol):
    """Time-stamp tokens, for good. Every method raises Unavailable while the database is away."""

    async def newest(self, origin: str) -> KeptStamp | None:
        """The token of the largest size of a log."""
        ...

    async def keep(self, stamp: KeptStamp) -> None:
        """Keep a token; of one size the first one stays."""
        ...

    async def covering(self, origin: str, size: int) -> KeptStamp | None:
        """The token of the smallest tree with the first `size` entries: the earliest proof of their time."""
        ...


class AnchorShelf(Protocol):
    """Anchors and how they stand. Every method raises Unavailable while the database is away."""

    async def newest(self, origin: str) -> KeptAnchor | None:
        """The one sent last."""
        ...

    async def covering(self, origin: str, size: int) -> KeptAnchor | None:
        """The anchor of the smallest tree with the first `size` entries, once a block holds it."""
        ...

    async def unsettled(self, lost_since: int, count_max: int) -> Sequence[KeptAnchor]:
        """Those not final yet, checked longest ago first; a lost one only if sent since that instant."""
        ...

    async def keep(self, anchor: KeptAnchor) -> None:
        """Keep a new one, or how a known one stands now; that it became final is a fact of the journal."""
        ...
