"""A line of the journal becomes an entry: the way of nearly all of them is short, and says the same."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import msgspec

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.transparency.entries import (
    COMMITMENTS,
    FACTS_BYTES_MAX,
    VERSION,
    Link,
    entry_of,
    instant,
)
from countermand.transparency.jcs import INTEGER_MAX
from countermand.vocabulary.sealing import FactRow


def _written(fraction: str) -> str:
    """As `entries.plain` says a fraction."""
    return repr(float(fraction))


_DECODE = msgspec.json.Decoder(float_hook=_written).decode
# Byte for byte what `jcs.encoded` writes; a test compares them.
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_BACKSLASH = ord("\\")
# A body with no such run of digits holds no integer that is too long.
_LONG_RUN = b"0" * len(str(INTEGER_MAX))
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


def facts_in(row: FactRow) -> dict[str, Any]:
    """The body of a line, decoded; fractions as the texts that they are in an entry. Raises ValueError."""
    facts: dict[str, Any] = _DECODE(row.body)
    return facts


def case_of(facts: dict[str, Any]) -> str | None:
    """The case that a fact is about, where it is about one."""
    case = facts.get("case")
    return case if type(case) is str and case else None


def entry_bytes(row: FactRow, facts: dict[str, Any], tenant: str, link: Link | None) -> bytes:
    """The entry of a line of the journal: what `entry_of` makes of it. `facts` are used up."""
    bound = facts.pop(COMMITMENTS, None)
    if _is_special(row.body, facts.values()):
        if bound is not None:
            facts[COMMITMENTS] = bound
        return entry_of(
            number=row.seq, kind=row.kind, at=row.at, tenant=tenant, body=facts,
            subject=row.subject, trace=row.trace, link=link,
        )  # fmt: skip
    before = chain = b""
    if link is not None:
        before = b'"case":%b,' % _ENCODE(link.case)
        chain = b'"prev":"%b","seq":%d,' % (link.prev.hex().encode(), link.seq)
    if bound is not None:
        before += b'"commit":%b,' % _ENCODE(bound)
    subject = b"" if row.subject is None else b'"subj":%b,' % _ENCODE(row.subject)
    trace = b"" if row.trace is None else b'"trace":%b,' % _ENCODE(row.trace)
    second, micros = divmod(row.at, MICROS_PER_SECOND)
    # The names stand in their order, so that only the facts are left to sort.
    return b'{%b"facts":%b,"id":"%d",%b%b"tenant":%b,%b"ts":"%b.%06dZ","type":%b,"v":%d}' % (
        before, _ENCODE(facts), row.seq, chain, subject, _ENCODE(tenant), trace,
        _second(second), micros, _ENCODE(row.kind), VERSION,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _second(second: int) -> bytes:
    return instant(second * MICROS_PER_SECOND)[: len("2026-11-22T14:00:00")].encode()


def _is_special(body: bytes, values: Collection[Any]) -> bool:
    """Whether some value has another form in an entry: text that is not ASCII, or an integer too long."""
    if len(body) > FACTS_BYTES_MAX or not body.isascii() or (_BACKSLASH in body and b"\\u" in body):
        return True
    return _LONG_RUN in body.translate(_DIGITS) and _has_long(values)


def _has_long(values: Collection[Any]) -> bool:
    for one in values:
        kind = type(one)
        if (
            (kind is int and not -INTEGER_MAX <= one <= INTEGER_MAX)
            or (kind is list and _has_long(one))
            or (kind is dict and _has_long(one.values()))
        ):
            return True
    return False
