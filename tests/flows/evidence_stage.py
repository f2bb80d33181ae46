"""A stage for evidence: a case, its exhibits in one line, and people of two kinds."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from countermand.evidence.exhibits import About, ExhibitKind, Origin
from countermand.flows.agree_act import agree
from countermand.flows.case_desk import HOLDER
from countermand.flows.case_events import Happenings
from countermand.flows.house import House
from countermand.flows.show_exhibits import Opened, Opening, open_exhibit
from countermand.flows.uploads import Announced, Sent, begin_upload, go_on
from countermand.vocabulary.cases import CaseOutcome, EventKind, RootCause
from countermand.vocabulary.staff import Purpose, Staff
from flows.case_stage import case_at

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PHONE, CARD = "13812345678", "6222021234567890123"


async def pieces_of(content: bytes, size: int = 60_000) -> AsyncIterator[bytes]:
    """The content in pieces."""
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]


def told(content: bytes = PNG, **more: Any) -> Announced:
    """A screenshot from the holder's phone, unless told otherwise."""
    origin = Origin(
        actor="customer", channel="portal", address="203.0.113.7", context={"app": f"tel {PHONE}"}
    )
    given: dict[str, Any] = {
        "kind": ExhibitKind.SCREENSHOT,
        "about": About.HOLDER,
        "name": f"{PHONE}.png",
        "declared": "image/png",
        "length": len(content),
        "origin": origin,
    }
    return Announced(**{**given, **more})


async def brought(house: House, number: str, content: bytes = PNG, by: Staff = HOLDER, **more: Any) -> Sent:
    """An exhibit, sent whole."""
    begun = await begin_upload(house.room, number, told(content, **more), by)
    return await go_on(house.room, begun.token, 0, pieces_of(content))


async def opened_raw(
    house: House,
    number: str,
    exhibit: str,
    first: Staff,
    second: Staff,
    purpose: Purpose = Purpose.INVESTIGATE,
) -> bytes:
    """The item as it is: asked for by one, agreed to by another, asked for again."""
    wanted = Opening(purpose=purpose, reason="reading the amount")
    waits = await open_exhibit(house.room, number, exhibit, wanted, first)
    found = waits
    if isinstance(waits, dict):
        await agree(house.case_desk, waits["waits"]["look"], second, agreed=True, reason="needed")
        found = await open_exhibit(house.room, number, exhibit, wanted, first)
    assert isinstance(found, Opened)
    return b"".join([piece async for piece in found.pieces])


def kilobytes(count: int) -> bytes:
    """So many of them by chance, as a picture."""
    return PNG[:8] + os.urandom(count * 1024 - 8)


async def closed(house: House, number: str) -> None:
    """The case ends."""
    case = await case_at(house, number)
    async with house.works.open() as unit:
        (locked,) = await unit.cases.lock([case.id])
        now = Happenings(locked, house.clock.now())
        now.happen(EventKind.OUTCOME_SET, {"outcome": CaseOutcome.ANSWERED.value}, "li")
        now.happen(EventKind.CLOSED, {"root_cause": RootCause.NO_FAULT.value}, "li")
        await now.write(unit, house.case_desk)


def path_of(house: House, shown: dict[str, Any]) -> Path:
    """Where the object of an exhibit lies."""
    name = str(shown["object"])
    return Path(house.room.objects._folder) / name[:2] / name  # type: ignore[attr-defined]
