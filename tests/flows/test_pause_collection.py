"""Goal: while a debt is disputed nobody collects it, and no new one opens in that name or account.

Method: a house on a database of its own, people with keys, the acts as doors send them.
"""

from __future__ import annotations

from typing import Any

import pytest

from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.acts import Decide, PauseCollection, ResumeCollection, SetRisk
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.staff import Role
from countermand.vocabulary.triage import Category, Risk
from flows.case_stage import QUESTION, acted, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import outcome_of, payment

DISPUTED = SetRisk(risk=Risk.P2, why="对利率有争议", category=Category.RATE_OR_FEE_DISPUTE)
DEBIT = {"kind": "mandate_run", "attributes": {"debt": "loan-1"}}
LOAN = {"kind": "loan_apply"}


async def answered(house: House, account: str, what: dict[str, Any], person: str | None = None) -> str:
    """What such an operation gets now."""
    named = {} if person is None else {"person": person}
    asked = payment(account, at=house.clock.now(), **what, **named)
    return outcome_of(await house.decider.decide(asked, None))


@pytest.mark.parametrize(("new_debt", "loan"), [(False, "deny"), (True, "allow")])
async def test_no_new_debt_in_a_disputed_name_or_account(
    database_dsn: str, tmp_path: Any, clock: ManualClock, new_debt: bool, loan: str
) -> None:
    """Unless the act says otherwise; the debits for the debt rest both ways; at the end all is as before."""
    async with reporting_house(database_dsn, clock, tmp_path) as house:
        li = await somebody(house, "li", Role.INVESTIGATOR)
        number = await opened(house, QUESTION, person="p-1")
        await acted(house, number, li, DISPUTED, PauseCollection(debts=("loan-1",), new_debt=new_debt))
        assert await answered(house, "a-1", LOAN) == loan
        assert await answered(house, "a-77", LOAN, "p-1") == loan
        assert await answered(house, "a-1", DEBIT) == "deny"
        assert await answered(house, "a-77", DEBIT, "p-1") == "deny"
        assert await answered(house, "a-77", LOAN, "p-2") == "allow"
        assert await answered(house, "a-1", {"kind": "repayment"}) == "allow"
        await acted(
            house, number, li, Decide(outcome=CaseOutcome.ANSWERED, why="利率已按合同更正"),
            ResumeCollection(why="已更正"),
        )  # fmt: skip
        for account, person in (("a-1", None), ("a-77", "p-1")):
            assert await answered(house, account, LOAN, person) == "allow"
            assert await answered(house, account, DEBIT, person) == "allow"
