"""What a picture says: a receipt or messages, their fields; codes are covered before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from countermand.evidence.bill_lists import entry_fields, rows_of
from countermand.evidence.codes import cover_codes
from countermand.evidence.fields import FieldName, Reading, Record, RecordKind
from countermand.evidence.layout import Line, joined, paragraphs, straightened
from countermand.evidence.lexicon import Label, Lexicon
from countermand.evidence.messages import is_signed, message_fields
from countermand.evidence.police_receipts import is_police_receipt, police_fields
from countermand.evidence.receipts import announced_in, receipt_fields
from countermand.evidence.times import is_clock
from countermand.vocabulary.pictures import PictureText, TextLine

RECORDS_MAX = 40
# A screen of labels has so many of them; a message is so long.
LABELS_MIN, MESSAGE_MIN, LONG_LINE, LETTERS_MIN = 2, 20, 9, 8


def read_fields(picture: PictureText, lexicon: Lexicon, captured_at: datetime | None = None) -> Reading:
    """Everything that the rules find; total: of a picture that says nothing, a reading without records.

    `captured_at` is when the picture was taken, in the clock of whoever took it, and only where that is
    known: without it “yesterday” has no date.
    """
    lines, _ = cover_codes(straightened(picture.lines), lexicon)
    return Reading(
        records=tuple(_records(lines, lexicon, captured_at)[:RECORDS_MAX]),
        lines=tuple(TextLine(line.text, line.box, line.confidence) for line in lines),
        width=picture.width,
        height=picture.height,
        reader=picture.reader,
        captured_at=None
        if captured_at is None
        else captured_at.replace(tzinfo=None).isoformat(timespec="minutes"),
        metadata=picture.metadata,
    )


def _records(lines: list[Line], lexicon: Lexicon, captured_at: datetime | None) -> list[Record]:
    if is_police_receipt(lines):
        return [Record(kind=RecordKind.POLICE_RECEIPT, fields=police_fields(lines))]
    parts = paragraphs(lines)
    signed = any(is_signed(part) for part in parts)
    told = [one for one in announced_in(lines, lexicon) if one.label is not Label.OTHER]
    if signed or (len(told) < LABELS_MIN and any(_is_prose(part) for part in parts)):
        return _messages(parts, lexicon, captured_at)
    rows = rows_of(lines) if len(told) < LABELS_MIN else []
    if rows:
        following = [line for line, _ in rows[1:]] + [None]
        entries = [
            entry_fields(row, after, lines, lexicon, captured_at)
            for row, after in zip(rows, following, strict=True)
        ]
        return [Record(kind=RecordKind.ENTRY, fields=fields) for fields in entries]
    fields = receipt_fields(lines, lexicon, captured_at)
    return [Record(kind=RecordKind.RECEIPT, fields=fields)] if fields else []


def _is_prose(part: Sequence[Line]) -> bool:
    """Whether a paragraph is sentences: long enough, and of letters, not of the digits of a number."""
    said = joined(part).text
    letters = sum(one.isalpha() for one in said)
    return (
        len(said) >= MESSAGE_MIN
        and letters >= LETTERS_MIN
        and any(len(one.text) >= LONG_LINE for one in part)
    )


def _messages(parts: list[list[Line]], lexicon: Lexicon, captured_at: datetime | None) -> list[Record]:
    """Each paragraph that says something of its own; what stands over it is its header."""
    found: list[Record] = []
    header: list[Line] = []
    for part in parts:
        if not _is_prose(part):
            header = [*header, *(line for line in part if not (is_clock(line.text) and line is parts[0][0]))]
            continue
        fields = message_fields(part, header, lexicon, captured_at)
        if {one.name for one in fields} - {FieldName.SENDER, FieldName.INSTITUTION}:
            found.append(Record(kind=RecordKind.MESSAGE, fields=fields))
        # Who sent it stands once, over all of them; when it came, over each.
        header = header[:1]
    return found
