"""What goes to and fro while the journal is sealed into the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from countermand.kernel.clock import moment_of

# From number to number, both included.
Range = tuple[int, int]


class FactRow(NamedTuple):
    """A line of the journal as it is stored: the body as its bytes, the instant in microseconds UTC."""

    seq: int
    at: int
    kind: str
    subject: str | None
    body: bytes
    trace: str | None


class SealedRows(NamedTuple):
    """Lines of the log by columns: leaves of a shard's tree from number `first` on, without a gap.

    A case and the number there go together; both are None of a fact that is about no case.
    """

    first: int
    facts: list[int]
    cases: list[str | None]
    case_seqs: list[int | None]
    leaves: list[bytes]
    bodies: list[bytes]


class ChainEnd(NamedTuple):
    """Where the chain of a case ends: its number, and the leaf hash of that entry."""

    seq: int
    leaf: bytes


class Shard(NamedTuple):
    """One tree of the log. `label` is the last part of `origin`."""

    id: int
    origin: str
    label: str


class Position(NamedTuple):
    """How far the journal is in the log: up to the head, but for the gaps."""

    head: int
    gaps: tuple[Range, ...]


class Stock(NamedTuple):
    """What is in the database when a sealer begins.

    `tiles` are the partial ones by level and number, `ahead` the facts beyond the head that are sealed,
    `keys` those known of the open shard.
    """

    shard: Shard | None
    labels: tuple[str, ...]
    size: int
    tiles: Mapping[tuple[int, int], bytes]
    signed_size: int
    keys: frozenset[str]
    position: Position
    ahead: frozenset[int]


class Batch(NamedTuple):
    """What one transaction adds: rows, tiles that changed by level and number, and the position.

    Of level 0 only full tiles: the leaves of the last one are those of its rows.
    """

    shard: int
    rows: SealedRows
    tiles: Mapping[tuple[int, int], bytes]
    position: Position


class NewNote(NamedTuple):
    """A checkpoint that was signed just now; `keys` are those not known before."""

    shard: int
    size: int
    root: bytes
    note: str
    signed_at: int
    keys: frozenset[str] = frozenset()


class Thinned(NamedTuple):
    """Up to which checkpoint (number of the shard, size) old ones are looked at, and how many went."""

    place: tuple[int, int]
    gone: int


class Turn(NamedTuple):
    """One shard closes (none before the first), with so many entries that count, and the next one opens."""

    closing: int | None
    closed_size: int
    opening: Shard
    keys: tuple[str, ...]
    at: int

    @property
    def moment(self) -> datetime:
        """When."""
        return moment_of(self.at)


class LogStanding(NamedTuple):
    """How far sealing and signing are; instants in microseconds UTC.

    `behind`: numbers of the journal not looked at yet, and `oldest_at` the instant of the first; `refused`:
    the code that says why nothing is sealed, None while all is well.
    """

    origin: str | None
    entries: int
    signed: int
    behind: int
    oldest_at: int | None
    signed_at: int | None
    refused: str | None
    refused_at: int | None


class ShardShown(NamedTuple):
    """A shard with its public keys as vkeys; `closed_size` entries of it count, all while it is open."""

    id: int
    origin: str
    label: str
    keys: tuple[str, ...]
    opened_at: int
    closed_at: int | None
    closed_size: int | None


class AuditRow(NamedTuple):
    """An entry under audit, with its columns and those of its line of the journal, as in `FactRow`.

    Of files alone only `number` and `entry` are known; of an entry whose line is missing no `at`.
    """

    number: int
    entry: bytes
    case: str | None = None
    case_seq: int | None = None
    leaf: bytes | None = None
    seq: int | None = None
    at: int | None = None
    kind: str | None = None
    subject: str | None = None
    body: bytes | None = None
    trace: str | None = None


class AuditPoint(NamedTuple):
    """A checkpoint under audit; `root` is the column beside the note, None where only files are read."""

    size: int
    root: bytes | None
    note: str


class AuditShard(NamedTuple):
    """A shard under audit: the size is its tree's, entries from `counted` on stand in the next one."""

    id: int
    origin: str
    label: str
    size: int
    counted: int
    tenant: str
