"""One case traced for those who watch: clocks, decisions with policy and reasons, and leaves in the log."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from countermand.cases.numbers import spoken
from countermand.cases.ports import DecidedOperation
from countermand.flows.case_desk import CaseDesk, at_case
from countermand.flows.clock_house import ClockHouse
from countermand.flows.decided_operations import Archive
from countermand.flows.desk_view import for_desk
from countermand.flows.hand_out_receipt import Proofs
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import Dossier, dossier_of
from countermand.flows.show_case_account import shown_decided
from countermand.flows.show_clocks import show_clocks
from countermand.intake.redaction import mask
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.transparency.entries import Entry
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.staff import GRANTABLE, Role, Staff, Verb, Verdict

# Decisions so long before the first report belong to the story, and so many of them are shown.
BEFORE_MICROS = 2 * MICROS_PER_DAY
DECISIONS_MAX = 25
LEAVES_MAX = 200


class TracingHouse(Protocol):
    """What tracing needs of the house."""

    @property
    def case_desk(self) -> CaseDesk: ...

    @property
    def archive(self) -> Archive: ...

    @property
    def proofs(self) -> Proofs: ...


async def trace_case(
    house: TracingHouse, clocks: ClockHouse, number: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """A case as far as whoever asks may see it; of decisions what decided them, never the facts themselves.

    A look by a grant is on record before the answer. `leaves` are the entries that a signed checkpoint
    covers by now. Another institution sees what is asked of it, and no decisions.
    Raises NotFound `unknown_case`, Forbidden (`role_lacks_verb`, `conflict_of_interest`), Unavailable.
    """
    desk = house.case_desk
    cover = await cover_for(desk, number, by, trace)
    dossier = await dossier_of(desk, number)
    shown = cover(for_desk(dossier, await show_clocks(clocks, dossier.case.id)))
    outside = Role.PEER in by.roles
    return {
        "number": spoken(dossier.case.number),
        "shown": shown,
        "decisions": await _decisions(house, dossier, by),
        "leaves": [] if outside else await _leaves(house, dossier),
    }


async def _decisions(house: TracingHouse, dossier: Dossier, by: Staff) -> list[dict[str, Any]] | None:
    """What was decided on the account around the first report; None where amounts are not theirs to see."""
    case = dossier.case
    async with house.case_desk.works.open() as unit:
        work = await at_case(house.case_desk, unit, case.number, by)
        if work.verdict(Verb.READ_MONEY) is Verdict.DENY:
            return None
        rows: list[DecidedOperation] = []
        if case.account is not None:
            until = (case.closed_at or work.now) + 1
            rows = list(await unit.cases.decided_of(case.account, (until, 0), DECISIONS_MAX))
    named = _named(dossier)
    found = []
    for row in rows:
        stored = await house.archive.find(row.decision)
        if stored is None or stored.row.received_at < case.first_at - BEFORE_MICROS:
            continue
        answer = msgspec.json.decode(stored.row.answer)["decision"]
        found.append(
            {
                **_operation(row.body, by),
                "decision": row.decision,
                "outcome": Outcome(row.outcome).word,
                "policy": stored.policy,
                "named": row.id in named,
                "reasons": [_reason(one) for one in answer["reasons"]],
                "unknown": answer["unknown"],
            }
        )
    return found


def _named(dossier: Dossier) -> frozenset[str]:
    """The operations that were named as not wanted."""
    return frozenset(
        name
        for event in dossier.events
        if event.kind is EventKind.MESSAGE_ADDED
        for name in event.body.get("operations", ())
    )


def _operation(body: bytes, by: Staff) -> dict[str, Any]:
    told = shown_decided(body)
    return {**told, "device": None, "network": None} if by.roles & GRANTABLE else told


def _reason(reason: dict[str, Any]) -> dict[str, Any]:
    return {
        "rule": reason["rule"],
        "text": {language: mask(text).text for language, text in reason["text"].items()},
    }


async def _leaves(house: TracingHouse, dossier: Dossier) -> list[dict[str, Any]]:
    """The entries of the case in the log: where each stands, and the tree that covers it."""
    found = []
    for sealed in (await house.proofs.log.entries_of_case(dossier.case.id))[-LEAVES_MAX:]:
        entry, checkpoint = Entry.parse(sealed.entry), sealed.proof.checkpoint
        found.append(
            {
                "type": entry.says["type"],
                "at": entry.says["ts"],
                "index": sealed.index,
                "leaf": entry.leaf.hex(),
                "origin": checkpoint.origin,
                "size": checkpoint.size,
                "root": checkpoint.root.hex(),
            }
        )
    return found
