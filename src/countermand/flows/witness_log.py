"""What outsiders say of our log, in rounds: witnesses cosign it, an authority stamps it, a chain anchors it.

None of them is ever waited for by anything else: whoever is away is asked again in the next round, and how
each one stands can be seen. One alone is an alarm: a witness that saw more of our log than we have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol

import structlog

from countermand.extensions import Anchor, TimestampAuthority
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Conflict, CountermandError
from countermand.transparency.anchors import AnchorState
from countermand.transparency.notes import Note, NoteError, parse_note
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.witness_ports import (
    AnchorShelf,
    CosignatureShelf,
    Cosigned,
    KeptAnchor,
    KeptStamp,
    StampShelf,
    Witness,
)

ROUND_SECONDS = 10
STAMP_SECONDS = 60
ANCHOR_SECONDS = 3600
ANCHORS_CHECKED_MAX = 32
LOST_DAYS_CHECKED = 7
ROUNDS_LOOKED_AT_MAX = 64
TRIES_MAX = 2
BEHIND = "log_behind_witness"

log = structlog.get_logger(__name__)


class SealedPoint(Protocol):
    """The latest signed checkpoint, as `transparency.ports.SignedCheckpoint` has it."""

    @property
    def origin(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def note(self) -> str: ...


class SealedLog(Protocol):
    """What of `transparency.ports.LogShelf` is needed here."""

    async def latest(self, shard: str | None = None) -> SealedPoint | None:
        """The latest signed checkpoint. Raises Unavailable."""
        ...

    async def consistency(self, origin: str, old: int, new: int) -> list[bytes]:
        """The proof from one size to another. Raises Unavailable, NotFound, BadRequest."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How an outsider stands: at which size, since when (microseconds), and what it failed with, if so."""

    size: int = 0
    at: int = 0
    failed: str | None = None


@dataclass(slots=True)
class WitnessingHouse:
    """Whom to ask, where to keep what they say, how often, and how each one stands."""

    log: SealedLog
    clock: Clock
    cosignatures: CosignatureShelf
    stamps: StampShelf
    anchors: AnchorShelf
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    authority: TimestampAuthority | None = None
    anchor: Anchor | None = None
    stamp_seconds: int = STAMP_SECONDS
    anchor_seconds: int = ANCHOR_SECONDS
    standings: dict[str, Standing] = field(default_factory=dict)


async def witness_log(house: WitnessingHouse, *, at_once: bool = False) -> dict[str, Standing]:
    """One round over the latest checkpoint; `at_once` stamps it although a stamp is not due yet.

    How each one stands, by name; the authority is `timestamp`, the chain `anchor`. Raises Unavailable only
    where our own database is away.
    """
    point = await house.log.latest()
    if point is None:
        return {}
    known = await house.cosignatures.sizes(point.origin)
    tasks = {f"witness:{name}": _ask(house, point, name, known.get(name, 0)) for name in house.witnesses}
    if house.authority is not None:
        tasks["timestamp"] = _stamp(house, point, house.authority, at_once=at_once)
    if house.anchor is not None:
        tasks["anchor"] = _anchor(house, point, house.anchor)
    results = await asyncio.gather(*tasks.values(), return_exceptions=True)
    for name, result in zip(tasks, results, strict=True):
        before = house.standings.get(name, Standing())
        if isinstance(result, CountermandError):
            if before.failed != result.code:
                log.warning("outsider_failed", who=name, code=result.code, why=result.text.en)
            house.standings[name] = replace(before, failed=result.code)
        elif isinstance(result, BaseException):
            raise result
        else:
            house.standings[name] = result
    return dict(house.standings)


async def witness_until(stop: asyncio.Event, house: WitnessingHouse, seconds: float = ROUND_SECONDS) -> None:
    """Round after round until told to stop; a database that is away is waited for."""
    while not stop.is_set():
        try:
            await witness_log(house)
        except CountermandError as refusal:
            log.warning("witnessing_waits", code=refusal.code)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()


async def cosigned_checkpoint(house: WitnessingHouse, point: SealedPoint) -> Note:
    """A checkpoint's note with what witnesses signed under it so far."""
    note = parse_note(point.note.encode())
    lines = await house.cosignatures.lines(point.origin, point.size)
    return Note(
        note.text, note.signatures + tuple(line for _, found in sorted(lines.items()) for line in found)
    )


async def trusted_checkpoint(shelf: CosignatureShelf, policy: TrustPolicy, origin: str) -> Note | None:
    """The largest of the latest checkpoints that a quorum cosigned: what a receipt is upgraded to."""
    for note in await shelf.notes(origin, ROUNDS_LOOKED_AT_MAX):
        with suppress(NoteError):
            if policy.judge(note).quorum_met:
                return note
    return None


async def _ask(house: WitnessingHouse, point: SealedPoint, name: str, known: int) -> Standing:
    """One witness: from where we think it is, and once more from where it says it is."""
    before = house.standings.get(f"witness:{name}", Standing(size=known))
    if known == point.size:
        return replace(before, size=known, failed=None)
    note, old = parse_note(point.note.encode()), min(known, point.size)
    for _ in range(TRIES_MAX):
        proof: Sequence[bytes] = ()
        if 0 < old < point.size:
            proof = await house.log.consistency(point.origin, old, point.size)
        answer = await house.witnesses[name].add(old, proof, note)
        if isinstance(answer, Cosigned):
            now = house.clock.now()
            await house.cosignatures.keep(point.origin, point.size, name, answer.lines, now)
            return Standing(size=point.size, at=now)
        if answer.size > point.size:
            # Another of our own rounds may have been quicker; if not, our log lost entries somebody has seen.
            newer = await house.log.latest()
            if newer is None or newer.origin != point.origin or newer.size < answer.size:
                log.error(BEHIND, witness=name, size=point.size, witness_size=answer.size)
                return replace(before, failed=BEHIND)
            return before
        old = answer.size
    return replace(before, failed="witness_contended")


async def _stamp(
    house: WitnessingHouse, point: SealedPoint, authority: TimestampAuthority, *, at_once: bool
) -> Standing:
    newest = await house.stamps.newest(point.origin)
    now = house.clock.now()
    if newest is not None and (
        newest.size == point.size or not _due(newest.kept_at, now, house.stamp_seconds, at_once)
    ):
        return Standing(newest.size, newest.stamped.at)
    digest = sha256(point.note.encode()).digest()
    token = await authority.stamp(digest)
    stamped = await authority.examine(token, digest)
    await house.stamps.keep(KeptStamp(point.origin, point.size, digest, token, stamped, house.clock.now()))
    return Standing(point.size, stamped.at)


async def _anchor(house: WitnessingHouse, point: SealedPoint, anchor: Anchor) -> Standing:
    now = house.clock.now()
    lost_since = now - LOST_DAYS_CHECKED * MICROS_PER_DAY
    for kept in await house.anchors.unsettled(lost_since, ANCHORS_CHECKED_MAX):
        try:
            receipt = await anchor.check(kept.receipt)
        except Conflict as refusal:  # of another chain, from before: it must not keep the others waiting
            log.warning("anchor_doubtful", reference=kept.receipt.reference, why=refusal.text.en)
            receipt = kept.receipt
        await house.anchors.keep(replace(kept, receipt=receipt, checked_at=now))
    newest = await house.anchors.newest(point.origin)
    if newest is not None:
        lost = newest.receipt.state is AnchorState.LOST
        if not lost and (
            newest.size == point.size or not _due(newest.sent_at, now, house.anchor_seconds, False)
        ):
            return Standing(newest.size, newest.sent_at)
    receipt = await anchor.publish(sha256(point.note.encode()).digest())
    await house.anchors.keep(KeptAnchor(point.origin, point.size, receipt, now, now))
    return Standing(point.size, now)


def _due(last: int, now: int, seconds: int, at_once: bool) -> bool:
    return at_once or now - last >= seconds * MICROS_PER_SECOND
