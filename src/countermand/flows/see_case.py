"""What of a case somebody at the desk may see: nothing of their own, no words for who only configures."""

from __future__ import annotations

from countermand.flows.case_desk import CaseDesk, at_case
from countermand.vocabulary.staff import Staff, Verb, Verdict


async def hidden_from(house: CaseDesk, number: str, by: Staff) -> tuple[str, ...]:
    """The parts of a shown case that are left empty for somebody.

    Raises NotFound `unknown_case`, Forbidden (`role_lacks_verb`, `conflict_of_interest`).
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require(Verb.READ_CASE)
        words = work.verdict(Verb.READ_MESSAGES) is Verdict.DENY
        return ("messages", "files", "tasks") if words else ()
