"""Goal: who works on a case sees what happened on its account, masked, page by page. Method: a house."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermand.flows.show_case_account import PAGE_OPERATIONS_MAX, show_case_account
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Forbidden
from countermand.vocabulary.staff import Role
from flows.case_stage import QUESTION, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import payment


async def test_operations_come_newest_first_masked_and_page_by_page(
    database_dsn: str, clock: ManualClock, tmp_path: Path
) -> None:
    """Each once over all pages; no whole counterparty; somebody without the right to money sees none."""
    async with reporting_house(database_dsn, clock, tmp_path) as house:
        li, editor = await somebody(house, "li"), await somebody(house, "ed", Role.KB_EDITOR)
        number = await opened(house, QUESTION)
        names = []
        for _ in range(PAGE_OPERATIONS_MAX + 2):
            clock.advance(len(names) % 2)
            operation = payment("a-1", at=clock.now(), counterparty={"id": "6222021234567890128"})
            names.append(operation.id)
            await house.decider.decide(operation, None)
        first = await show_case_account(house.case_desk, number, li)
        second = await show_case_account(house.case_desk, number, li, first["next"])
        shown = [one["operation"] for one in (*first["operations"], *second["operations"])]
        assert shown == names[::-1]
        assert second["next"] is None
        assert "6222021234567890128" not in str(first)
        assert first["operations"][0]["counterparty"] == "…0128"
        nobody = await opened(house, QUESTION, account=None)
        assert (await show_case_account(house.case_desk, nobody, li))["operations"] == []
        with pytest.raises(Forbidden):
            await show_case_account(house.case_desk, number, editor)
