"""A line of the journal becomes an entry: the way of nearly all of them is short, and says the same."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from countermand.kernel.clock import micros_of
from countermand.transparency.entries import (
    COMMITMENTS,
    FACTS_BYTES_MAX,
    VERSION,
    Link,
    entry_of,
)
from countermand.vocabulary.sealing import FactRow

_DECODE = msgspec.json.Decoder().decode
# Byte for byte what `jcs.encoded` writes; a test compares them.
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
# An escaped character, a fraction, or a number of more than 15 digits: the long way looks at these.
_SPECIAL = re.compile(rb"\\u|[:,\[]\s*-?(?:[0-9]{16}|[0-9]+[.eE])")


def facts_in(row: FactRow) -> dict[str, Any]:
    """The body of a line, decoded."""
    facts: dict[str, Any] = _DECODE(row.body)
    return facts


def case_of(facts: dict[str, Any]) -> str | None:
    """The case that a fact is about, where it is about one."""
    case = facts.get("case")
    return case if type(case) is str and case else None


def entry_bytes(row: FactRow, facts: dict[str, Any], tenant: str, link: Link | None) -> bytes:
    """The entry of a line of the journal: what `entry_of` makes of it. `facts` are used up."""
    body = row.body
    if len(body) > FACTS_BYTES_MAX or not body.isascii() or _SPECIAL.search(body):
        return entry_of(
            number=row.seq, kind=row.kind, at=micros_of(row.at), tenant=tenant, body=facts,
            subject=row.subject, trace=row.trace, link=link,
        )  # fmt: skip
    entry: dict[str, Any] = {
        "v": VERSION,
        "id": str(row.seq),
        "type": row.kind,
        "ts": f"{row.at.isoformat(timespec='microseconds')[:26]}Z",
        "tenant": tenant,
        "facts": facts,
    }
    if row.subject is not None:
        entry["subj"] = row.subject
    if row.trace is not None:
        entry["trace"] = row.trace
    if COMMITMENTS in facts:
        entry[COMMITMENTS] = facts.pop(COMMITMENTS)
    if link is not None:
        entry["case"], entry["seq"], entry["prev"] = link.case, link.seq, link.prev.hex()
    return _ENCODE(entry)
