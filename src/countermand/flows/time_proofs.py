"""What vouches for the times of a case: the newest signed tree over its entries, and who else signed that."""

from __future__ import annotations

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.timeline import TimeProof
from countermand.flows.hand_out_receipt import Proofs


async def time_proof(proofs: Proofs, record: CaseRecord) -> TimeProof | None:
    """None while no signed tree has any entry of the case. Raises Unavailable."""
    sealed = [one for one in record.facts if one.index is not None]
    if not sealed:
        return None
    last = max(sealed, key=lambda one: (one.shard or "", one.index or 0))
    point = await proofs.log.latest(last.shard)
    if point is None:
        return None
    entries = [one for one in sealed if one.shard == last.shard and (one.index or 0) < point.size]
    witnessed = await proofs.witnessed.covering(point.origin, 1 + max((one.index or 0) for one in sealed))
    names: tuple[str, ...] = ()
    if witnessed is not None:
        names = tuple(sorted({one.name for one in witnessed.note.signatures} - {point.origin}))
    return TimeProof(
        origin=point.origin,
        size=point.size,
        root=point.root.hex(),
        signed_at=point.signed_at,
        entries=len(entries),
        lines=len(record.facts),
        witnesses=names,
    )
