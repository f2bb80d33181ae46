"""Earlier checkpoints that a bundle shows: the log when the case began, and as outsiders saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import NamedTuple

import msgspec

from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.bundle_ports import Container
from countermand.transparency.bundle_history import consistency_said
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note
from countermand.transparency.receipts import Proved
from countermand.vocabulary.bundle_names import checkpoint_name


class _Seen(NamedTuple):
    """What an outsider made of a checkpoint: of which, over what hash, and as what it stands in a bundle."""

    size: int
    digest: str
    ending: str
    data: bytes


async def add_history(house: BundleHouse, container: Container, items: Sequence[Proved]) -> None:
    """For each log its first checkpoint with the case in it, and the earliest that outsiders hold.

    That is those which an authority stamped or a chain holds, over the first entry and over the last. Raises
    Unavailable.
    """
    ends = sorted({item.proof.checkpoint for item in items})
    for place, end in enumerate(ends, 1):
        indices = [item.proof.index for item in items if item.proof.checkpoint == end]
        await _add_log(house, container, place, end, (min(indices) + 1, max(indices) + 1))


async def _add_log(
    house: BundleHouse, container: Container, place: int, end: Checkpoint, sizes: tuple[int, int]
) -> None:
    notes: dict[int, Note] = {}
    beside: dict[tuple[int, str], bytes] = {}
    first = await house.history.notes.first_note(end.origin, sizes[0])
    if first is not None:
        notes[Checkpoint.of_note(first).size] = first
    for size in sizes:
        for kept in await _seen(house, end.origin, size):
            held = await house.history.notes.note_at(end.origin, kept.size)
            if held is not None and sha256(str(held[1]).encode()).hexdigest() == kept.digest:
                notes[kept.size] = held[1]
                beside[kept.size, kept.ending] = kept.data
    for size, note in sorted(notes.items()):
        if size > end.size:
            continue
        name = checkpoint_name(place, size)
        container.add(name, str(note).encode())
        if size < end.size:
            proof = await house.proofs.log.consistency(end.origin, size, end.size)
            container.add(name.removesuffix("txt") + "consistency", consistency_said(proof))
        for (at, ending), data in beside.items():
            if at == size:
                container.add(name.removesuffix("txt") + ending, data)


async def _seen(house: BundleHouse, origin: str, size: int) -> list[_Seen]:
    """The earliest token and anchor of a checkpoint with the first `size` entries."""
    found = []
    stamp = await house.history.stamps.covering(origin, size)
    if stamp is not None:
        found.append(_Seen(stamp.size, stamp.digest.hex(), "tst", stamp.token))
    anchor = await house.history.anchors.covering(origin, size)
    if anchor is not None:
        told = msgspec.json.format(msgspec.json.encode(asdict(anchor.receipt)), indent=1)
        found.append(_Seen(anchor.size, anchor.receipt.digest, "anchor.json", told))
    return found
