"""Anchors: what is written into a public chain, and what may be said of it afterwards.

The call data of an anchor is 36 bytes: the letters CMT1 and the SHA-256 of a checkpoint's note.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

MARK = b"CMT1"
DIGEST_BYTES = 32
CALL_DATA_BYTES = len(MARK) + DIGEST_BYTES


class AnchorState(StrEnum):
    """How firmly it stands: `pending` (sent), `mined`, `final` (confirmed often enough), `lost`.

    A lost one was sent, and the chain does not have it: dropped, replaced, or undone by another branch
    and not mined again. It is published anew.
    """

    PENDING = "pending"
    MINED = "mined"
    FINAL = "final"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class AnchorReceipt:
    """One publication, with everything somebody else needs to look it up.

    `chain` names it as CAIP-2 does (`eip155:1`), `reference` is the transaction's hash. Block and its time
    (seconds since 1970) are None until it is mined; `evidence` holds what the node answered, as it came:
    `transaction`, `receipt`, `block` (its header).
    """

    chain: str
    digest: str
    reference: str
    state: AnchorState
    block: int | None = None
    block_time: int | None = None
    confirmations: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)


class ShownAnchor(msgspec.Struct, frozen=True, kw_only=True):
    """An anchor as the log shows it to everybody, with the note whose SHA-256 is in the chain.

    `chain` as in CAIP-2; `reference` is the transaction; `state` is the institution's word, to be checked.
    """

    size: int
    note: str
    chain: str
    reference: str
    state: AnchorState


class ShownAnchors(msgspec.Struct, frozen=True):
    """The last anchors of a log, the newest first."""

    anchors: list[ShownAnchor]


def call_data(digest: bytes) -> bytes:
    """The 36 bytes that anchor a digest of 32.

    >>> call_data(bytes(32)).hex()[:10]
    '434d543100'
    """
    assert len(digest) == DIGEST_BYTES, "an anchor is of a SHA-256"
    return MARK + digest


def digest_of(data: bytes) -> bytes | None:
    """The digest that call data anchors; None where they are no anchor of ours."""
    if len(data) != CALL_DATA_BYTES or not data.startswith(MARK):
        return None
    return data[len(MARK) :]
