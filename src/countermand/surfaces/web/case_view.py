"""A case as its holder's page shows it: where it stands, who acts next and by when, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from countermand.cases.call_times import call_said
from countermand.flows.ask_call import next_call
from countermand.flows.prove_step import Leaf
from countermand.flows.show_case import BALL_WORDS, SHOWN_EVENTS, dossier_of, event_said, for_customer
from countermand.flows.show_clocks import show_clocks
from countermand.kernel.text import Text
from countermand.surfaces.http.ports import House
from countermand.surfaces.web.telling import instant_of, until
from countermand.vocabulary.cases import Ball, Case, Contained, Stage

# The road of every case, as people walk it; a case that is closed has walked it all.
ROAD = (Stage.INTAKE, Stage.CONTAIN, Stage.INVESTIGATE, Stage.DECIDE, Stage.REMEDY, Stage.CLOSED)


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that happened or is to happen, when, and what is left until then."""

    at: int
    text: Text
    left: Text | None = None
    step: int = 0
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """What the template draws; `next_by` is the nearest of all that was promised or is demanded."""

    number: str
    version: int
    stage: str
    stage_text: Text
    passed: int
    mover: Text
    yours: bool
    contained: Text
    stopped: bool
    outcome: str | None
    closed: bool
    next_by: Dated | None
    dues: tuple[Dated, ...]
    call: Text | None
    timeline: tuple[Dated, ...]
    messages: tuple[Mapping[str, Any], ...]


async def case_view(house: House, case: Case, leaves: Mapping[int, Leaf] = MappingProxyType({})) -> CaseView:
    """Everything of a case that is theirs; `leaves` are its steps in the log. Raises Unavailable."""
    reception = house.reception
    dossier = await dossier_of(reception, case.number)
    whole = dossier.whole or dossier.case
    now, zone = reception.clock.now(), reception.timezone
    clocks = await show_clocks(reception.clocks.house, whole.id)
    shown = for_customer(dossier, now, zone, clocks)
    dues = [_promised(one, now, zone) for one in shown["promises"]]
    dues += [Dated(instant_of(one["due_at"]), one["text"], one["remaining"]) for one in shown["deadlines"]]
    call = next_call(dossier.events, dossier.promises, now)
    dues.sort(key=lambda one: one.at)
    return CaseView(
        number=shown["case"],
        version=dossier.case.version,
        stage=shown["stage"],
        stage_text=Text(**shown["stage_text"]),
        passed=ROAD.index(whole.stage) if whole.stage in ROAD else 0,
        mover=BALL_WORDS[whole.ball],
        yours=whole.ball is Ball.CUSTOMER,
        contained=Text(**shown["contained_text"]),
        stopped=case.contained not in (Contained.NONE, Contained.LIFTED),
        outcome=shown["outcome"],
        closed=whole.stage is Stage.CLOSED,
        next_by=next((one for one in dues if one.at > now), dues[0] if dues else None),
        dues=tuple(dues),
        call=None if call is None else call_said(*call, zone),
        timeline=tuple(
            Dated(one.at, event_said(one), step=one.seq, leaf=leaves.get(one.seq))
            for one in reversed(dossier.events)
            if one.kind in SHOWN_EVENTS
        ),
        messages=tuple({**one, "at": instant_of(one["at"])} for one in shown["messages"]),
    )


def _promised(one: Mapping[str, Any], now: int, zone: str) -> Dated:
    due_at = instant_of(one["due_at"])
    return Dated(due_at, Text(**one["what"]), until(due_at, now, zone))
