"""What the sealer and the signer of the log say to each other: one JSON value a line, over a local socket."""

from __future__ import annotations

import msgspec


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Make keys for a new log; one that is known stays as it is. Answered by Standing."""

    origin: str


class Look(msgspec.Struct, frozen=True, tag="look"):
    """Where does the signer stand? Answered by Standing, or Refused `unknown_log`."""

    origin: str


class Sign(msgspec.Struct, frozen=True, tag="sign"):
    """Sign a tree; the proof leads to it from size `old`. Answered by Signed, Behind or Refused."""

    origin: str
    old: int
    size: int
    root: bytes
    proof: list[bytes]


class Rotate(msgspec.Struct, frozen=True, tag="rotate"):
    """Add new keys; those before sign beside them for so many days more. Answered by Standing."""

    origin: str
    overlap_days: int


Ask = Open | Look | Sign | Rotate


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """The last tree that was signed (size 0: none), and the keys that sign now, as vkeys."""

    size: int
    root: bytes
    keys: list[str]


class Signed(msgspec.Struct, frozen=True, tag="signed"):
    """The signed checkpoint; the same request has the same answer."""

    note: str


class Behind(msgspec.Struct, frozen=True, tag="behind"):
    """The proof must lead from this size, which is the signer's last."""

    size: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Nothing was signed: `unknown_log`, `inconsistent`, `malformed`, `overlap_too_short`."""

    code: str


Reply = Standing | Signed | Behind | Refused
LINE_BYTES_MAX = 64 * 1024


class KeptKey(msgspec.Struct, frozen=True):
    """A key as the signer keeps it: kind, seed, when it was made, until when it signs (microseconds UTC)."""

    kind: int
    seed: bytes
    made_at: int
    retires_at: int | None = None


class KeptLog(msgspec.Struct, frozen=True):
    """A log that the signer knows: its keys, and the tree it signed last with the note (size 0: none)."""

    origin: str
    keys: tuple[KeptKey, ...]
    size: int = 0
    root: bytes = b""
    note: str = ""
