"""The cases of another desk come in: each heard as a report, none contained, the closed ones closed.

Reports of long ago stop nothing: what could be stopped then is over, and an account frozen for an old story
harms its holder now. Nobody is told anything either. Clocks start only where their time is not over: another
desk's omissions are not made up here, nor hidden, they stay in its own records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from countermand.cases.imports import ImportMapping, OldCase, old_case
from countermand.flows.case_events import Happenings
from countermand.flows.receive_report import receive_report
from countermand.flows.reception import Reception
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.kernel.text import Text
from countermand.vocabulary.cases import EventKind, RootCause
from countermand.vocabulary.reports import Channel, Report, Sender, Standing

OLD_TAG = "old:"
REFUSALS_KEPT_MAX = 1000


class Row(NamedTuple):
    """A row of a file and the line it begins on; `fault` is why it could not even be read."""

    line: int
    values: Mapping[str, Any]
    fault: CountermandError | None = None


class Refusal(NamedTuple):
    """A row that was not taken, and why."""

    line: int
    code: str
    text: Text


@dataclass(slots=True)
class Imported:
    """What came of a file. `known` were there already; only the first thousand refusals are kept."""

    taken: int = 0
    known: int = 0
    closed: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


async def import_cases(
    house: Reception, rows: Iterable[Row], mapping: ImportMapping, actor: str, *, dry_run: bool = False
) -> Imported:
    """Take row by row; one that is refused hinders no other, and one told again is known.

    With `dry_run` nothing is written, and what is there already is not asked for. Raises Unavailable: what
    was taken stays, and the file can be given again.
    """
    done = Imported()
    for row in rows:
        try:
            if row.fault is not None:
                raise row.fault
            old = old_case(row.values, mapping, house.clock.now())
            known = False if dry_run else await _take(house, old, mapping.source, actor)
        except Unavailable:
            raise
        except CountermandError as error:
            done.refused += 1
            if len(done.refusals) < REFUSALS_KEPT_MAX:
                done.refusals.append(Refusal(row.line, error.code, error.text))
            continue
        done.known += known
        done.taken += not known
        done.closed += not known and old.closed
    return done


async def _take(house: Reception, old: OldCase, source: str, actor: str) -> bool:
    """Take one; True where it was there already. Raises Conflict (`key_reused`): it was told otherwise."""
    report = Report(
        channel=Channel.IMPORT,
        key=f"{source}:{old.id}",
        received_at=old.received_at,
        raw=canonical_bytes(msgspec.to_builtins(old)),
        text=old.text,
        sender=Sender(standing=Standing.UNNAMED if old.account is None else Standing.CLAIMED),
        account=old.account,
    )
    received = await receive_report(house, report, actor)
    async with house.works.open() as unit:
        (case,) = await unit.cases.lock([received.case])
        tag = f"{OLD_TAG}{old.id}"
        if tag in case.tags:
            return True
        now = Happenings(case, house.clock.now())
        now.happen(EventKind.TAGGED, {"tag": tag, "on": True}, actor)
        if old.category is not None:
            body = {"risk": case.risk.value, "category": old.category.value}
            now.happen(EventKind.RISK_SET, body, actor)
        if old.owner is not None or old.team is not None:
            given = {"owner": old.owner, "team": old.team}
            now.happen(EventKind.ASSIGNED, {name: one for name, one in given.items() if one}, actor)
        if old.closed and old.outcome is not None:
            now.happen(EventKind.OUTCOME_SET, {"outcome": old.outcome.value, "imported": True}, actor)
            closed = {"root_cause": RootCause.UNKNOWN.value, "imported": True}
            if old.closed_at is not None:
                closed["was_closed_at"] = rfc3339(old.closed_at)
            now.happen(EventKind.CLOSED, closed, actor)
        await now.write(unit, house)
    return False
