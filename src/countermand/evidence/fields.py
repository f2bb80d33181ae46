"""What is read off a picture: fields, each with its value, its words, where it stands, how sure it is."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from countermand.vocabulary.pictures import Box, TextLine

# Below this, a reader has been seen to be wrong; somebody looks.
CONFIRM_BELOW = 0.95


class FieldName(StrEnum):
    """What a field is about.

    amount, balance: minor units, a whole number. sign: out, in, unknown. currency: ISO 4217. time: ISO 8601
    without an offset (`evidence.times.Moment.text`). account_tail, counterparty_tail: the last digits.
    institution: the bank or wallet the money went through, or who signed a message. callback: a number that
    the text says to call. code: a one-time code stood there; its value is never kept.
    """

    AMOUNT = "amount"
    SIGN = "sign"
    CURRENCY = "currency"
    TIME = "time"
    COUNTERPARTY = "counterparty"
    COUNTERPARTY_ACCOUNT = "counterparty_account"
    COUNTERPARTY_TAIL = "counterparty_tail"
    ACCOUNT_TAIL = "account_tail"
    INSTITUTION = "institution"
    ORDER_NUMBER = "order_number"
    MERCHANT_ORDER_NUMBER = "merchant_order_number"
    STATUS = "status"
    BALANCE = "balance"
    SENDER = "sender"
    CALLBACK = "callback"
    CODE = "code"
    POLICE_REFERENCE = "police_reference"
    POLICE_AGENCY = "police_agency"


ALWAYS_CONFIRMED = frozenset({FieldName.AMOUNT, FieldName.SIGN, FieldName.POLICE_REFERENCE})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field. `value` None: it is there, and what it says is unclear. `raw` is the text as it was read.

    `boxes` are where it stands, one a line; `confidence` is that of the least sure of these lines.
    """

    name: FieldName
    value: str | int | None
    raw: str
    boxes: tuple[Box, ...]
    confidence: float
    needs_confirmation: bool


class RecordKind(StrEnum):
    """receipt: the screen of one payment. entry: a row of a list. message: one text message of many.

    police_receipt: that the police have taken a report.
    """

    RECEIPT = "receipt"
    ENTRY = "entry"
    MESSAGE = "message"
    POLICE_RECEIPT = "police_receipt"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What one receipt, row or message says; every field name once at most."""

    kind: RecordKind
    fields: tuple[Field, ...]

    def get(self, name: FieldName) -> Field | None:
        """The field of this name."""
        return next((one for one in self.fields if one.name is name), None)

    def value(self, name: FieldName) -> str | int | None:
        """The value of the field of this name; None where it is missing or unclear."""
        field = self.get(name)
        return None if field is None else field.value


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read off one picture of `width` by `height` pixels by `reader`.

    The codes in `lines` are covered. `captured_at` (ISO 8601 without an offset) is when the picture was
    taken, where that is known. `metadata` is what its file said of itself.
    """

    records: tuple[Record, ...]
    lines: tuple[TextLine, ...]
    width: int
    height: int
    reader: str
    captured_at: str | None = None
    metadata: dict[str, str] = {}


def field_of(
    name: FieldName, value: str | int | None, raw: str, boxes: tuple[Box, ...], confidence: float
) -> Field:
    """A field, and whether somebody must confirm it: amounts and signs always, others where unsure."""
    unsure = value is None or confidence < CONFIRM_BELOW or name is FieldName.CURRENCY
    return Field(
        name=name,
        value=value,
        raw=raw,
        boxes=boxes,
        confidence=round(confidence, 3),
        needs_confirmation=name in ALWAYS_CONFIRMED or unsure,
    )
