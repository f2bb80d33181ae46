"""What a case hangs together with: links, cases it took in, the one it is part of; each by its number."""

from __future__ import annotations

from typing import Any

from countermand.cases.numbers import spoken
from countermand.flows.case_desk import CaseDesk
from countermand.flows.mass_incident import GRACE_MICROS
from countermand.flows.show_case import Dossier
from countermand.vocabulary.cases import EventKind


async def linked(house: CaseDesk, dossier: Dossier) -> dict[str, Any]:
    """`links`: number and kind; `absorbed`: numbers; `into`: the number of the whole. Raises Unavailable.

    `recallable` names one message to many that still waits, and until when (microseconds UTC). For whoever
    may see the case: the numbers say nothing of what the other cases are about.
    """
    case = dossier.case
    names = {one for one, _ in case.links} | {one for one, _ in case.absorbed}
    async with house.works.open() as unit:
        numbers = await unit.desk.numbers_of(names) if names else {}
    return {
        "links": [{"case": spoken(numbers[one]), "kind": kind} for one, kind in case.links if one in numbers],
        "absorbed": [spoken(numbers[one]) for one, _ in case.absorbed if one in numbers],
        "into": None if dossier.whole is None else spoken(dossier.whole.number),
        "recallable": _recallable(dossier, house.clock.now()),
    }


def _recallable(dossier: Dossier, now: int) -> dict[str, Any] | None:
    gone = {one.body["message"] for one in dossier.events if one.kind is EventKind.MESSAGE_TAKEN_BACK}
    for one in reversed(dossier.events):
        if "answer" in one.body and one.kind is EventKind.MESSAGE_ADDED and one.body["message"] not in gone:
            until = one.at + GRACE_MICROS
            return {"answer": one.body["answer"], "until": until} if now < until else None
    return None
