"""Entries: the bytes that the log holds, one journal fact each, which a judge can open in a text editor.

```
{"v":1,"id":"<number in the journal>","type":"case.changed","ts":"2026-11-21T23:50:41.123456Z","tenant":"t1",
 "subj":"<random handle>","case":"<id>","seq":7,"prev":"<leaf hash of the case's entry before, or ''>",
 "facts":{...},"commit":{"<name>":"<HMAC-SHA256 in hex>"},"trace":"<W3C trace id>"}
```
What does not apply is absent. `seq` and `prev` chain the entries of one case, so that a bundle can show that
none between its first and its last is left out. No entry holds personal data or a hash of any: what a fact
binds without showing stands in `commit`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from unicodedata import normalize

from countermand.transparency import jcs
from countermand.transparency.tree import leaf_hash

VERSION = 1
# What is longer is a document, not a fact: the entry binds its hash, and the journal keeps the whole.
FACTS_BYTES_MAX = 8192
COMMITMENTS = "commit"
_COMMITMENT = re.compile(r"[0-9a-f]{64}")
_SAID = {"id": str, "type": str, "ts": str, "tenant": str, "facts": dict}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Link(NamedTuple):
    """Where an entry stands in the chain of its case: its number from 1, and the leaf hash before it."""

    case: str
    seq: int
    prev: bytes


def entry_of(
    *,
    number: int,
    kind: str,
    at: int,
    tenant: str,
    body: dict[str, Any],
    subject: str | None = None,
    trace: str | None = None,
    link: Link | None = None,
) -> bytes:
    """The entry of a journal fact: `at` in microseconds UTC, `body` as the journal has it."""
    facts = {name: plain(value) for name, value in body.items() if name != COMMITMENTS}
    entry: dict[str, Any] = {
        "v": VERSION,
        "id": str(number),
        "type": kind,
        "ts": instant(at),
        "tenant": tenant,
        "facts": _bounded(facts),
    }
    if subject is not None:
        entry["subj"] = subject
    if trace is not None:
        entry["trace"] = trace
    if COMMITMENTS in body:
        entry[COMMITMENTS] = body[COMMITMENTS]
    if link is not None:
        entry |= {"case": link.case, "seq": link.seq, "prev": link.prev.hex()}
    return jcs.encoded(entry)


def instant(at: int) -> str:
    """Microseconds UTC as RFC 3339 says them.

    >>> instant(1_764_547_200_000_001)
    '2025-12-01T00:00:00.000001Z'
    """
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _is_commitment(value: Any) -> bool:
    return isinstance(value, str) and _COMMITMENT.fullmatch(value) is not None


def _bounded(facts: dict[str, Any]) -> dict[str, Any]:
    data = jcs.encoded(facts)
    if len(data) <= FACTS_BYTES_MAX:
        return facts
    return {"sha256": sha256(data).hexdigest(), "bytes": len(data)}


def plain(value: Any) -> Any:
    """A value of the journal in the restricted form of `jcs`.

    Long integers and fractions become strings, text NFC.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else normalize("NFC", value)
    if kind is int:
        return value if -jcs.INTEGER_MAX <= value <= jcs.INTEGER_MAX else str(value)
    if kind is float:
        return repr(value)
    if kind is dict:
        return {name: plain(inner) for name, inner in value.items()}
    if kind is list:
        return [plain(inner) for inner in value]
    return value


class Entry(NamedTuple):
    """An entry as its reader has it: the bytes, which alone are proved, and what they say."""

    data: bytes
    says: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        """The entry in these bytes. Raises ValueError where they are none, or not in canonical form."""
        says = jcs.parsed(data)
        if not isinstance(says, dict) or says.get("v") != VERSION:
            raise ValueError(f"this is no entry of version {VERSION}")
        missing = [name for name, kind in _SAID.items() if not isinstance(says.get(name), kind)]
        if missing:
            raise ValueError(f"the entry does not say its {', '.join(missing)}")
        commitments = says.get(COMMITMENTS, {})
        if not isinstance(commitments, dict) or not all(map(_is_commitment, commitments.values())):
            raise ValueError("the entry's commitments are not 32 bytes in hex, by name")
        return cls(data, says)

    @property
    def leaf(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.data)

    @property
    def commitments(self) -> dict[str, str]:
        """The commitments, in hex, by name."""
        return dict(self.says.get(COMMITMENTS, {}))

    @property
    def link(self) -> Link | None:
        """Its place in the chain of its case. Raises ValueError where that is no place."""
        if "case" not in self.says:
            return None
        case, seq, prev = self.says["case"], self.says.get("seq"), self.says.get("prev")
        if not (isinstance(case, str) and type(seq) is int and seq > 0 and isinstance(prev, str)):
            raise ValueError("the entry's place in its case is not one")
        return Link(case, seq, bytes.fromhex(prev))
