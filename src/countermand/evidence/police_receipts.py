"""Receipts of the police: that a report was taken, under which number, by whom and when."""

from __future__ import annotations

import re
from collections.abc import Sequence

from countermand.evidence.fields import Field, FieldName, field_of
from countermand.evidence.layout import Joined, Line, joined
from countermand.evidence.times import moments_in

_HEADINGS = re.compile(
    r"受案回执|报警回执|接(?:报)?警回执|接报回执|报案回执|立案告知书|立案决定书|受理报警登记表|受案登记表|接处警登记表"
    r"|police report|crime reference|incident report",
    re.IGNORECASE,
)
# "杭公(西)受案字〔2026〕12345号", or a number behind its label.
_REFERENCE = re.compile(
    r"(?P<whole>[\u4e00-\u9fff()]{1,14}字\s*[〔\[(【]\s*20\d\d\s*[〕\])】]\s*(?:第\s*)?\d{1,8}\s*号)"
    r"|(?:警情编号|接警编号|案件编号|受案编号|报警编号|登记编号|编号|案号"
    r"|(?:reference|report|crime) (?:no\.?|number))"
    r"\s*[::]?\s*(?P<coded>[A-Z]{0,3}\d[A-Z0-9-]{5,30})",
    re.IGNORECASE,
)
_AGENCY = re.compile(
    r"[\u4e00-\u9fff]{2,20}?(?:派出所|公安分局|公安局(?:[\u4e00-\u9fff]{1,10}(?:分局|支队|大队|派出所))?)"
    r"|[A-Z][A-Za-z ]{2,40}Police(?: [A-Z][a-z]+){0,3}"
)


def is_police_receipt(lines: Sequence[Line]) -> bool:
    """Whether a heading says so: a short line, not a sentence that only mentions one."""
    return any(_HEADINGS.search(line.text) is not None and len(line.text) <= 24 for line in lines)


def police_fields(lines: Sequence[Line]) -> tuple[Field, ...]:
    """Reference, agency and date; the first of each counts."""
    text = joined(lines)
    found = []
    if reference := _REFERENCE.search(text.text):
        part = "whole" if reference["whole"] else "coded"
        value = re.sub(r"\s", "", reference[part])
        found.append(_field(FieldName.POLICE_REFERENCE, value, text, *reference.span(part)))
    if agency := _AGENCY.search(text.text):
        found.append(_field(FieldName.POLICE_AGENCY, agency[0], text, *agency.span()))
    moments = moments_in(text.text)
    dated = next((one for one in moments if one.year is not None), None)
    if dated is not None:
        found.append(_field(FieldName.TIME, dated.text, text, dated.start, dated.end))
    return tuple(found)


def plain_reference(value: str) -> str:
    """A reference in the letters that systems exchange: its own, or year and number of a written one.

    >>> plain_reference("杭公(西)受案字〔2026〕12345号"), plain_reference("A3301061900002026110012")
    ('2026-12345', 'A3301061900002026110012')
    """
    return value if value.isascii() else "-".join(re.findall(r"\d+", value))


def _field(name: FieldName, value: str, text: Joined, start: int, end: int) -> Field:
    return field_of(name, value, text.text[start:end], text.boxes(start, end), text.confidence(start, end))
