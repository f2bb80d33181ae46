"""A line of the journal becomes an entry: the way of nearly all of them is short, and says the same."""

from __future__ import annotations

from collections.abc import Collection
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
from countermand.transparency.jcs import INTEGER_MAX
from countermand.vocabulary.sealing import FactRow

_DECODE = msgspec.json.Decoder().decode
# Byte for byte what `jcs.encoded` writes; a test compares them.
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
# Values of these types stand in an entry as they are, but for integers that are too long for JSON.
_SIMPLE = frozenset({str, int, bool, type(None)})


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
    bound = facts.pop(COMMITMENTS, None)
    if len(body) > FACTS_BYTES_MAX or not body.isascii() or b"\\u" in body or _is_special(facts.values()):
        if bound is not None:
            facts[COMMITMENTS] = bound
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
    if bound is not None:
        entry[COMMITMENTS] = bound
    if link is not None:
        entry["case"], entry["seq"], entry["prev"] = link.case, link.seq, link.prev.hex()
    return _ENCODE(entry)


def _is_special(values: Collection[Any]) -> bool:
    """Whether some value has another form in an entry: a fraction, or an integer that JSON may not hold."""
    if not _SIMPLE.issuperset(map(type, values)):
        for one in values:
            kind = type(one)
            if kind is float:
                return True
            if (kind is list and _is_special(one)) or (kind is dict and _is_special(one.values())):
                return True
    return not all(-INTEGER_MAX <= one <= INTEGER_MAX for one in values if type(one) is int)
