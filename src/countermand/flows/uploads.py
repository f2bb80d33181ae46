"""Uploads that may be cut and go on: begun with what they will be, sent in pieces, an exhibit once whole.

The words and steps are those of the tus protocol 1.0.0 (creation, HEAD for the offset, PATCH to go on).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from countermand.evidence.exhibits import EXHIBIT_BYTES_MAX, About, ExhibitKind, Origin
from countermand.evidence.ports import UploadPart, UploadRow
from countermand.evidence.retention import Kept
from countermand.evidence.sealing import StreamOpener, StreamSealer
from countermand.flows.capture_exhibit import Source, Wanted, record_exhibit, seal_exhibit
from countermand.flows.case_desk import HOLDER, at_case, at_known
from countermand.flows.data_keys import DataKey
from countermand.flows.evidence_room import EvidenceRoom
from countermand.intake.redaction import mask
from countermand.kernel.canonical import digest
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, NotFound
from countermand.kernel.ids import new_nonce, new_secret
from countermand.vocabulary.staff import Staff, Verb
from countermand.work import Unit

# So much is made durable at once: a cut loses no more than this, and a long upload never sits in memory.
PART_BYTES = 8 * 1024 * 1024
EXHIBITS_OF_CASE_MAX = 500


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an upload, sealed, until it is an exhibit."""

    name: str
    origin: Origin


class Begun(NamedTuple):
    """What whoever sends it is told: only with the token does it go on."""

    token: str
    length: int
    ends_at: int


class Sent(NamedTuple):
    """How far an upload is; `exhibit` names what it became."""

    offset: int
    length: int
    exhibit: str | None


class Announced(NamedTuple):
    """An upload before it begins."""

    kind: ExhibitKind
    about: About
    name: str
    declared: str
    length: int
    origin: Origin


async def begin_upload(
    room: EvidenceRoom, number: str, told: Announced, by: Staff, trace: str | None = None
) -> Begun:
    """Room for an exhibit of a case: for whoever holds its receipt (HOLDER), and for who works on it.

    Raises NotFound (`unknown_case`), Forbidden, BadRequest (`upload_length`), Conflict (`exhibits_full`),
    Unavailable.
    """
    if not 0 < told.length <= EXHIBIT_BYTES_MAX:
        raise BadRequest(
            "upload_length",
            f"An exhibit has 1 to {EXHIBIT_BYTES_MAX} bytes, not {told.length}.",
            f"证据材料大小应为 1 至 {EXHIBIT_BYTES_MAX} 字节，而不是 {told.length}。",
            field="length",
        )
    token = new_secret()
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by, trace=trace)
        if by != HOLDER:
            work.require(Verb.WORK)
        if len(await unit.evidence.exhibits(work.case.id)) >= EXHIBITS_OF_CASE_MAX:
            raise Conflict(
                "exhibits_full",
                f"A case takes {EXHIBITS_OF_CASE_MAX} exhibits; ask the desk for another way to send more.",
                f"每个案件最多 {EXHIBITS_OF_CASE_MAX} 件证据；如需更多请联系客服。",
            )
        key = await room.keys.of_case(unit, work.case, told.about)
        name = work.new_id("up")
        wanted = _Wanted(name=mask(told.name).text, origin=told.origin)
        row = UploadRow(
            id=name,
            token=digest(token.encode()),
            case=work.case.id,
            data_key=key.id,
            kind=told.kind,
            about=told.about,
            declared=told.declared,
            wanted=key.seal(msgspec.json.encode(wanted), f"upload {name}"),
            length=told.length,
            offset=0,
            actor=by.name,
            begun_at=work.now,
            ends_at=room.retention.ends_at(Kept.UPLOAD, work.now),
        )
        await unit.evidence.begin_upload(row)
    return Begun(token, told.length, row.ends_at)


async def upload_at(room: EvidenceRoom, token: str) -> Sent:
    """Where an upload is. Raises NotFound (`unknown_upload`), Unavailable."""
    async with room.works.open() as unit:
        row = await _row(room, unit, token)
        return Sent(row.offset, row.length, row.exhibit)


async def go_on(
    room: EvidenceRoom, token: str, offset: int, pieces: AsyncIterable[bytes], trace: str | None = None
) -> Sent:
    """Take bytes from `offset` on, for as long as they come; whole, it becomes an exhibit at once.

    What arrived before a cut is safe and need not be sent again. Sent again without bytes, a whole upload
    that could not become an exhibit (the scanner was away) tries once more.

    Raises NotFound (`unknown_upload`), Conflict (`upload_offset`, `subject_shredded`), BadRequest
    (`upload_too_long`, `exhibit_is_program`: it is forgotten), Unavailable.
    """
    async with room.works.open() as unit:
        row = await _row(room, unit, token)
        if row.exhibit is not None or row.offset != offset:
            raise _elsewhere(row)
        key = await room.keys.one(unit, row.data_key)
    taking = _Taking(room, row, key, offset)
    await taking.take(pieces)
    if taking.offset < row.length:
        return Sent(taking.offset, row.length, None)
    try:
        return Sent(row.length, row.length, await _finish(room, row, key, trace))
    except BadRequest:
        await drop_upload(room, row)
        raise


@dataclass(slots=True)
class _Taking:
    """Bytes on their way in; every eight mebibytes are made safe, and the rest at the end or the cut."""

    room: EvidenceRoom
    row: UploadRow
    key: DataKey
    offset: int

    async def take(self, pieces: AsyncIterable[bytes]) -> None:
        waiting: list[bytes] = []
        size = 0
        try:
            async for piece in pieces:
                if self.offset + size + len(piece) > self.row.length:
                    raise BadRequest(
                        "upload_too_long",
                        f"More bytes came than the {self.row.length} that were announced.",
                        f"收到的数据超过所声明的 {self.row.length} 字节。",
                    )
                waiting.append(piece)
                size += len(piece)
                if size >= PART_BYTES:
                    await self._keep(waiting, size)
                    waiting, size = [], 0
        finally:
            # Also when the sender was cut off: what came is safe, and the sender asks where to go on.
            if size:
                await self._keep(waiting, size)

    async def _keep(self, pieces: list[bytes], size: int) -> None:
        sealer = StreamSealer(self.key.key, new_nonce(), _part(self.row.id, self.offset))

        async def sealed() -> AsyncIterator[bytes]:
            yield sealer.header
            for piece in pieces:
                yield sealer.seal(piece)
            yield sealer.end()

        stored = await self.room.objects.put(sealed())
        try:
            async with self.room.works.open() as unit:
                await unit.evidence.add_part(UploadPart(self.row.id, self.offset, size, stored.digest))
        except CountermandError:
            await self.room.objects.delete(stored.digest)
            raise
        self.offset += size


async def _finish(room: EvidenceRoom, row: UploadRow, key: DataKey, trace: str | None) -> str:
    """The parts become one exhibit."""
    async with room.works.open() as unit:
        parts = await unit.evidence.parts(row.id)
    kept = msgspec.json.decode(key.open(row.wanted, f"upload {row.id}"), type=_Wanted)
    wanted = Wanted(row.kind, row.about, kept.name, row.declared, kept.origin)
    sealed = await seal_exhibit(room, key, wanted, _source(room, key, row, parts))
    by = HOLDER if row.actor == HOLDER.name else Staff(name=row.actor, roles=frozenset())
    async with room.works.open() as unit:
        (work,) = await at_known(room.desk, unit, [row.case], by, trace=trace)
        now = await unit.evidence.upload(row.token, lock=True)
        # Two may have sent the last bytes at once, and the key may be gone meanwhile.
        if now is None or now.exhibit is not None:
            await room.objects.delete(sealed.stored.digest)
            raise _elsewhere(now or row)
        await room.keys.one(unit, row.data_key)
        exhibit = await record_exhibit(work, key, sealed)
        objects = await unit.evidence.end_upload(row.id, exhibit.id)
        await work.end()
    await forget_objects(room, objects)
    return exhibit.id


def _source(room: EvidenceRoom, key: DataKey, row: UploadRow, parts: list[UploadPart]) -> Source:
    async def plain() -> AsyncIterator[bytes]:
        for part in parts:
            opener = StreamOpener(key.key, _part(row.id, part.start))
            async for piece in room.objects.get(part.object):
                if found := opener.open(piece):
                    yield found
            yield opener.end()

    return plain


async def drop_upload(room: EvidenceRoom, row: UploadRow) -> None:
    """It becomes nothing: its row, its parts and their objects are forgotten."""
    async with room.works.open() as unit:
        objects = await unit.evidence.end_upload(row.id, None)
    await forget_objects(room, objects)


async def forget_objects(room: EvidenceRoom, objects: list[bytes]) -> int:
    """Delete what nobody names any more; how many."""
    done = 0
    for one in objects:
        async with room.works.open() as unit:
            if await unit.evidence.object_used(one):
                continue
        await room.objects.delete(one)
        done += 1
    return done


async def _row(room: EvidenceRoom, unit: Unit, token: str) -> UploadRow:
    row = await unit.evidence.upload(digest(token.encode()))
    if row is None or (row.exhibit is None and row.ends_at <= room.clock.now()):
        raise NotFound(
            "unknown_upload",
            "There is no such upload, or its time is over; begin it again.",
            "没有该上传任务，或已过期；请重新开始上传。",
        )
    return row


def _elsewhere(row: UploadRow) -> Conflict:
    return Conflict(
        "upload_offset",
        f"The upload is at byte {row.offset} of {row.length}; go on there.",
        f"上传已到第 {row.offset} 字节（共 {row.length}）；请从该处继续。",
        offset=row.offset,
        length=row.length,
    )


def _part(upload: str, start: int) -> str:
    return f"upload {upload}/{start}"


def begun_shown(begun: Begun, place: str) -> dict[str, Any]:
    """What the sender is told as JSON; `place` is where the upload goes on."""
    return {"location": place, "length": begun.length, "ends_at": rfc3339(begun.ends_at)}
