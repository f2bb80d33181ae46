"""What sealing asks of the database and of the signer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from countermand.transparency.ports import LogShelf, LogTiles
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.incidents import Task
from countermand.vocabulary.sealing import (
    Batch,
    ChainEnd,
    FactRow,
    LogStanding,
    NewNote,
    Range,
    ShardShown,
    Stock,
    Turn,
)
from countermand.vocabulary.signing import Ask, Reply

UNCONFIGURED = "countermand.invalid/countermand/main"


class SealStore(Protocol):
    """The database, for the one who seals. Every method raises Unavailable."""

    async def stock(self) -> Stock:
        """Where things stand."""
        ...

    async def writers(self) -> frozenset[str]:
        """The transactions that may have drawn numbers of the journal, and are open."""
        ...

    async def read(self, head: int, gaps: Sequence[Range], rows_max: int) -> list[FactRow]:
        """Lines numbered in the gaps, and the first ones behind the head, by one look at the journal."""
        ...

    async def ends_of(self, cases: Collection[str]) -> Mapping[str, ChainEnd]:
        """Where the chains of these cases end; cases without an entry are absent."""
        ...

    async def append(self, batch: Batch) -> None:
        """Add to the log: all or nothing, durable on return."""
        ...

    async def append_own(
        self, fact: Fact, make: Callable[[FactRow], Batch], turn: Turn | None = None
    ) -> Batch:
        """As `append`, of a fact of the log's own, which is journaled beside; first the turn, if any."""
        ...

    async def tiles(self, shard: int, places: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Tiles by level and number, as they are now."""
        ...

    async def keep_note(self, note: NewNote) -> None:
        """Keep a signed checkpoint; the same again changes nothing."""
        ...

    async def unsigned_facts(self, shard: int, signed_size: int) -> list[int]:
        """Facts of entries of a shard that no checkpoint covers."""
        ...

    async def last_note(self, shard: int) -> NewNote | None:
        """The latest checkpoint of a shard."""
        ...

    async def note_refusal(self, code: str | None, at: int, task: Task | None = None) -> None:
        """Say why nothing is sealed (None: all is well), for those who look from outside."""
        ...


class LogDesk(LogShelf, LogTiles, Protocol):
    """The log for those who read it, and how it stands. Every method raises Unavailable."""

    async def standing(self) -> LogStanding:
        """How far sealing and signing are."""
        ...

    async def shards(self) -> list[ShardShown]:
        """Every shard with its public keys, in order."""
        ...


class SignerPort(Protocol):
    """The signer, a process of its own."""

    async def ask(self, ask: Ask) -> Reply:
        """Its answer. Raises Unavailable `signer_away`; asking the same again is safe."""
        ...


@dataclass(frozen=True, slots=True)
class SealTerms:
    """How a log is sealed. `base` is the origin without its last part; its own last part is the tenant."""

    base: str = UNCONFIGURED
    rows_max: int = 4096
    interval_micros: int = 30_000
    checkpoint_micros: int = 60_000

    @property
    def tenant(self) -> str:
        """Whose facts these are, as each entry says."""
        return self.base.rpartition("/")[2]
