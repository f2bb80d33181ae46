"""What became known later about an operation: whether it was fraud, who says so, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from countermand.kernel.errors import BadRequest
from countermand.vocabulary.operations import Identifier, Word
from countermand.vocabulary.reading import BATCH_BYTES_MAX, BODY_BYTES_MAX, malformed, too_large

BATCH_LABELS_MAX = 1000


class LabelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The label of one operation; `known_at` is when it became known, left out: now."""

    fraud: bool
    source: Word
    known_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Label(LabelRequest, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A label with the operation it is about."""

    operation: Identifier


class LabelBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 labels, recorded in their order."""

    labels: Annotated[list[Label], msgspec.Meta(max_length=BATCH_LABELS_MAX)]


T = TypeVar("T")
_ONE = msgspec.json.Decoder(LabelRequest)
_BATCH = msgspec.json.Decoder(LabelBatch)


def read_label(body: bytes, operation: str) -> Label:
    """The label of an operation. Raises TooLarge, BadRequest (`malformed_json`, `invalid_label`)."""
    if len(body) > BODY_BYTES_MAX:
        raise too_large(BODY_BYTES_MAX)
    asked = _decoded(_ONE, body)
    return Label(asked.fraud, asked.source, asked.known_at, operation=operation)


def read_labels(body: bytes) -> list[Label]:
    """A batch of labels from JSON; one that cannot be read refuses the batch. Raises like `read_label`."""
    if len(body) > BATCH_BYTES_MAX:
        raise too_large(BATCH_BYTES_MAX)
    return _decoded(_BATCH, body).labels


def label_of(fields: dict[str, str | bool | None]) -> Label:
    """A label from values that something else has read. Raises BadRequest (`invalid_label`)."""
    try:
        return msgspec.convert(
            {name: value for name, value in fields.items() if value is not None}, Label, strict=False
        )
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from None


def _invalid(error: msgspec.ValidationError) -> BadRequest:
    what, _, path = str(error).partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".")
    where = (f" (field {field})", f"（字段 {field}）") if field else ("", "")
    return BadRequest(
        "invalid_label",
        f"The label does not fit the schema: {what}{where[0]}.",
        f"标签不符合数据格式：{what}{where[1]}。",
        field=field,
    )
