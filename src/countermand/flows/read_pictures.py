"""A picture is read: in the background when it comes in, or when somebody at the desk asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from countermand.cases.ports import KeptFile
from countermand.evidence.fields import Reading
from countermand.evidence.reading import read_fields
from countermand.extensions import ocr_absent
from countermand.flows.case_desk import at_case
from countermand.flows.case_events import Happenings
from countermand.flows.reading_desk import ReadingDesk, parts_of
from countermand.flows.reading_shelf import READING_TYPE, KeptReading, Picture, is_picture
from countermand.kernel.errors import BadRequest, NotFound, TooLarge, Unavailable
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.staff import Staff, Verb
from countermand.work import Unit

MACHINE = "countermand"
# Of one message: whoever sends more is read on request.
PICTURES_OF_MESSAGE_MAX = 10
# A picture over which the reader had to be ended so often is left to people.
TRIES_MAX, STUCK = 3, "reader_stuck"
_EXIF_TIME = "%Y:%m:%d %H:%M:%S"
# What a file calls the time it was taken, best first.
_TAKEN = ("taken_at", "changed_at", "file_Creation Time", "file_date:create")


def readings_wanted(case: str, files: Iterable[KeptFile], now: int, trace: str | None) -> list[Effect]:
    """The effects by which the pictures of a message are read, where somebody stands behind the port."""
    pictures = [one for one in files if is_picture(one)][:PICTURES_OF_MESSAGE_MAX]
    return [
        Effect(
            id=f"{one.id}/reading",
            port=READING_PORT,
            action="read",
            lane=None,
            body={"case": case, "file": one.id},
            placed_at=now,
            due_at=now,
            trace=trace,
        )
        for one in pictures
    ]


@dataclass(frozen=True, slots=True)
class ReadingPort:
    """The port of the outbox behind which pictures are read."""

    house: ReadingDesk

    async def deliver(self, effect: Effect) -> Delivery:
        """Read one file of a case, once; what cannot be read is left to people. Raises Unavailable."""
        house, desk = self.house, self.house.desk
        async with desk.works.open() as unit:
            locked = await unit.cases.lock([effect.body["case"]])
            if not locked:
                return _failed("unknown_case")
            case, parts = locked[0], parts_of(locked[0])
            if any(_is_reading_of(one, effect.body["file"]) for one in await house.shelf.files(unit, parts)):
                return Delivery(state=EffectState.DONE, answer={"read": True})
            try:
                picture = await house.shelf.picture(unit, parts, effect.body["file"])
            except NotFound as error:
                return _failed(error.code)
        try:
            reading = await _read(house, picture)
        except (BadRequest, TooLarge) as error:
            return _failed(error.code)
        except Unavailable as error:
            if error.code == STUCK and effect.attempts >= TRIES_MAX:
                return _failed(error.code)
            raise
        async with desk.works.open() as unit:
            (case,) = await unit.cases.lock([case.id])
            now = Happenings(case, max(desk.clock.now(), case.updated_at), effect.trace)
            await _keep(house, now, unit, picture, reading, MACHINE)
            await now.write(unit, desk)
        return Delivery(state=EffectState.DONE, answer={"records": len(reading.records)})


async def read_file(
    house: ReadingDesk, number: str, file: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Read a file of a case now, again where it was read before: the last reading is the one shown.

    Raises NotFound (`unknown_case`, `unknown_file`), Forbidden, Unavailable (`ocr_absent`, `reader_stuck`),
    BadRequest (`image_unreadable`), TooLarge (`image_too_large`).
    """
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by)
        work.require(Verb.WORK)
        work.require(Verb.READ_MONEY)
        picture = await house.shelf.picture(unit, parts_of(work.case), file)
    reading = await _read(house, picture)
    async with house.desk.works.open() as unit:
        work = await at_case(house.desk, unit, number, by, trace=trace)
        work.require(Verb.WORK)
        kept = await _keep(house, work.happened, unit, picture, reading, by.name)
        await work.end()
        return {**work.answer(), "reading": kept.id}


async def _read(house: ReadingDesk, picture: Picture) -> Reading:
    """Nothing is locked while a picture is read: it takes a second."""
    if house.reader is None:
        raise ocr_absent("none")
    text = await house.reader.read(picture.content, picture.file.media_type)
    return read_fields(text, house.lexicon, captured_at(text.metadata))


async def _keep(
    house: ReadingDesk, now: Happenings, unit: Unit, picture: Picture, reading: Reading, by: str
) -> KeptFile:
    """The reading, sealed, and its event, which tells what was found and nothing of what it says."""
    kept = KeptReading(reading=reading, at=now.now, by=by, salt=new_nonce())
    name = house.desk.ids.new("reading", now.now)
    derived = await house.shelf.keep(unit, picture.file, READING_TYPE, name, kept)
    told = {
        "file": picture.file.id,
        "reading": derived.id,
        "sha256": derived.digest.hex(),
        "reader": reading.reader,
        "records": [
            {"kind": one.kind.value, "fields": [field.name.value for field in one.fields]}
            for one in reading.records
        ],
    }
    now.happen(EventKind.FILE_READ, told, by)
    return derived


def captured_at(metadata: Mapping[str, str]) -> datetime | None:
    """When a picture was taken, by its own file; without a zone, as cameras write it."""
    for name in _TAKEN:
        text = metadata.get(name, "")
        for form in (_EXIF_TIME, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"):
            try:
                return datetime.strptime(text[:19], form)  # noqa: DTZ007 - EXIF has no zone
            except ValueError:
                continue
    return None


def _is_reading_of(one: KeptFile, file: str) -> bool:
    return one.media_type == READING_TYPE and one.id.startswith(f"{file}/")


def _failed(why: str) -> Delivery:
    return Delivery(state=EffectState.FAILED, answer={"refused": why})
