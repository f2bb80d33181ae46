"""What others ask of the log: where it stands, and proofs of what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from countermand.transparency.anchors import ShownAnchor
from countermand.transparency.proofs import LogProof
from countermand.transparency.tiles import Tile


class SignedCheckpoint(NamedTuple):
    """A tree that the log's signer signed; `signed_at` in microseconds UTC."""

    origin: str
    size: int
    root: bytes
    note: str
    signed_at: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry that a signed checkpoint covers, with the proof that it does."""

    entry: bytes
    index: int
    proof: LogProof


class LogShelf(Protocol):
    """The log as it is signed. What is not signed yet does not exist here.

    Every method raises Unavailable while the database is away, SetupError `log_damaged` where tiles lack.
    """

    async def latest(self, shard: str | None = None) -> SignedCheckpoint | None:
        """The latest checkpoint: of the shard with this label, else of the newest one that has any."""
        ...

    async def proof_of(self, fact: int) -> Sealed | None:
        """The entry of a journal fact, proved against its shard's latest checkpoint; None before that."""
        ...

    async def entries_of_case(self, case: str) -> list[Sealed]:
        """The entries of a case in the order of its chain."""
        ...

    async def consistency(self, origin: str, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `new` entries adds to that of `old` (RFC 9162 section 2.1.4).

        Raises NotFound `unknown_log`, BadRequest `log_size_unknown` unless `0 < old <= new <= signed size`.
        """
        ...


class LogTiles(Protocol):
    """The log in the pieces that anyone may fetch (C2SP tlog-tiles). Raises Unavailable."""

    @property
    def entries_open(self) -> bool:
        """Whether anyone may fetch entries too; who has none still checks every proof against the hashes."""
        ...

    async def latest(self, shard: str | None = None) -> SignedCheckpoint | None:
        """The latest checkpoint: of the shard with this label, else of the newest one that has any."""
        ...

    async def published(self, label: str, *, cosigned: bool = False) -> str | None:
        """The latest checkpoint of the shard with this label, with the lines of the witnesses that signed it.

        `cosigned`: the latest that some witness signed. None where there is none.
        """
        ...

    async def anchors(self, label: str, count_max: int) -> list[ShownAnchor]:
        """The last anchors of the shard with this label that are not lost, the newest first."""
        ...

    async def tile(self, label: str, tile: Tile) -> bytes | None:
        """The hashes of a tile, so many as its width; None where no checkpoint covers them."""
        ...

    async def entries(self, label: str, tile: Tile) -> bytes | None:
        """The entries whose hashes a tile of level 0 holds, as a bundle; None as for `tile`."""
        ...
