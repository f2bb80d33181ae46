"""What became known later about an operation: whether it was fraud, who says so, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from countermand.kernel.errors import BadRequest
from countermand.vocabulary.operations import Identifier, Word

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


def label_of(fields: dict[str, Any]) -> Label:
    """A label from values that something else has read. Raises BadRequest (`invalid_label`)."""
    try:
        return msgspec.convert(
            {name: value for name, value in fields.items() if value is not None}, Label, strict=False
        )
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


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
