"""What the doors of reading evidence take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec

from countermand.evidence.checklist import Held
from countermand.evidence.fields import FieldName
from countermand.evidence.incident_facts import IncidentFacts
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.pictures import Box

FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Value = str | int | None


class ReadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file of the case to read."""

    file: FileName


class ReadShown(msgspec.Struct, frozen=True, kw_only=True):
    """The reading that came of it; `version` is the case's to go on from."""

    case: str
    version: int
    reading: str


class ConfirmRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record of a file says: amounts in minor units, null for what cannot be made out."""

    file: FileName
    fields: dict[FieldName, Value]
    record: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class CrossFindingShown(msgspec.Struct, frozen=True):
    """One thing that was compared."""

    code: str
    text: dict[str, str]


class CrossCheckShown(msgspec.Struct, frozen=True, kw_only=True):
    """matched, contradicts, not_ours or undecided; and why."""

    verdict: str
    operation: str | None
    findings: tuple[CrossFindingShown, ...]


class ConfirmShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the record says to what was confirmed."""

    case: str
    version: int
    file: str
    record: int
    check: CrossCheckShown


class FieldShown(msgspec.Struct, frozen=True, kw_only=True):
    """One field, where it stands (pixels, four corners, a box a line), and whether it needs confirming."""

    name: FieldName
    value: Value
    raw: str
    boxes: tuple[Box, ...]
    confidence: float
    needs_confirmation: bool


class ConfirmedShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who confirmed what, and when."""

    by: str
    at: Instant
    fields: dict[str, Value]


class RecordShown(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt, a row of a list, or a message."""

    record: int
    kind: str
    fields: tuple[FieldShown, ...]
    confirmed: ConfirmedShown | None
    check: CrossCheckShown


class LineShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was read, personal data masked."""

    text: str
    box: Box
    confidence: float


class FileShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture of the case; `reading` null where nobody has read it yet."""

    file: str
    name: str
    media_type: str
    reading: str | None
    records: tuple[RecordShown, ...]
    reader: str | None = None
    read_at: Instant | None = None
    width: int | None = None
    height: int | None = None
    captured_at: str | None = None
    lines: tuple[LineShown, ...] = ()


class ReadingsShown(msgspec.Struct, frozen=True):
    """All pictures of a case."""

    case: str
    files: tuple[FileShown, ...]


class MarkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of the case is evidence of."""

    file: FileName
    held: Held


class FactsByReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The facts of an incident, by whoever holds the receipt."""

    number: Annotated[str, msgspec.Meta(min_length=12, max_length=20)]
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    facts: IncidentFacts


class ItemShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the checklist: held, collect (by us) or ask; `ask` is how to give it."""

    id: str
    state: str
    state_text: dict[str, str]
    name: dict[str, str]
    why: dict[str, str]
    basis: str
    law: dict[str, str] | None
    ask: dict[str, str] | None


class ChecklistShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted, what is there and what is missing; `score` in percent."""

    case: str
    category: str
    score: int
    statutory_complete: bool
    items: tuple[ItemShown, ...]
