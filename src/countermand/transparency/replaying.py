"""Replay: what facts of the journal told of rows is put together again, and compared with the rows.

A fact tells in `became` what rows became, and binds by a commitment what it may not show. What was told last
of each field is what the row must say; a step that no row can take is a fault of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from countermand.transparency.entries import COMMITMENTS

BECAME = "became"
# What a fact is about: the first of these that it names. The function `journal_about` says the same.
_ABOUT = ("case", "raise", "order", "operation", "incident")


class Thing(StrEnum):
    """What facts tell of."""

    ORDER = "order"
    HOLD = "hold"
    CLOCK = "clock"
    BREACH = "breach"
    PROMISE = "promise"
    RAISE = "raise"
    INCIDENT = "incident"
    LIFTING = "lifting"
    INBOUND = "inbound"
    DATA_KEY = "data_key"
    EXHIBIT = "exhibit"
    CUSTODY = "custody"
    LEGAL_HOLD = "legal_hold"
    TOMBSTONE = "tombstone"


TABLES = {
    Thing.ORDER: "standing_order",
    Thing.HOLD: "hold",
    Thing.CLOCK: "clock",
    Thing.BREACH: "breach",
    Thing.PROMISE: "promise",
    Thing.RAISE: "limit_raise",
    Thing.INCIDENT: "incident",
    Thing.LIFTING: "incident_lifting",
    Thing.INBOUND: "inbound",
    Thing.DATA_KEY: "data_key",
    Thing.EXHIBIT: "exhibit",
    Thing.CUSTODY: "custody_event",
    Thing.LEGAL_HOLD: "legal_hold",
    Thing.TOMBSTONE: "tombstone",
}
_LIVE = {"running", "paused"}
_CLOCK_NEXT = frozenset({"running", "paused", "met", "breached", "cancelled", "waived"})
# Which state may follow which; what is not named here ends there.
STEPS: Mapping[Thing, Mapping[str, frozenset[str]]] = {
    Thing.HOLD: {
        "open": frozenset({"released", "executed", "failed", "revoked", "lapsed"}),
        "released": frozenset({"executed", "failed"}),
    },
    Thing.CLOCK: dict.fromkeys(_LIVE, _CLOCK_NEXT),
    Thing.RAISE: {"waiting": frozenset({"bound", "cancelled"})},
    Thing.INCIDENT: {
        "contained": frozenset({"lifting", "closed"}),
        "lifting": frozenset({"closed"}),
    },
}


class Line(NamedTuple):
    """One fact of the journal: its number, when (microseconds UTC), what, and the body."""

    number: int
    at: int
    kind: str
    body: Mapping[str, Any]
    trace: str | None = None


class Difference(NamedTuple):
    """Where a row and the facts do not agree; `fact` is the line of the journal that says otherwise."""

    table: str
    row: str
    field: str
    stored: Any
    rebuilt: Any
    fact: int | None = None


@dataclass(slots=True)
class Rebuilt:
    """A row as facts told of it: its fields, the commitment to what they did not show, and who said what."""

    says: dict[str, Any] = field(default_factory=dict)
    told_by: dict[str, int] = field(default_factory=dict)
    hidden: str | None = None
    hidden_by: int | None = None
    last: int = 0


def about_of(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a fact is about.

    >>> about_of({"incident": "inc-1", "order": "ord-1"})
    ('order', 'ord-1')
    """
    for name in _ABOUT:
        value = body.get(name)
        if value is not None:
            return name, str(value)
    return None


def name_of(thing: Thing, row: str) -> str:
    """The name of the commitment to what is not shown of a row."""
    return f"{thing.value}/{row}"


def rebuilt(lines: Iterable[Line]) -> tuple[dict[tuple[Thing, str], Rebuilt], list[Difference]]:
    """Rows put together from facts in order of their numbers, and the steps that no row can take."""
    found: dict[tuple[Thing, str], Rebuilt] = {}
    faults: list[Difference] = []
    for line in lines:
        for told in line.body.get(BECAME, ()):
            thing, row = Thing(told["is"]), str(told["id"])
            state = found.setdefault((thing, row), Rebuilt())
            says = {name: value for name, value in told.items() if name not in ("is", "id")}
            faults += _fault(thing, row, state, says, line.number)
            state.says |= says
            state.told_by |= dict.fromkeys(says, line.number)
            state.last = line.number
            hidden = line.body.get(COMMITMENTS, {}).get(name_of(thing, row))
            if hidden is not None:
                state.hidden, state.hidden_by = hidden, line.number
    return found, faults


def _fault(thing: Thing, row: str, state: Rebuilt, says: Mapping[str, Any], number: int) -> list[Difference]:
    before, after = state.says.get("state"), says.get("state")
    if thing is Thing.ORDER and state.says.get("lifted_at") is not None:
        return [Difference(TABLES[thing], row, "lifted_at", says.get("lifted_at"), "lifted once", number)]
    if before is None or after in (None, before) or after in STEPS[thing].get(before, frozenset()):
        return []
    return [Difference(TABLES[thing], row, "state", after, f"what follows {before}", number)]


def differences(
    thing: Thing,
    row: str,
    stored: Mapping[str, Any],
    told: Rebuilt,
    opens: Callable[[str], bool] | None,
) -> list[Difference]:
    """The fields in which a stored row is not what facts told of it.

    `stored` in the form of the facts; `opens` says whether what the row has beside is behind a commitment,
    None where the row has nothing that facts do not show.
    """
    table = TABLES[thing]
    found = [
        Difference(table, row, name, value, told.says.get(name), told.told_by.get(name))
        for name, value in stored.items()
        if value != told.says.get(name)
    ]
    if opens is None:
        if told.hidden is not None:
            found.append(Difference(table, row, "what is not shown", "nothing", "something", told.hidden_by))
    elif told.hidden is None:
        found.append(Difference(table, row, "what is not shown", "something", "nothing", None))
    elif not opens(told.hidden):
        found.append(
            Difference(table, row, "what is not shown", "another value", "what was bound", told.hidden_by)
        )
    return found
