"""What outsiders say of our log, in rounds: witnesses cosign it, an authority stamps it, a chain anchors it.

Nothing ever waits for one of them, nor one for another: whoever is away is asked again in the next round, and
how each one stands can be seen. One alone is an alarm: a witness that saw more of our log than we have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import NamedTuple, Protocol

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

# A receipt is to have its witnesses within two seconds.
WITNESS_SECONDS = 1.0
ROUND_SECONDS = 10.0
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


# Asks one outsider about a checkpoint. Raises CountermandError: it failed.
Ask = Callable[[SealedPoint], Awaitable[Standing]]


class _Outsider(NamedTuple):
    """How one is asked, and how many seconds it is left in peace after that, beyond the next round."""

    ask: Ask
    seconds: float


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
    outsiders = _outsiders(house, at_once=at_once)
    await asyncio.gather(*(_look(house, point, name, one.ask) for name, one in outsiders.items()))
    return dict(house.standings)


async def witness_until(stop: asyncio.Event, house: WitnessingHouse) -> None:
    """Round after round until told to stop; a database that is away is waited for.

    All of a round are asked about the same checkpoint, so that a quorum meets under one. Whoever still
    answers an earlier round sits this one out.
    """
    outsiders, busy = _outsiders(house), dict[str, asyncio.Task[None]]()
    again = dict.fromkeys(outsiders, 0.0)
    try:
        while not stop.is_set():
            now = asyncio.get_running_loop().time()
            for name in [name for name, asked in busy.items() if asked.done()]:
                busy.pop(name).result()
            due = [name for name in outsiders if name not in busy and again[name] <= now]
            point = await _latest(house)
            if point is not None:
                for name in due:
                    again[name] = now + outsiders[name].seconds
                    busy[name] = asyncio.create_task(_look(house, point, name, outsiders[name].ask))
            with suppress(TimeoutError):
                async with asyncio.timeout(WITNESS_SECONDS):
                    await stop.wait()
    finally:
        for asked in busy.values():
            asked.cancel()
        await asyncio.gather(*busy.values(), return_exceptions=True)


def _outsiders(house: WitnessingHouse, *, at_once: bool = False) -> dict[str, _Outsider]:
    found = {f"witness:{name}": _Outsider(partial(_ask, house, name=name), 0.0) for name in house.witnesses}
    if house.authority is not None:
        stamp = partial(_stamp, house, authority=house.authority, at_once=at_once)
        found["timestamp"] = _Outsider(stamp, ROUND_SECONDS)
    if house.anchor is not None:
        found["anchor"] = _Outsider(partial(_anchor, house, anchor=house.anchor), ROUND_SECONDS)
    return found


async def _latest(house: WitnessingHouse) -> SealedPoint | None:
    """The latest checkpoint; None where nothing is signed yet, or our database is away."""
    try:
        return await house.log.latest()
    except CountermandError as refusal:
        log.warning("witnessing_waits", code=refusal.code)
        return None


async def _look(house: WitnessingHouse, point: SealedPoint, name: str, ask: Ask) -> None:
    """Ask one about a checkpoint, and note how it stands."""
    try:
        house.standings[name] = await ask(point)
    except CountermandError as refusal:
        before = house.standings.get(name, Standing())
        if before.failed != refusal.code:
            log.warning("outsider_failed", who=name, code=refusal.code, why=refusal.text.en)
        house.standings[name] = replace(before, failed=refusal.code)


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


async def _ask(house: WitnessingHouse, point: SealedPoint, name: str) -> Standing:
    """One witness: from where we think it is, and once more from where it says it is."""
    known = (await house.cosignatures.sizes(point.origin)).get(name, 0)
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
    house: WitnessingHouse, point: SealedPoint, authority: TimestampAuthority, at_once: bool
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
