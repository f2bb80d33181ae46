"""The whole road of a dispute for everybody to read: by when what must happen, and whom else to call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from countermand.cases.clock_policies import ClockPolicy
from countermand.cases.clock_words import amount_said
from countermand.cases.hotlines import Hotline
from countermand.flows.case_events import CaseClocks
from countermand.kernel.text import Text
from countermand.vocabulary.clocks import ClockKind

HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Demand:
    """What must be done within how long of what, and by which rule; `verified` where it was looked up."""

    name: Text
    within: Text
    trigger: Text
    at_most: Text | None
    on_breach: Text
    cite: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class Process:
    """Demands of the house and of the law packs in use, each with its stamp, and the hotlines."""

    house: tuple[Demand, ...]
    law: tuple[tuple[Text, Text, tuple[Demand, ...]], ...]
    hotlines: tuple[Hotline, ...]


def dispute_process(clocks: CaseClocks, hotlines: Sequence[Hotline]) -> Process:
    """From the packs that are in use: what the page says is what the clocks of cases count."""
    packs = [pack for pack in clocks.house.rules.packs if pack.id == HOUSE or pack.id in clocks.packs]
    shown = {ClockKind.LEGAL, ClockKind.STAGE, ClockKind.SERVICE}
    demands = {pack.id: tuple(_demand(one) for one in pack.clocks if one.kind in shown) for pack in packs}
    return Process(
        house=demands.get(HOUSE, ()),
        law=tuple((pack.title, pack.stamp, demands[pack.id]) for pack in packs if pack.id != HOUSE),
        hotlines=tuple(hotlines),
    )


def _demand(policy: ClockPolicy) -> Demand:
    most = policy.max_total
    return Demand(
        name=policy.name,
        within=amount_said(policy.count, policy.unit),
        trigger=policy.trigger,
        at_most=None if most is None or most == policy.count else amount_said(most, policy.unit),
        on_breach=policy.on_breach,
        cite=policy.cite,
        verified=policy.verified,
    )
