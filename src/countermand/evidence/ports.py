"""What the stories of evidence ask of their store, within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from countermand.evidence.custody import CustodyEvent
from countermand.evidence.exhibits import About, Exhibit, ExhibitKind
from countermand.evidence.holds import LegalHold


class KeyRow(NamedTuple):
    """A data key as it is kept: wrapped by `service` under its key `key_name`; None once shredded.

    `subject` is the random handle of whose it is, or the case where the record knows nobody.
    """

    id: str
    case: str
    subject: str
    about: About
    wrapped: bytes | None
    service: str
    key_name: str
    created_at: int
    shredded_at: int | None = None


class UploadRow(NamedTuple):
    """An upload that has begun: `length` bytes are to come, `offset` are safe. Microseconds UTC.

    `token` is the SHA-256 of what its sender shows to go on; `wanted` (sealed) is what it will be.
    """

    id: str
    token: bytes
    case: str
    data_key: str
    kind: ExhibitKind
    about: About
    declared: str
    wanted: bytes
    length: int
    offset: int
    actor: str
    begun_at: int
    ends_at: int
    exhibit: str | None = None


class UploadPart(NamedTuple):
    """Some bytes of an upload that are safe: `size` of them from `start`, sealed in the object store."""

    upload: str
    start: int
    size: int
    object: bytes


class Tombstone(NamedTuple):
    """A data key that was destroyed: replayed after a restore, it destroys it again. Microseconds UTC."""

    data_key: str
    case: str
    subject: str
    at: int
    actor: str
    reason: str


class InstrumentRow(NamedTuple):
    """A number behind a merchant's token: sealed, and found by a keyed digest; microseconds UTC."""

    token: str
    merchant: str
    finder: bytes
    sealed: bytes
    masked: str
    made_at: int
    used_at: int


class KeyBook(Protocol):
    """Data keys, wrapped, and what is left of those that were destroyed."""

    async def put_key(self, row: KeyRow, subject_key: str | None) -> KeyRow:
        """Write a key; the live one of its case and matter where there is one already.

        Its subject is the random handle that the record has for `subject_key`, else the one in the row.
        """
        ...

    async def put_key_later(self, row: KeyRow) -> None:
        """Write the first key of a case that the same unit opens, at its end at the latest."""
        ...

    def key_at_hand(self, case: str, about: About) -> KeyRow | None:
        """The live key of a case, where this unit has found or put one; the server is not asked."""
        ...

    async def find_key(self, case: str, about: About) -> KeyRow | None:
        """The live key of a case; it stays alive until this transaction ends."""
        ...

    async def keys(self, names: Collection[str]) -> Mapping[str, KeyRow]:
        """Keys by name, destroyed ones too."""
        ...

    async def keys_of(self, case: str) -> list[KeyRow]:
        """All keys of a case, destroyed ones too, in the order of their making."""
        ...

    async def keys_of_subject(self, subject: str) -> list[KeyRow]:
        """All keys of a subject, in whatever case."""
        ...

    async def keys_to_rewrap(self, service: str, key_name: str, after: str, count_max: int) -> list[KeyRow]:
        """Live keys that are not wrapped by this key, behind the one named `after`, by name; locked."""
        ...

    async def rewrap(self, rows: Sequence[KeyRow]) -> None:
        """Write how keys are wrapped now; what was destroyed meanwhile stays destroyed."""
        ...

    async def key_samples(self) -> list[KeyRow]:
        """One live key for each key that wraps some."""
        ...

    async def destroy_keys(self, stones: Sequence[Tombstone]) -> list[bytes]:
        """Forget wrapped keys for good, with all that is read or found by their means.

        Returns the objects that held what was sealed under them.
        """
        ...

    async def tombstones(self) -> list[Tombstone]:
        """Everything that was destroyed, oldest first."""
        ...


class EvidenceBook(KeyBook, Protocol):
    """Exhibits, their chains of custody, uploads and legal holds."""

    async def add_exhibit(self, exhibit: Exhibit, events: Sequence[CustodyEvent]) -> None:
        """Write an exhibit with the first touches of its chain."""
        ...

    async def exhibits(self, case: str) -> list[Exhibit]:
        """All exhibits of a case, oldest first."""
        ...

    async def exhibit(self, name: str) -> Exhibit | None:
        """One by its name, locked: one touch at a time."""
        ...

    async def touch(self, events: Sequence[CustodyEvent]) -> None:
        """Touches more. Raises Conflict (`custody_gap`) where somebody touched it meanwhile."""
        ...

    async def custody(self, exhibit: str) -> list[CustodyEvent]:
        """The chain of one exhibit."""
        ...

    async def custody_of_case(self, case: str) -> list[CustodyEvent]:
        """The chains of all exhibits of a case, by time."""
        ...

    async def begin_upload(self, upload: UploadRow) -> None:
        """Write an upload."""
        ...

    async def upload(self, token: bytes, *, lock: bool = False) -> UploadRow | None:
        """The upload that somebody holds the token of."""
        ...

    async def add_part(self, part: UploadPart) -> None:
        """Bytes more; the offset moves with them. Raises Conflict (`upload_offset`) where it has moved."""
        ...

    async def parts(self, upload: str) -> list[UploadPart]:
        """What is safe of an upload, in order."""
        ...

    async def end_upload(self, upload: str, exhibit: str | None) -> list[bytes]:
        """It became an exhibit, or nothing: forget its parts; the objects they were in."""
        ...

    async def uploads_over(self, now: int, count_max: int) -> list[UploadRow]:
        """Uploads that were never finished and are over their time."""
        ...

    async def object_used(self, object_name: bytes) -> bool:
        """Whether an exhibit or a part is in this object."""
        ...

    async def put_hold(self, hold: LegalHold) -> None:
        """A legal hold, new or ended."""
        ...

    async def holds(self, case: str) -> list[LegalHold]:
        """All legal holds of a case, ended ones too."""
        ...

    async def cases_ended(self, before: int, after: str, count_max: int) -> list[tuple[str, int]]:
        """Closed cases with live data keys that ended before an instant, behind the one named; by name."""
        ...


class InstrumentBook(Protocol):
    """Numbers of cards and accounts behind tokens."""

    async def put_instrument(self, row: InstrumentRow) -> InstrumentRow:
        """Write a token; the one that the merchant has for the number already, where there is one."""
        ...

    async def instrument(self, token: str, at: int) -> InstrumentRow | None:
        """What a token stands for; used at that instant."""
        ...

    async def drop_instruments(self, unused_since: int) -> int:
        """Forget tokens that nobody used since; how many."""
        ...


class TombstoneFile(Protocol):
    """What was destroyed, in a file of its own that no restore of the database takes back."""

    def append(self, stones: Sequence[Tombstone]) -> None:
        """Write more of them, durably. Raises Unavailable (`tombstones_unwritable`)."""
        ...

    def read(self) -> list[Tombstone]:
        """All of them, in the order of writing. Raises SetupError (`tombstones_unreadable`)."""
        ...
