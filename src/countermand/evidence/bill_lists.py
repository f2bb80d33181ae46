"""A list of payments on one screen: each row has an amount, a name to its left, and a time below that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from countermand.evidence.amounts import Amount, amounts_in
from countermand.evidence.fields import Field, FieldName, field_of
from countermand.evidence.layout import ROW, Line, joined
from countermand.evidence.lexicon import Lexicon
from countermand.evidence.times import moments_in

STRAY_MAX = 3
# Rows of a list have amounts of one size; a receipt has one that stands out.
ALIKE = 1.25
NAME_MAX = 60


def rows_of(lines: Sequence[Line]) -> list[tuple[Line, Amount]]:
    """The amounts of a list, from top to bottom; none where the screen is no list: two rows at least."""
    found = [
        (line, one)
        for line in lines
        for one in amounts_in(line.text)
        if one.marked and one.minor is not None and one.end - one.start >= len(line.text) - STRAY_MAX
    ]
    heights = [line.height for line, _ in found]
    rights = [line.right for line, _ in found]
    if len(found) < 2 or max(heights) > ALIKE * min(heights):
        return []
    # They stand on one right edge, and nothing else does before them in their rows.
    return found if max(rights) - min(rights) <= 2 * max(heights) else []


def entry_fields(
    row: tuple[Line, Amount],
    following: Line | None,
    lines: Sequence[Line],
    lexicon: Lexicon,
    captured_at: datetime | None,
) -> tuple[Field, ...]:
    """The fields of one row; `following` is the amount of the next one."""
    line, amount = row
    raw, boxes = line.text[amount.start : amount.end], joined([line]).boxes(amount.start, amount.end)
    found = [
        field_of(FieldName.AMOUNT, amount.minor, raw, boxes, line.confidence),
        field_of(FieldName.SIGN, amount.sign.value, raw, boxes, line.confidence),
    ]
    if amount.currency is not None:
        found.append(field_of(FieldName.CURRENCY, amount.currency, raw, boxes, line.confidence))
    end = line.middle + 4 * line.height if following is None else following.top
    own = [one for one in lines if one is not line and line.top - ROW * line.height <= one.middle < end]
    beside = [
        one for one in own if one.right <= line.left and abs(one.middle - line.middle) <= ROW * line.height
    ]
    if beside:
        name = beside[0]
        found.append(
            field_of(
                FieldName.COUNTERPARTY,
                name.text[:NAME_MAX],
                name.text,
                (name.box,),
                min(0.8, name.confidence),
            )
        )
    for one in own:
        moment = next((each for each in moments_in(one.text, captured_at) if each.hour is not None), None)
        if moment is not None:
            at = joined([one]).boxes(moment.start, moment.end)
            found.append(
                field_of(FieldName.TIME, moment.text, one.text[moment.start : moment.end], at, one.confidence)
            )
            break
    for one in own:
        if (status := lexicon.status_of(one.text)) and len(one.text) <= 2 * NAME_MAX:
            found.append(field_of(FieldName.STATUS, status[0].value, one.text, (one.box,), one.confidence))
            break
    return tuple(found)
