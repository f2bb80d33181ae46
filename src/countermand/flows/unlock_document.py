"""A document that came locked: opened once with the password its sender types, kept beside the original."""

from __future__ import annotations

from typing import Any, NamedTuple

from limits import RateLimitItemPerHour

from countermand.cases.ports import KeptFile
from countermand.evidence.custody import Touch
from countermand.evidence.exhibits import About, Exhibit, ExhibitKind, Origin
from countermand.flows.capture_exhibit import Wanted, record_exhibit, seal_exhibit, touch
from countermand.flows.case_desk import HOLDER, CaseWork, at_case
from countermand.flows.data_keys import DataKey
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.reading_shelf import AttachmentShelf
from countermand.flows.show_exhibits import exhibit_of, plain_of, shown
from countermand.flows.uploads import EXHIBITS_OF_CASE_MAX
from countermand.kernel.errors import Conflict, TooLarge, TooMany
from countermand.vocabulary.staff import Staff, Verb

DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
TRIES_AN_HOUR = 10
PDF = "application/pdf"


class _Locked(NamedTuple):
    """What is to be opened: an exhibit, or a file of a message; and the key of what it becomes."""

    exhibit: Exhibit | None
    file: KeptFile | None
    content: bytes
    key: DataKey


async def unlock_document(
    room: EvidenceRoom, number: str, document: str, password: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Open it; what it becomes is an exhibit of its own, scanned like any other, that names the original.

    `document` is an exhibit or an attachment of the case. The password goes to the reader and nowhere else.
    Both stay, each with its hash; the original's chain of custody tells what it was opened into.
    Raises NotFound (`unknown_case`, `unknown_exhibit`, `unknown_file`), Forbidden
    (`wrong_document_password`), BadRequest (`document_not_locked`, `document_unreadable`,
    `exhibit_is_program`), TooLarge (`document_too_large`), TooMany (`too_many`), Conflict (`exhibits_full`,
    `exhibit_shredded`, `evidence_altered`), Unavailable.
    """
    if not room.limiter.hit(RateLimitItemPerHour(TRIES_AN_HOUR), "unlock", number, document):
        raise TooMany(
            "too_many",
            "Too many passwords were tried on this document. Wait an hour, or send it without a password.",
            "该文件密码尝试次数过多，请一小时后再试，或发送未加密的文件。",
            retry_after_seconds=3600,
        )
    locked = await _found(room, number, document, by)
    plain = await room.unlocker.unlocked(locked.content, password)
    wanted = _wanted(locked, by)

    async def source() -> Any:
        yield plain

    sealed = await seal_exhibit(room, locked.key, wanted, source)
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by, trace=trace)
        _check_may(work, by)
        if len(await unit.evidence.exhibits(work.case.id)) >= EXHIBITS_OF_CASE_MAX:
            raise Conflict("exhibits_full", "This case takes no more exhibits.", "该案件的证据数量已达上限。")
        await room.keys.one(unit, locked.key.id)
        opened = await record_exhibit(work, locked.key, sealed)
        if locked.exhibit is not None:
            await touch(work, locked.exhibit.id, Touch.UNLOCKED, into=opened.id)
        await work.end()
        return shown(opened, work.case)


async def _found(room: EvidenceRoom, number: str, document: str, by: Staff) -> _Locked:
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by)
        _check_may(work, by)
        if document.startswith("exh"):
            one = await exhibit_of(unit, work.case, document)
            if one.size > DOCUMENT_BYTES_MAX:
                raise _too_large()
            key = await room.keys.one(unit, one.data_key)
            content = b"".join([piece async for piece in plain_of(room, key, one)])
            return _Locked(one, None, content, key)
        parts = (work.case.id, *(part for part, _ in work.case.absorbed))
        kept = await AttachmentShelf(room.desk.vault, room.keys).picture(unit, parts, document)
        if len(kept.content) > DOCUMENT_BYTES_MAX:
            raise _too_large()
        return _Locked(None, kept.file, kept.content, await room.keys.of_case(unit, work.case, About.HOLDER))


def _wanted(locked: _Locked, by: Staff) -> Wanted:
    origin = Origin(actor=by.name, channel="unlocked")
    if locked.exhibit is not None:
        one = locked.exhibit
        return Wanted(one.kind, one.about, one.name, PDF, origin, derived_from=one.id)
    assert locked.file is not None, "a document is an exhibit or a file"
    return Wanted(ExhibitKind.PDF, About.HOLDER, locked.file.name, PDF, origin, attachment=locked.file.id)


def _check_may(work: CaseWork, by: Staff) -> None:
    if by != HOLDER:
        work.require(Verb.WORK)


def _too_large() -> TooLarge:
    return TooLarge(
        "document_too_large",
        f"A locked document of up to {DOCUMENT_BYTES_MAX // 1024**2} MiB can be opened here.",
        f"此处可打开的加密文件上限为 {DOCUMENT_BYTES_MAX // 1024**2} MiB。",
    )
