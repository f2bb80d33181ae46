"""Which clocks start, are met or fall away when something happens in a case: data, read and asked here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import yaml

from countermand.kernel.errors import SetupError
from countermand.vocabulary.cases import Case, CaseEvent, EventKind, Stage
from countermand.vocabulary.triage import Category, Risk

FILE = "case_clocks.yaml"
MACHINE = "countermand"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What follows from an event, where the case and the event fit; an empty tuple fits everything.

    `by` a person: not the machine.
    """

    event: EventKind
    risks: tuple[Risk, ...] = ()
    categories: tuple[Category, ...] = ()
    stages: tuple[Stage, ...] = ()
    direction: str | None = None
    by: Literal["person"] | None = None
    start: tuple[str, ...] = ()
    meet: tuple[str, ...] = ()
    cancel: tuple[str, ...] = ()


class ClockMoves(NamedTuple):
    """Policies of clocks to start, to meet and to cancel, each named once."""

    start: tuple[str, ...]
    meet: tuple[str, ...]
    cancel: tuple[str, ...]


def read_case_clocks(text: str) -> tuple[Line, ...]:
    """The lines of a file. Raises SetupError (`clock_pack_refused`)."""
    try:
        return msgspec.convert(yaml.safe_load(text), tuple[Line, ...])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise SetupError(
            "clock_pack_refused",
            f"{FILE} cannot be used: {error}.",
            f"{FILE} 无法使用：{error}。",
            file=FILE,
        ) from None


def moves_of(lines: Sequence[Line], case: Case, event: CaseEvent) -> ClockMoves:
    """What follows from an event for a case as it stands after it."""
    fitting = [line for line in lines if _fits(line, case, event)]
    start, meet, cancel = (
        tuple(dict.fromkeys(policy for line in fitting for policy in getattr(line, name)))
        for name in ("start", "meet", "cancel")
    )
    return ClockMoves(start, meet, cancel)


def started_at(case: Case, event: CaseEvent) -> int:
    """From when a clock of this event runs: with the case, from its first message; else from the event."""
    return case.first_at if event.kind in (EventKind.OPENED, EventKind.RISK_SET) else event.at


def _fits(line: Line, case: Case, event: CaseEvent) -> bool:
    if line.event is not event.kind:
        return False
    if line.direction is not None and line.direction != event.body.get("direction"):
        return False
    if line.by == "person" and event.actor == MACHINE:
        return False
    return (
        (not line.risks or case.risk in line.risks)
        and (not line.categories or case.category in line.categories)
        and (not line.stages or case.stage in line.stages)
    )
