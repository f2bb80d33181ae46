"""Goal: no money operation takes effect without a yes to exactly what was displayed, and understood.

Method: the shipped policy and statements on real PostgreSQL; the receipt is checked like a stranger would.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from countermand.flows.give_consent import consent_of, give_consent, show_statement
from countermand.flows.give_permit import give_permit
from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.vocabulary.consent import NEEDS_CONSENT, CreditTerms
from countermand.vocabulary.operations import Kind, Operation
from flows.holds_stage import agreed_to
from flows.stage import house_on, payment

CREDIT = CreditTerms(total_minor=112_000, months=12, yearly_percent=14.4)


@pytest.fixture
async def lender(database_dsn: str, clock: ManualClock) -> AsyncIterator[House]:
    """A house that lets everything pass by its policy, so that consent alone decides."""
    async with house_on(database_dsn, clock) as house:
        yield house


async def allowed(house: House, kind: str, **more: Any) -> Operation:
    """An operation that was allowed."""
    asked = payment(f"a-{kind}", kind=kind, minor=10_000, device={"id": f"d-{kind}"}, **more)
    await house.decider.decide_many([asked], None)
    return asked


@pytest.mark.parametrize("kind", sorted(kind.value for kind in Kind))
async def test_no_kind_that_needs_consent_gets_a_permit_without_it(lender: House, kind: str) -> None:
    """Over all kinds of operations: refused before the yes, given after it; the others need none."""
    asked = await allowed(lender, kind)
    if kind not in NEEDS_CONSENT:
        assert (await give_permit(lender, asked.id, "core"))["permit"]
        return
    with pytest.raises(Conflict, match="consent_missing"):
        await give_permit(lender, asked.id, "core")
    put = await show_statement(lender, asked.id, "zh", CREDIT)
    answers = (1,) * len(put.questions)
    told = await give_consent(lender, asked.id, agreed_to(put.digest, answers=answers, credit=CREDIT), "app")
    assert sha256(told["shown"].encode()).hexdigest() == told["digest"] == put.digest
    assert (await give_permit(lender, asked.id, "core"))["permit"]


async def test_the_words_are_those_of_the_operation_in_both_languages(lender: House) -> None:
    """Amount, payee, all that it costs, and what it is not."""
    asked = await allowed(lender, "loan_disburse")
    zh = (await show_statement(lender, asked.id, "zh", CREDIT)).text
    en = (await show_statement(lender, asked.id, "en", CREDIT)).text
    for words in ("100.00元", "1,120.00元", "12个月", "14.4%", "不是工资", "shop"):
        assert words in zh
    for words in ("100.00 yuan", "1,120.00 yuan", "12 months", "14.4%", "not a wage", "shop"):
        assert words in en
    with pytest.raises(BadRequest, match="consent_value_missing"):
        await show_statement(lender, asked.id, "zh")


async def test_a_lender_says_the_cost_with_the_operation(lender: House) -> None:
    """Then nobody need say it at each showing; what is not whole, or cannot be, is as if nobody had."""
    told = {"credit_total_minor": 112_000, "credit_months": 12, "credit_yearly_percent": 14.4}
    asked = await allowed(lender, "loan_disburse", attributes=told)
    put = await show_statement(lender, asked.id, "zh")
    assert put == await show_statement(lender, asked.id, "zh", CREDIT)
    for less in ({"credit_months": None}, {"credit_months": 0}, {"credit_total_minor": "all of it"}):
        other = await allowed(lender, "loan_apply", attributes={**told, **less})
        with pytest.raises(BadRequest, match="consent_value_missing"):
            await show_statement(lender, other.id, "zh")


async def test_a_yes_to_other_words_is_no_yes(lender: House) -> None:
    """Another price, another language, another operation: each has its own digest."""
    asked, other = await allowed(lender, "loan_disburse"), await allowed(lender, "transfer")
    put = await show_statement(lender, asked.id, "zh", CREDIT)
    cheaper = CreditTerms(total_minor=100_000, months=12, yearly_percent=0)
    for operation, credit, language in (
        (asked, cheaper, "zh"), (asked, CREDIT, "en"), (other, None, "zh"),
    ):  # fmt: skip
        said = agreed_to(put.digest, credit=credit, language=language, answers=(1, 1))
        with pytest.raises(Conflict, match="consent_text_differs"):
            await give_consent(lender, operation.id, said, "app")
    with pytest.raises(NotFound, match="no_consent"):
        await consent_of(lender, asked.id)


async def test_who_did_not_understand_is_told_why_and_asked_again(lender: House, tables: Any) -> None:
    """A wrong answer keeps the loan from its customer, and stands in the journal without their words."""
    asked = await allowed(lender, "loan_disburse")
    put = await show_statement(lender, asked.id, "zh", CREDIT)
    with pytest.raises(BadRequest, match="comprehension_failed") as refused:
        await give_consent(lender, asked.id, agreed_to(put.digest, credit=CREDIT, answers=(0, 1)), "app")
    assert "借款人是您" in refused.value.text.zh
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'consent.misunderstood'") == 1
    await give_consent(lender, asked.id, agreed_to(put.digest, credit=CREDIT, answers=(1, 1)), "app")
    assert (await consent_of(lender, asked.id))["statement"] == "loan@1"


async def test_a_denied_operation_takes_no_consent(lender: House) -> None:
    """Nobody is asked to agree to what will not happen."""
    asked = payment("a-rich", minor=90_000)
    await lender.decider.decide_many([asked], None)
    with pytest.raises(Conflict, match="consent_not_asked"):
        await show_statement(lender, asked.id, "zh")


async def test_the_database_keeps_no_receipt_of_other_words(lender: House, tables: Any) -> None:
    """A digest that is not of what was shown is refused by the table itself, and so is every change."""
    asked = await allowed(lender, "payment")
    put = await show_statement(lender, asked.id, "zh")
    await give_consent(lender, asked.id, agreed_to(put.digest), "app")
    with pytest.raises(asyncpg.RestrictViolationError):
        await tables.execute("UPDATE consent_receipt SET shown = 'x'")
    with pytest.raises(asyncpg.CheckViolationError):
        await tables.execute(
            "INSERT INTO consent_receipt SELECT $1, 'other words', digest, statement, version, language, "
            "given_at, given_by, session, device, answers FROM consent_receipt",
            (await allowed(lender, "withdrawal")).id,
        )


async def test_whoever_withdraws_without_a_payee_is_told_that_they_receive_it(lender: House) -> None:
    """Cash has no payee: it can be agreed to all the same, and then be permitted."""
    asked = await allowed(lender, "withdrawal", counterparty=None)
    put = await show_statement(lender, asked.id, "zh")
    assert "钱到您本人" in put.text
    await give_consent(lender, asked.id, agreed_to(put.digest), "app")
    assert (await give_permit(lender, asked.id, "core"))["permit"]
