"""Why an operation of a case's account was decided so: only in that case, for who may see money."""

from __future__ import annotations

from countermand.cases.numbers import spoken
from countermand.flows.case_desk import CaseDesk, at_case
from countermand.flows.decided_operations import Archive, recorded_operation
from countermand.kernel.errors import NotFound
from countermand.vocabulary.staff import Staff, Verb
from countermand.work.record import StoredOperation


async def case_decision(
    house: CaseDesk, archive: Archive, number: str, decision: str, by: Staff
) -> tuple[str, StoredOperation]:
    """The case's number as it is spoken, and the recorded operation of its account by id or decision.

    Raises NotFound (`unknown_case`, `unknown_operation`: also for another account's), Forbidden, Unavailable.
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require_of_staff(Verb.READ_MONEY)
        account = work.case.account
    stored = await recorded_operation(archive, decision)
    if account is None or stored.row.account != account:
        raise NotFound(
            "unknown_operation",
            f"The case has no operation or decision {decision}.",
            f"该案件没有操作或决策 {decision} 的记录。",
            operation=decision,
        )
    return spoken(work.case.number), stored
