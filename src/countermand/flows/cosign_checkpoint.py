"""A witness is asked to cosign: read, hold, judge, keep, answer. What is not kept is not answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, NoteError, VerifierKey
from countermand.transparency.witness import AddCheckpoint, Cosigner, Refused, cosigned_note, judge
from countermand.transparency.witness_ports import WitnessMemory


@dataclass(frozen=True, slots=True)
class WitnessHouse:
    """A witness: its keys, the logs it knows by origin, what it remembers, and the time."""

    cosigners: Collection[Cosigner]
    logs: Mapping[str, Collection[VerifierKey]]
    memory: WitnessMemory
    clock: Clock


async def cosign_checkpoint(house: WitnessHouse, body: bytes) -> str | Refused:
    """The witness's signature lines, or why there are none. Raises Unavailable (`witness_memory`)."""
    try:
        request = AddCheckpoint.parse(body)
        origin = Checkpoint.of_note(request.note).origin
    except NoteError as error:
        return Refused(400, error.code, str(error))
    if origin not in house.logs:
        return Refused(404, "log_unknown", "no log of this origin is witnessed here")
    async with house.memory.held(origin) as held:
        found = judge(request, house.logs, _last(held.note))
        if isinstance(found, Refused):
            if found.code == "inconsistent":
                await held.suspect(request.note)
            return found
        seconds = house.clock.now() // MICROS_PER_SECOND
        note, own = cosigned_note(request.note, house.logs[origin], house.cosigners, seconds)
        await held.keep(note)
    return "".join(one.line for one in own)


def _last(note: Note | None) -> Checkpoint | None:
    return None if note is None else Checkpoint.of_note(note)
