"""What was read of a case's pictures, as the desk sees it: fields with boxes, confirmed or not, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from countermand.cases.numbers import spoken
from countermand.cases.ports import KeptFile
from countermand.evidence.crosschecks import CrossCheck
from countermand.evidence.fields import Field, FieldName, Reading, Record
from countermand.flows.case_desk import CaseWork, at_case
from countermand.flows.compare_record import compared
from countermand.flows.reading_desk import ReadingDesk, parts_of
from countermand.flows.reading_shelf import Confirmed, KeptReading, is_picture
from countermand.intake.redaction import mask
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import NotFound
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Staff, Verb

# What is the same for everybody, or covered on the screen already; the rest may name people.
_PLAIN = frozenset(FieldName) - {
    FieldName.COUNTERPARTY, FieldName.COUNTERPARTY_ACCOUNT, FieldName.SENDER, FieldName.CALLBACK,
}  # fmt: skip


class FileRead(NamedTuple):
    """A file with its last reading, and what was confirmed of its records, by their number."""

    file: KeptFile
    reading_id: str | None = None
    kept: KeptReading | None = None
    confirmed: Mapping[int, Confirmed] = MappingProxyType({})


async def files_read(house: ReadingDesk, work: CaseWork) -> list[FileRead]:
    """The pictures of a case, each with its last reading: what the events of the case name last counts."""
    unit, parts = work.unit, parts_of(work.case)
    files = {one.id: one for one in await house.shelf.files(unit, parts)}
    events = [one for part in parts for one in await unit.cases.events(part)]
    last: dict[str, str] = {}
    said: dict[tuple[str, int], str] = {}
    for event in sorted(events, key=lambda one: (one.at, one.seq)):
        if event.kind is EventKind.FILE_READ:
            last[event.body["file"]] = event.body["reading"]
        elif event.kind is EventKind.READING_CONFIRMED:
            said[event.body["reading"], event.body["record"]] = event.body["confirmed"]
    found = []
    for file in (one for one in files.values() if is_picture(one)):
        reading = last.get(file.id)
        if reading is None or reading not in files:
            found.append(FileRead(file))
            continue
        kept = await house.shelf.open(unit, parts, files[reading], KeptReading)
        confirmed = {
            record: await house.shelf.open(unit, parts, files[name], Confirmed)
            for (of, record), name in said.items()
            if of == reading and name in files
        }
        found.append(FileRead(file, reading, kept, confirmed))
    return found


async def show_readings(house: ReadingDesk, number: str, by: Staff) -> dict[str, Any]:
    """Every picture of a case, what was read of it, and how that stands to the record.

    Raises NotFound (`unknown_case`), Forbidden.
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by)
        work.require(Verb.READ_MESSAGES)
        work.require(Verb.READ_MONEY)
        found = await files_read(house, work)
        return {
            "case": spoken(work.case.number),
            "files": [await _shown(house, work, one) for one in found],
        }


async def _shown(house: ReadingDesk, work: CaseWork, one: FileRead) -> dict[str, Any]:
    told = {"file": one.file.id, "name": one.file.name, "media_type": one.file.media_type}
    if one.kept is None:
        return {**told, "reading": None, "records": []}
    reading = one.kept.reading
    shown = []
    for place, record in enumerate(reading.records):
        confirmed = one.confirmed.get(place)
        counted = record if confirmed is None else with_confirmed(record, confirmed)
        shown.append(
            {
                "record": place,
                "kind": record.kind.value,
                "fields": [_field(field) for field in record.fields],
                "confirmed": None if confirmed is None else _confirmed(confirmed),
                "check": check_shown(await compared(house, work, counted)),
            }
        )
    return {
        **told,
        "reading": one.reading_id,
        "reader": reading.reader,
        "read_at": rfc3339(one.kept.at),
        "width": reading.width,
        "height": reading.height,
        "captured_at": reading.captured_at,
        "lines": [
            {"text": mask(line.text).text, "box": line.box, "confidence": line.confidence}
            for line in reading.lines
        ],
        "records": shown,
    }


def _field(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(field)
    return {**told, "value": _value(field.name, field.value), "raw": mask(field.raw).text}


def _value(name: FieldName, value: str | int | None) -> str | int | None:
    return mask(value).text if isinstance(value, str) and name not in _PLAIN else value


def _confirmed(one: Confirmed) -> dict[str, Any]:
    fields = {name.value: _value(name, value) for name, value in one.fields.items()}
    return {"by": one.by, "at": rfc3339(one.at), "fields": fields}


def with_confirmed(record: Record, confirmed: Confirmed) -> Record:
    """A record as somebody confirmed it: their values count."""
    known = {one.name: one for one in record.fields}
    for name, value in confirmed.fields.items():
        field = known.get(name) or Field(
            name=name, value=None, raw="", boxes=(), confidence=0.0, needs_confirmation=False
        )
        known[name] = msgspec.structs.replace(field, value=value, confidence=1.0, needs_confirmation=False)
    return Record(kind=record.kind, fields=tuple(known.values()))


def check_shown(check: CrossCheck) -> dict[str, Any]:
    """What came of a comparison, with its reasons in both languages."""
    shown: dict[str, Any] = msgspec.to_builtins(check)
    return shown


def record_of(found: Sequence[FileRead], file: str, record: int) -> tuple[FileRead, Reading, Record]:
    """One record of a file's last reading. Raises NotFound (`unknown_reading`)."""
    for one in found:
        if one.file.id == file and one.kept is not None and record < len(one.kept.reading.records):
            return one, one.kept.reading, one.kept.reading.records[record]
    raise NotFound(
        "unknown_reading",
        "No such record was read of this file; read it first.",
        "该文件没有这条识别结果；请先识别。",
        file=file[:200],
        record=record,
    )
