"""A person agrees to one operation, in words shown to them and understood; what waited for it moves on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from countermand.confirmation.holds import met
from countermand.confirmation.operation_values import credit_of, operation_values
from countermand.confirmation.pack import Agreements
from countermand.confirmation.statements import misunderstood, shown, statement_for
from countermand.flows.committed import Label, Salts, commitments
from countermand.flows.consent_to_data import require_shown
from countermand.flows.decided_operations import Archive, decided_operation
from countermand.flows.keep_profiles import ProfileBook
from countermand.flows.settle_holds import Settlement, move_on, take_hold
from countermand.flows.show_holds import HoldShelf
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.text import Text
from countermand.vocabulary.confirmations import ConsentReceipt
from countermand.vocabulary.consent import CreditTerms, Shown, Statement
from countermand.vocabulary.facts import CONSENT_GIVEN, CONSENT_MISUNDERSTOOD, Fact
from countermand.vocabulary.holds import STATES_ZH, HoldState, Need
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.work import Works

TIMEZONE = "Asia/Shanghai"


class ConsentingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def settlement(self) -> Settlement: ...

    @property
    def archive(self) -> Archive: ...

    @property
    def profiles(self) -> ProfileBook: ...

    @property
    def holds(self) -> HoldShelf: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def salts(self) -> Salts: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What the customer said, where, and to which words; `answers` count the choices from 0."""

    digest: str
    language: str
    answers: tuple[int, ...]
    credit: CreditTerms | None
    session: str | None
    device: str | None


async def show_statement(
    house: ConsentingHouse, operation_id: str, language: str, credit: CreditTerms | None = None
) -> Shown:
    """What is to be displayed, word for word, before somebody agrees to an operation.

    Raises NotFound (`unknown_operation`), Conflict (`consent_not_asked`), BadRequest
    (`consent_value_missing`).
    """
    return (await _statement(house, operation_id, language, credit))[1]


async def give_consent(
    house: ConsentingHouse, operation_id: str, agreed: Agreed, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Keep the receipt of a consent; the one that counts is the first of its operation.

    Raises those of `show_statement`, Conflict (`consent_text_differs`), BadRequest
    (`comprehension_unanswered`, `comprehension_failed`: explained, to be asked again), Unavailable.
    """
    statement, put, operation = await _statement(house, operation_id, agreed.language, agreed.credit)
    require_shown(put, agreed.digest)
    now = house.settlement.clock.now()
    wrong = misunderstood(statement, agreed.answers)
    if wrong:
        await _note_misunderstanding(house, operation, statement, len(wrong), actor, now, trace)
        raise _not_understood(wrong)
    receipt = ConsentReceipt(
        operation=operation_id,
        shown=put.text,
        statement=statement.id,
        version=str(statement.version),
        language=agreed.language,
        given_at=now,
        given_by=operation.person or operation.account,
        session=agreed.session,
        device=agreed.device,
        answers={"choices": list(agreed.answers)},
    )
    async with house.works.open() as unit:
        handle = (await unit.handles([operation.account])).get(operation.account)
        held = operation_id in await unit.holds.accounts([operation_id])
        hold = await take_hold(unit, operation_id) if held else None
        kept = await unit.consents.keep(receipt)
        if kept == receipt:
            await unit.note([_fact(house, kept, handle, actor, trace)])
        if hold is not None:
            await move_on(unit, [met(hold, [Need.CONSENT])], now, house.settlement, actor, "consented", trace)
    return _told(kept)


def _fact(
    house: ConsentingHouse, kept: ConsentReceipt, handle: str | None, actor: str, trace: str | None
) -> Fact:
    """The words hold amounts and names: what was shown and answered is bound, not hashed."""
    key = house.salts.of_operation(kept.operation)
    values = {"shown": kept.shown, "answers": kept.answers}
    body = {
        "operation": kept.operation,
        "statement": f"{kept.statement}@{kept.version}",
        "actor": actor,
        **commitments(key, Label.consent(kept.operation), values),
    }
    return Fact(kept.given_at, CONSENT_GIVEN, body, handle, trace)


async def _statement(
    house: ConsentingHouse, operation_id: str, language: str, credit: CreditTerms | None
) -> tuple[Statement, Shown, Operation]:
    operation, stored = await decided_operation(house.archive, operation_id)
    statement = statement_for(operation.kind.value, house.agreements.statements)
    if statement is None or Outcome(stored.row.outcome) is Outcome.DENY:
        raise Conflict(
            "consent_not_asked",
            "This operation takes no consent: it was denied, or its kind needs none.",
            "该操作无需征得同意：已被拒绝，或该类操作不需要。",
            operation=operation_id,
        )
    hold = await house.holds.find(operation_id)
    if hold is not None and hold.state in (HoldState.REVOKED, HoldState.LAPSED, HoldState.FAILED):
        raise Conflict(
            "consent_not_asked",
            f"This operation is {hold.state}; there is nothing to agree to.",
            f"该操作{STATES_ZH[hold.state]}，无需再同意。",
            operation=operation_id,
        )
    account = await house.profiles.find(operation.account)
    terms = credit_of(operation) if credit is None else credit
    timezone = TIMEZONE if account is None or account.timezone is None else account.timezone
    values = operation_values(operation, terms, None if hold is None else hold.until, timezone)
    return statement, shown(statement, values, language), operation


async def _note_misunderstanding(
    house: ConsentingHouse,
    operation: Operation,
    statement: Statement,
    wrong: int,
    actor: str,
    now: int,
    trace: str | None,
) -> None:
    body = {"operation": operation.id, "statement": statement.label, "wrong": wrong, "actor": actor}
    async with house.works.open() as unit:
        handle = (await unit.handles([operation.account])).get(operation.account)
        await unit.note([Fact(now, CONSENT_MISUNDERSTOOD, body, handle, trace)])


def _not_understood(wrong: list[Text]) -> BadRequest:
    return BadRequest(
        "comprehension_failed",
        "Not everything was understood: "
        + " ".join(f"{one.en}." for one in wrong)
        + " Show it again, then ask again.",
        "有内容没有被理解：" + "".join(f"{one.zh}。" for one in wrong) + "请重新说明后再次询问。",
        field="answers",
    )


def _told(receipt: ConsentReceipt) -> dict[str, Any]:
    return {
        "operation": receipt.operation,
        "statement": f"{receipt.statement}@{receipt.version}",
        "language": receipt.language,
        "shown": receipt.shown,
        "digest": receipt.digest.hex(),
        "given_at": rfc3339(receipt.given_at),
        "given_by": receipt.given_by,
    }


async def consent_of(house: ConsentingHouse, operation_id: str) -> dict[str, Any]:
    """The receipt of an operation's consent. Raises NotFound (`no_consent`)."""
    async with house.works.open() as unit:
        receipt = (await unit.consents.receipts_for([operation_id])).get(operation_id)
    if receipt is None:
        raise NotFound(
            "no_consent", "Nobody has agreed to this operation.", "尚无人同意该操作。", operation=operation_id
        )
    return _told(receipt)
