"""The signer of the log: its own keys, its own memory of what it signed last, and nobody's word for anything.

It answers after what it answers is durable. So whoever restores the database from a backup, or forges it,
gets no second history signed: the signer still knows the first.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock
from countermand.kernel.ids import new_nonce
from countermand.transparency.checkpoints import SIZE_MAX, Checkpoint
from countermand.transparency.log_keys import KINDS, LogKey, note_of
from countermand.transparency.self_witness import Tree, Verdict, judged
from countermand.vocabulary.signing import (
    Ask,
    Behind,
    KeptKey,
    KeptLog,
    Look,
    Open,
    Refused,
    Reply,
    Rotate,
    Sign,
    Signed,
    Standing,
)

OVERLAP_DAYS_MIN = 30
OVERLAP_DAYS_MAX = 3650
# Of a name in a cosignature (C2SP tlog-cosignature).
ORIGIN_BYTES_MAX = 255


class SignerShelf(Protocol):
    """Where the signer keeps what it knows: out of the database, and out of its backups."""

    def read(self, origin: str) -> KeptLog | None:
        """What is known of a log. Raises SetupError `signer_state_damaged`."""
        ...

    def write(self, kept: KeptLog) -> None:
        """Replace it, all or nothing; durable on return. Raises OSError."""
        ...


class Signer:
    """Answers one request after the other."""

    def __init__(self, shelf: SignerShelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock
        self._logs: dict[str, KeptLog] = {}
        self._keys: dict[tuple[str, KeptKey], LogKey] = {}

    def answer(self, ask: Ask) -> Reply:
        """The answer to a request. Raises OSError where it cannot be kept: then nothing was signed."""
        if not _is_origin(ask.origin):
            return Refused("malformed")
        kept = self._kept(ask.origin)
        match ask:
            case Open():
                return self._standing(kept or self._keep(KeptLog(ask.origin, self._new_keys())))
            case _ if kept is None:
                return Refused("unknown_log")
            case Look():
                return self._standing(kept)
            case Sign():
                return self._sign(kept, ask)
            case Rotate():
                return self._rotate(kept, ask)

    def _sign(self, kept: KeptLog, ask: Sign) -> Reply:
        if not 0 < ask.size <= SIZE_MAX:
            return Refused("malformed")
        match judged(Tree(kept.size, kept.root), Tree(ask.size, ask.root), ask.old, ask.proof):
            case Verdict.OTHER_SIZE:
                return Behind(kept.size)
            case Verdict.INCONSISTENT:
                return Refused("inconsistent")
            case Verdict.AGAIN:
                return Signed(kept.note)
        seconds = self._clock.now() // MICROS_PER_SECOND
        checkpoint = Checkpoint(ask.origin, ask.size, ask.root)
        keys = [self._key(kept.origin, one) for one in self._active(kept)]
        note = str(note_of(checkpoint, keys, seconds))
        self._keep(msgspec.structs.replace(kept, size=ask.size, root=ask.root, note=note))
        return Signed(note)

    def _rotate(self, kept: KeptLog, ask: Rotate) -> Reply:
        if not OVERLAP_DAYS_MIN <= ask.overlap_days <= OVERLAP_DAYS_MAX:
            return Refused("overlap_too_short")
        until = self._clock.now() + ask.overlap_days * MICROS_PER_DAY
        staying = tuple(
            one if one.retires_at is not None else msgspec.structs.replace(one, retires_at=until)
            for one in self._active(kept)
        )
        return self._standing(self._keep(msgspec.structs.replace(kept, keys=(*staying, *self._new_keys()))))

    def _standing(self, kept: KeptLog) -> Standing:
        keys = [str(self._key(kept.origin, one).verifier) for one in self._active(kept)]
        return Standing(kept.size, kept.root, keys)

    def _active(self, kept: KeptLog) -> list[KeptKey]:
        now = self._clock.now()
        return [one for one in kept.keys if one.retires_at is None or now < one.retires_at]

    def _new_keys(self) -> tuple[KeptKey, ...]:
        now = self._clock.now()
        return tuple(KeptKey(kind, new_nonce(), now) for kind in KINDS)

    def _key(self, origin: str, kept: KeptKey) -> LogKey:
        known = (origin, kept)
        if known not in self._keys:
            self._keys[known] = LogKey(origin, kept.kind, kept.seed)
        return self._keys[known]

    def _kept(self, origin: str) -> KeptLog | None:
        if origin not in self._logs:
            found = self._shelf.read(origin)
            if found is None:
                return None
            self._logs[origin] = found
        return self._logs[origin]

    def _keep(self, kept: KeptLog) -> KeptLog:
        self._shelf.write(kept)
        self._logs[kept.origin] = kept
        return kept


def _is_origin(text: str) -> bool:
    """A name that can stand in a note: no blank, no plus sign, no control character."""
    plain = text.isprintable() and not any(sign.isspace() or sign == "+" for sign in text)
    return plain and 0 < len(text.encode("utf-8", "replace")) <= ORIGIN_BYTES_MAX
