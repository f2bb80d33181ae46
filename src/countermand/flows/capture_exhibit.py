"""An exhibit arrives: looked at, scanned, hashed and sealed on its way in, then on record with its chain."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from countermand.evidence.custody import CustodyEvent, Touch, fold, touched
from countermand.evidence.exhibits import (
    About,
    Exhibit,
    ExhibitKind,
    Origin,
    Scan,
    Standing,
    refuse_programs,
    type_lies,
)
from countermand.evidence.sealing import StreamSealer
from countermand.flows.case_desk import CaseWork
from countermand.flows.case_events import subject_of
from countermand.flows.committed import Label, salts_key
from countermand.flows.data_keys import DataKey
from countermand.flows.evidence_room import EvidenceRoom
from countermand.intake.mail.files import SNIFFED_BYTES, sniffed
from countermand.intake.redaction import mask
from countermand.kernel.ids import new_nonce
from countermand.transparency.commitments import salt_of
from countermand.transparency.entries import COMMITMENTS
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.facts import EVIDENCE_CAPTURED, EVIDENCE_TOUCHED, Fact
from countermand.vocabulary.vault import StoredObject

# The directory of an archive stands at its end; longer archives are told by their beginning alone.
ARCHIVE_BYTES_MAX = 16 * 1024 * 1024
PLAIN = "plain"
Source = Callable[[], AsyncIterator[bytes]]


class Wanted(NamedTuple):
    """What an exhibit is said to be, and where it comes from."""

    kind: ExhibitKind
    about: About
    name: str
    declared: str
    origin: Origin
    derived_from: str | None = None
    attachment: str | None = None


class Looked(NamedTuple):
    """What its bytes show, and what the scanner said."""

    sniffed: str
    scan: Scan
    signature: str | None


class Sealed(NamedTuple):
    """An exhibit whose sealed bytes are safe; nothing names it yet."""

    id: str
    wanted: Wanted
    looked: Looked
    size: int
    plain_digest: bytes
    plain_mac: bytes
    stored: StoredObject


async def look_at(room: EvidenceRoom, source: Source) -> Looked:
    """Read it once, before anything of it is kept for good.

    Raises BadRequest (`exhibit_is_program`), Unavailable (`scanner_away`).
    """
    head = await _head(source)
    shown = sniffed(head)
    refuse_programs(shown)
    if room.scanner is None:
        return Looked(shown, Scan.UNSCANNED, None)
    report = await room.scanner.scan(source())
    if report.signature is not None:
        return Looked(shown, Scan.INFECTED, report.signature[:100])
    return Looked(shown, Scan.CLEAN if report.complete else Scan.UNSCANNED, None)


async def seal_exhibit(room: EvidenceRoom, key: DataKey, wanted: Wanted, source: Source) -> Sealed:
    """Look at it, then hash and seal it in one pass, into the object store.

    Raises as `look_at`, and Unavailable (`object_store_away`).
    """
    looked = await look_at(room, source)
    name = room.ids.new("exh", room.clock.now())
    salt = salt_of(salts_key(key), *Label.exhibit(name), PLAIN)
    passing = _Passing(StreamSealer(key.key, new_nonce(), f"exhibit {name}"), salt)
    stored = await room.objects.put(passing.sealed(source()))
    return Sealed(name, wanted, looked, passing.size, passing.plain.digest(), passing.mac.digest(), stored)


async def record_exhibit(work: CaseWork, key: DataKey, sealed: Sealed) -> Exhibit:
    """Put a sealed exhibit on record in a locked case: its row, its chain, the case's event, the facts."""
    wanted, looked = sealed.wanted, sealed.looked
    infected = looked.scan is Scan.INFECTED
    exhibit = Exhibit(
        id=sealed.id,
        case=work.case.id,
        data_key=key.id,
        kind=wanted.kind,
        about=wanted.about,
        name=mask(wanted.name).text[:255],
        declared=wanted.declared,
        sniffed=looked.sniffed,
        lies=type_lies(wanted.declared, looked.sniffed),
        size=sealed.size,
        plain_digest=sealed.plain_digest,
        object=sealed.stored.digest,
        object_size=sealed.stored.size,
        scan=looked.scan,
        standing=Standing.QUARANTINED if infected else Standing.KEPT,
        origin=key.seal(msgspec.json.encode(wanted.origin), f"origin {sealed.id}"),
        captured_at=work.now,
        captured_by=work.by.name,
        derived_from=wanted.derived_from,
        attachment=wanted.attachment,
    )
    await work.unit.evidence.add_exhibit(exhibit, _first_touches(exhibit, looked))
    if wanted.derived_from is not None:
        await touch(work, wanted.derived_from, Touch.DERIVED, into=exhibit.id)
    told = {"exhibit": exhibit.id, "media_type": exhibit.sniffed, "bytes": exhibit.size}
    work.happen(EventKind.FILE_ADDED, **told, kind=exhibit.kind.value)
    subject = await subject_of(work.unit, work.case)
    body = {
        "case": exhibit.case,
        "exhibit": exhibit.id,
        "kind": exhibit.kind.value,
        "media_type": exhibit.sniffed,
        "bytes": exhibit.size,
        "object": exhibit.object.hex(),
        COMMITMENTS: {PLAIN: sealed.plain_mac.hex()},
        "lies": exhibit.lies,
        "scan": exhibit.scan.value,
        "actor": exhibit.captured_by,
    }
    if exhibit.derived_from is not None:
        body["derived_from"] = exhibit.derived_from
    await work.unit.note([Fact(work.now, EVIDENCE_CAPTURED, body, subject, work.trace)])
    return exhibit


async def touch(work: CaseWork, exhibit: str, how: Touch, **body: Any) -> CustodyEvent:
    """One touch more of an exhibit of a locked case: in its chain, and in the journal.

    Raises Conflict (`custody_gap`, `exhibit_shredded`, `exhibit_held`).
    """
    known = {name: value for name, value in body.items() if value is not None}
    custody = fold(await work.unit.evidence.custody(exhibit))
    event = CustodyEvent(
        exhibit=exhibit, seq=custody.seq + 1, touch=how, at=work.now, actor=work.by.name, body=known
    )
    touched(custody, event)
    await work.unit.evidence.touch([event])
    said = {
        "case": work.case.id,
        "exhibit": exhibit,
        "touch": how.value,
        "seq": event.seq,
        "actor": event.actor,
    }
    subject = await subject_of(work.unit, work.case)
    await work.unit.note([Fact(work.now, EVIDENCE_TOUCHED, {**known, **said}, subject, work.trace)])
    return event


def _first_touches(exhibit: Exhibit, looked: Looked) -> Sequence[CustodyEvent]:
    told: list[tuple[Touch, dict[str, Any]]] = [
        (
            Touch.CAPTURED,
            {"bytes": exhibit.size, "object": exhibit.object.hex(), "data_key": exhibit.data_key},
        ),
        (Touch.SNIFFED, {"declared": exhibit.declared, "sniffed": exhibit.sniffed, "lies": exhibit.lies}),
        (Touch.SCANNED, {"scan": looked.scan.value}),
    ]
    if exhibit.derived_from is not None:
        told[0][1]["derived_from"] = exhibit.derived_from
    if looked.signature is not None:
        told.append((Touch.QUARANTINED, {"signature": looked.signature}))
    return [
        CustodyEvent(
            exhibit=exhibit.id,
            seq=seq,
            touch=how,
            at=exhibit.captured_at,
            actor=exhibit.captured_by,
            body=body,
        )
        for seq, (how, body) in enumerate(told, 1)
    ]


async def _head(source: Source) -> bytes:
    """As much of the beginning as tells what it is."""
    head = bytearray()
    pieces = source()
    async for piece in pieces:
        head += piece
        if len(head) >= (ARCHIVE_BYTES_MAX if head.startswith(b"PK") else SNIFFED_BYTES):
            break
    return bytes(head)


class _Passing:
    """Plaintext goes in, sealed bytes come out; what passed is hashed and counted."""

    def __init__(self, sealer: StreamSealer, salt: bytes) -> None:
        self._sealer = sealer
        self.plain = hashlib.sha256()
        self.mac = hmac.new(salt, digestmod=hashlib.sha256)
        self.size = 0

    async def sealed(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """In threads: a long one must not hold up whoever else is served."""
        yield self._sealer.header
        async for piece in pieces:
            if done := await asyncio.to_thread(self._take, piece):
                yield done
        yield self._sealer.end()

    def _take(self, piece: bytes) -> bytes:
        self.plain.update(piece)
        self.mac.update(piece)
        self.size += len(piece)
        return self._sealer.seal(piece)
