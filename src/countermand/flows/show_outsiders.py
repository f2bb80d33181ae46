"""How outsiders stand: how far each witness is behind, what was stamped last, what stands in the chain."""

from __future__ import annotations

from typing import Any

from countermand.flows.witness_log import WitnessingHouse
from countermand.kernel.clock import rfc3339


async def show_outsiders(house: WitnessingHouse) -> list[dict[str, Any]]:
    """One line each: `who`, `size` of the tree it vouched for, `behind` (signed since), `at`, `about`.

    Whoever is set and never answered has size 0. Empty while nothing is signed. Raises Unavailable.
    """
    point = await house.log.latest()
    if point is None:
        return []
    sizes = await house.cosignatures.sizes(point.origin)
    stamp, anchor = await house.stamps.newest(point.origin), await house.anchors.newest(point.origin)
    names = sorted({*sizes, *house.witnesses})
    rows: list[dict[str, Any]] = [_row(f"witness:{name}", sizes.get(name, 0), point.size) for name in names]
    if stamp is not None:
        rows.append(
            _row("timestamp", stamp.size, point.size, rfc3339(stamp.stamped.at), stamp.stamped.authority)
        )
    elif house.authority is not None:
        rows.append(_row("timestamp", 0, point.size))
    if anchor is not None:
        about = f"{anchor.receipt.state} {anchor.receipt.chain} {anchor.receipt.reference}"
        rows.append(_row("anchor", anchor.size, point.size, rfc3339(anchor.sent_at), about))
    elif house.anchor is not None:
        rows.append(_row("anchor", 0, point.size))
    return rows


def _row(who: str, size: int, signed: int, at: str | None = None, about: str | None = None) -> dict[str, Any]:
    return {"who": who, "size": size, "behind": max(0, signed - size), "at": at, "about": about}
