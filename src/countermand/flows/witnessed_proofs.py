"""Proofs that lead to the newest checkpoint that witnesses signed, and our own word on whose keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from countermand.flows.log_ports import LogDesk
from countermand.transparency.notes import Note, VerifierKey
from countermand.transparency.proofs import LogProof
from countermand.transparency.receipt_ports import WitnessedNotes, WitnessedPoint
from countermand.transparency.receipts import Proved
from countermand.transparency.tile_proofs import read_from, tiles_for
from countermand.transparency.tree import inclusion_spans
from countermand.transparency.trust import TrustPolicy


class ProofHouse(Protocol):
    """The log, who else signed it, and whom we say to trust."""

    @property
    def log(self) -> LogDesk: ...

    @property
    def witnessed(self) -> WitnessedNotes: ...

    @property
    def trusted(self) -> TrustPolicy | None: ...


async def witnessed(house: ProofHouse, item: Proved) -> Proved:
    """The same entry in the newest checkpoint that witnesses signed, where one covers it.

    Raises Unavailable, SetupError (`log_damaged`).
    """
    origin, index = item.proof.checkpoint.origin, item.proof.index
    point = await house.witnessed.covering(origin, index + 1)
    if point is None:
        return item
    return item._replace(proof=(await _proofs(house, point, [index]))[index])


async def proved_together(house: ProofHouse, items: Sequence[Proved]) -> list[Proved]:
    """The same entries, those of one log all in one checkpoint: the newest that witnesses signed over them.

    Where none did, the newest that any of them came with. Raises as `witnessed`.
    """
    labels = {one.origin: one.label for one in await house.log.shards()}
    found: dict[str, dict[int, LogProof]] = {}
    for origin in {one.proof.checkpoint.origin for one in items}:
        own = [one.proof for one in items if one.proof.checkpoint.origin == origin]
        point = await house.witnessed.covering(origin, max(one.index for one in own) + 1)
        if point is None:
            newest = max(own, key=lambda one: one.checkpoint.size)
            point = WitnessedPoint(labels[origin], newest.checkpoint.size, newest.note)
        found[origin] = await _proofs(house, point, [one.index for one in own])
    return [one._replace(proof=found[one.proof.checkpoint.origin][one.proof.index]) for one in items]


async def _proofs(house: ProofHouse, point: WitnessedPoint, indices: Iterable[int]) -> dict[int, LogProof]:
    """Each tile is fetched once, however many entries it proves."""
    spans = {index: inclusion_spans(index, point.size) for index in indices}
    wanted = {tile for one in spans.values() for tile in tiles_for(one, point.size)}
    held = {tile: await house.log.tile(point.label, tile) for tile in wanted}
    tiles = {tile: data for tile, data in held.items() if data is not None}
    note: Note = point.note
    return {
        index: LogProof(index, tuple(read_from(tiles, one, point.size)), note) for index, one in spans.items()
    }


async def own_policy(house: ProofHouse, items: Iterable[Proved]) -> bytes:
    """Our own word on whose keys these are, for comfort alone."""
    if house.trusted is not None:
        return str(house.trusted).encode()
    origins = {one.proof.checkpoint.origin for one in items}
    shards = [one for one in await house.log.shards() if one.origin in origins]
    keys = {key.public: key for shard in shards for key in map(VerifierKey.parse, shard.keys)}
    return str(TrustPolicy(tuple(keys.values()))).encode()
