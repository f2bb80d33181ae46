"""The wait ends early: only by a stronger proof than before, from another device, in another session."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.confirmation.holds import release_refused, released_early
from countermand.flows.settle_holds import Settlement, move_on, take_hold
from countermand.flows.show_holds import hold_values
from countermand.vocabulary.holds import Hold
from countermand.work import Unit, Works

# Whoever asked was logged in: that is one factor, proven or not.
ASKED_STRENGTH = 1


class ReleasingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def settlement(self) -> Settlement: ...


async def release_hold(
    house: ReleasingHouse, operation: str, proof: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """End the wait by a proof that is on record; other needs (an approval, consent) are waited for still.

    Raises NotFound (`unknown_hold`), Forbidden (`release_refused`), Conflict (`hold_ended`), Unavailable.
    """
    async with house.works.open() as unit:
        hold = await take_hold(unit, operation)
        now = house.settlement.clock.now()
        early = await _released_early(unit, hold, proof, now)
        (after,) = await move_on(unit, [early], now, house.settlement, actor, "released_early", trace)
    return hold_values(after)


async def _released_early(unit: Unit, hold: Hold, proof: str, now: int) -> Hold:
    proofs = await unit.proofs.proofs_for(hold.operation)
    own = [one.strength for one in proofs if one.device == hold.device or one.session == hold.session]
    shown = [one for one in proofs if one.id == proof]
    if not shown:
        raise release_refused(hold, "proof")
    return released_early(hold, shown[0], max([ASKED_STRENGTH, *own]), now)
