"""Our checkpoints with the lines of those who witnessed them: what completes a receipt."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.transparency.notes import SIGNATURES_MAX, Note
from countermand.transparency.receipt_ports import Cosignatures, OwnNotes, WitnessedPoint


@dataclass(frozen=True, slots=True)
class CosignedNotes:
    """Implements `transparency.receipt_ports.WitnessedNotes`."""

    own: OwnNotes
    cosignatures: Cosignatures

    async def covering(self, origin: str, size: int) -> WitnessedPoint | None:
        """The checkpoint with at least `size` entries that most witnesses signed, the newest of equals.

        Looked for among the last ones of each witness: they sign in rounds, mostly the same one.
        """
        last = {one for one in (await self.cosignatures.sizes(origin)).values() if one >= size}
        best: tuple[int, int, WitnessedPoint] | None = None
        for at in sorted(last):
            held = await self.own.note_at(origin, at)
            signed = await self.cosignatures.lines(origin, at)
            if held is None or not signed or (best is not None and len(signed) < best[0]):
                continue
            label, note = held
            lines = [*note.signatures, *(line for name in sorted(signed) for line in signed[name])]
            best = (
                len(signed),
                at,
                WitnessedPoint(label, at, Note(note.text, tuple(lines[:SIGNATURES_MAX]))),
            )
        return None if best is None else best[2]
