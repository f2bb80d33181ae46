"""Money that had left when its holder said “not me”: asked back from the payee's bank, the answer told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from countermand.cases.recalls import RecallOutcome, outcome_of, recall_said
from countermand.confirmation.permits import terms_of
from countermand.flows.case_events import Happenings, RecordingHouse
from countermand.flows.decided_operations import Archive, decided_operation
from countermand.flows.deliver_effects import Follower
from countermand.flows.settle_holds import note_bank_answers
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock, rfc3339
from countermand.kernel.errors import NotFound
from countermand.vocabulary.banking import BANKING, EXECUTED_THERE, BankAction, Terms
from countermand.vocabulary.cases import Case, EventKind
from countermand.vocabulary.effects import Effect, EffectState
from countermand.vocabulary.holds import Hold, HoldState
from countermand.vocabulary.notices import NOTICES
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.timers import Timer
from countermand.work import Unit

RECALL_TIMER = "recall"
# A payee's bank that has not answered by then is an alarm.
SILENT_MICROS = MICROS_PER_DAY
# What is on its way to the bank is looked at again.
LOOK_MICROS = 5 * MICROS_PER_SECOND
MACHINE, BANK = "countermand", "bank"
_NEVER_LEFT = frozenset({"not_executed"})


class HoldFinder(Protocol):
    """Where holds are read."""

    async def find(self, operation: str) -> Hold | None:
        """The hold of an operation."""
        ...


@dataclass(frozen=True, slots=True)
class Recalling:
    """What asking money back needs: the record of operations and holds, and where cases are written."""

    record: RecordingHouse
    archive: Archive
    holds: HoldFinder
    clock: Clock


async def recall_later(unit: Unit, inbound: str, operations: Sequence[str], now: int) -> None:
    """What a proven holder names is asked back once their report is kept; one timer for each operation."""
    await unit.timers.set([Timer(RECALL_TIMER, f"{inbound} {one}", now) for one in operations])


def recall_handler(recalling: Recalling) -> Callable[[Unit, list[Timer]], Awaitable[None]]:
    """The handler of `recall` timers."""

    async def handle(unit: Unit, timers: list[Timer]) -> None:
        for timer in timers:
            await _look(recalling, unit, timer)

    return handle


def bank_follower(recalling: Recalling) -> Follower:
    """What goes on with the bank's answers: holds come to their end, and cases hear of money asked back."""

    async def follow(unit: Unit, effects: Sequence[Effect], now: int) -> None:
        await note_bank_answers(unit, effects, now)
        await note_recalls(recalling, unit, effects, now)

    return follow


async def note_recalls(recalling: Recalling, unit: Unit, effects: Sequence[Effect], now: int) -> None:
    """What the payee's bank answered stands in the case and is told, in the unit that ends the effects."""
    for effect in effects:
        body = _answer_of(effect)
        if body is None:
            continue
        case = await _case_of(unit, str(effect.body["case"]))
        if case is not None:
            happened = Happenings(case, max(now, case.updated_at), effect.trace)
            happened.happen(EventKind.RECALL_ANSWERED, body, BANK)
            await happened.write(unit, recalling.record)
        await unit.effects.put([_notice(effect, body, now)])


async def _look(recalling: Recalling, unit: Unit, timer: Timer) -> None:
    """Ask once for each operation of the case's account that has left, or is leaving."""
    inbound, _, operation = timer.ref.partition(" ")
    now = recalling.clock.now()
    heard = await unit.cases.inbound_named(inbound)
    try:
        asked, stored = await decided_operation(recalling.archive, operation)
    except NotFound:
        return
    hold = await recalling.holds.find(operation)
    if hold is not None and hold.state is HoldState.RELEASED:
        await unit.timers.set([Timer(RECALL_TIMER, timer.ref, now + LOOK_MICROS)])
        return
    if heard is None or not _left(asked, Outcome(stored.row.outcome), hold):
        return
    case = await _case_of(unit, heard.case)
    if case is None or case.account != asked.account:
        return
    subject = (await unit.handles([asked.account])).get(asked.account)
    effect = _recall_of(asked, case, now, subject)
    if await unit.effects.find(effect.id) is None:
        await unit.effects.put([effect])
        happened = Happenings(case, max(now, case.updated_at))
        happened.happen(EventKind.RECALL_ASKED, {"operation": operation}, MACHINE)
        await happened.write(unit, recalling.record)


def _left(operation: Operation, outcome: Outcome, hold: Hold | None) -> bool:
    """Whether money may have moved: executed after its hold, or let through at once."""
    if operation.kind not in EXECUTED_THERE or operation.amount is None:
        return False
    return outcome is Outcome.ALLOW if hold is None else hold.state is HoldState.EXECUTED


async def _case_of(unit: Unit, name: str) -> Case | None:
    """The case, locked; what became part of another one is worked on there."""
    found = await unit.cases.lock([name])
    if found and found[0].merged_into is not None:
        found = await unit.cases.lock([found[0].merged_into])
    return found[0] if found else None


def _recall_of(operation: Operation, case: Case, now: int, subject: str | None) -> Effect:
    """One for each operation, whoever reports it; it waits for no lane, and is asked about until answered."""
    return Effect(
        id=f"recall-{operation.id}",
        port=BANKING,
        action=BankAction.RECALL.value,
        lane=None,
        body={"terms": msgspec.to_builtins(terms_of(operation)), "case": case.id},
        placed_at=now,
        due_at=now,
        alarm_at=now + SILENT_MICROS,
        subject=subject,
    )


def _answer_of(effect: Effect) -> dict[str, Any] | None:
    """What the end of a recall says; None for anything else, and for an answer that cannot be believed."""
    if effect.action != BankAction.RECALL.value or effect.state is EffectState.PENDING:
        return None
    terms, answer = msgspec.convert(effect.body["terms"], Terms), effect.answer or {}
    body = {
        "operation": terms.operation,
        "amount_minor": terms.amount_minor,
        "currency": terms.currency,
        "returned_minor": answer.get("returned_minor", 0),
        "reference": answer.get("reference"),
    }
    if effect.state is EffectState.DONE:
        return {**body, "recall": outcome_of(terms.amount_minor or 0, body["returned_minor"]).value}
    if "refused" not in answer:
        return None
    never = answer["refused"] in _NEVER_LEFT
    outcome = RecallOutcome.NEVER_LEFT if never else RecallOutcome.NOTHING
    return {**body, "recall": outcome.value, "reason": answer["refused"]}


def _notice(effect: Effect, body: dict[str, Any], now: int) -> Effect:
    terms = msgspec.convert(effect.body["terms"], Terms)
    said = recall_said(body)
    values = {
        "at": rfc3339(now),
        "kind": terms.kind,
        "amount_minor": terms.amount_minor,
        "currency": terms.currency,
        "counterparty": terms.counterparty,
        "reason": {"en": said.en, "zh": said.zh},
    }
    return Effect(
        id=f"recall_answered {effect.id}",
        port=NOTICES,
        action="recall_answered",
        lane=terms.account,
        body={"account": terms.account, "values": values, "urgency": "service"},
        placed_at=now,
        due_at=now,
        subject=effect.subject,
        trace=effect.trace,
    )
