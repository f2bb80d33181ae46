"""Where pictures of a case come from and what was read of them goes: bytes in, fields out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from countermand.cases.ports import KeptFile
from countermand.evidence.fields import FieldName, Reading
from countermand.evidence.incident_facts import IncidentFacts
from countermand.flows.address_book import Sealer
from countermand.flows.data_keys import DataKeys
from countermand.flows.kept_words import open_kept
from countermand.kernel.canonical import digest
from countermand.kernel.errors import NotFound
from countermand.vocabulary.pictures import PICTURES
from countermand.work import Unit

# Files that were made of others, or typed in: kept like files, shown as what they are.
READING_TYPE = "application/vnd.countermand.reading+json"
CONFIRMED_TYPE = "application/vnd.countermand.confirmed+json"
FACTS_TYPE = "application/vnd.countermand.incident-facts+json"
DERIVED_TYPES = frozenset({READING_TYPE, CONFIRMED_TYPE, FACTS_TYPE})
_SUFFIX = {READING_TYPE: "reading", CONFIRMED_TYPE: "confirmed", FACTS_TYPE: "facts"}


class Picture(NamedTuple):
    """A file that can be read, and the case that it belongs to, which may be part of another one."""

    case: str
    file: KeptFile
    content: bytes


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said that a record of a reading says; `salt` keeps the digest of this from telling it."""

    reading: str
    record: int
    fields: dict[FieldName, str | int | None]
    by: str
    at: int
    salt: bytes


class KeptReading(msgspec.Struct, frozen=True, kw_only=True):
    """A reading as it is kept."""

    reading: Reading
    at: int
    by: str
    salt: bytes


class KeptFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of an incident as somebody told them; `questions` is SHA-256 of those asked, in hex."""

    facts: IncidentFacts
    at: int
    by: str
    salt: bytes
    questions: str | None = None


Kept = TypeVar("Kept", Confirmed, KeptReading, KeptFacts)


class ReadingShelf(Protocol):
    """Where evidence is: what is read needs no more of it than this."""

    async def files(self, unit: Unit, cases: tuple[str, ...]) -> list[KeptFile]:
        """All files of these cases, derived ones too, without their bytes."""
        ...

    async def picture(self, unit: Unit, cases: tuple[str, ...], file: str) -> Picture:
        """One file with its bytes. Raises NotFound (`unknown_file`)."""
        ...

    async def keep(self, unit: Unit, of: KeptFile, media_type: str, name: str, kept: Any) -> KeptFile:
        """Keep what was made of a file, sealed, beside it; `name` is new."""
        ...

    async def keep_with(self, unit: Unit, message: str, media_type: str, name: str, kept: Any) -> KeptFile:
        """The same for what somebody told, with a message of the case."""
        ...

    async def open(self, unit: Unit, cases: tuple[str, ...], file: KeptFile, kind: type[Kept]) -> Kept:
        """What was kept so. Raises NotFound (`unknown_file`)."""
        ...


@dataclass(frozen=True, slots=True)
class AttachmentShelf:
    """The files that came with messages; what is made of them stands beside them under a longer name."""

    vault: Sealer
    keys: DataKeys

    async def files(self, unit: Unit, cases: tuple[str, ...]) -> list[KeptFile]:
        """All files of these cases, derived ones too, without their bytes."""
        return [one for case in cases for one in await unit.cases.files(case)]

    async def picture(self, unit: Unit, cases: tuple[str, ...], file: str) -> Picture:
        """One file with its bytes. Raises NotFound (`unknown_file`)."""
        for case in cases:
            for one in await unit.cases.files(case):
                if one.id == file and one.media_type not in DERIVED_TYPES:
                    return Picture(case, one, await self._bytes(unit, case, one))
        raise unknown_file(file)

    async def keep(self, unit: Unit, of: KeptFile, media_type: str, name: str, kept: Any) -> KeptFile:
        """Keep what was made of a file, sealed, beside it, under its name and a new one."""
        return await self._keep(
            unit, of.message, f"{of.id}/{_SUFFIX[media_type]}/{name}", of.name, media_type, kept
        )

    async def keep_with(self, unit: Unit, message: str, media_type: str, name: str, kept: Any) -> KeptFile:
        """Keep what somebody told, sealed, with a message of the case."""
        place = f"{message}/{_SUFFIX[media_type]}/{name}"
        return await self._keep(unit, message, place, _SUFFIX[media_type], media_type, kept)

    async def _keep(
        self, unit: Unit, message: str, place: str, name: str, media_type: str, kept: Any
    ) -> KeptFile:
        content = msgspec.json.encode(kept)
        derived = KeptFile(
            id=place,
            message=message,
            name=name,
            media_type=media_type,
            size=len(content),
            digest=digest(content),
            sealed=self.vault.seal(content, f"attachment {place}"),
        )
        await unit.cases.attach([derived])
        return derived

    async def open(self, unit: Unit, cases: tuple[str, ...], file: KeptFile, kind: type[Kept]) -> Kept:
        """What was kept so. Raises NotFound (`unknown_file`)."""
        for case in cases:
            sealed = await unit.cases.file_bytes(case, file.id)
            if sealed is not None:
                plain = await open_kept(self, unit, sealed, f"attachment {file.id}")
                return msgspec.json.decode(plain, type=kind)
        raise unknown_file(file.id)

    async def _bytes(self, unit: Unit, case: str, file: KeptFile) -> bytes:
        sealed = await unit.cases.file_bytes(case, file.id)
        if sealed is None:
            raise unknown_file(file.id)
        return await open_kept(self, unit, sealed, f"attachment {file.id}")


def is_picture(file: KeptFile) -> bool:
    """Whether it can be read."""
    return file.media_type in PICTURES


def unknown_file(file: str) -> NotFound:
    """404 for a file that the case does not have."""
    return NotFound("unknown_file", "This case has no such file.", "该案件没有这个文件。", file=file[:200])
