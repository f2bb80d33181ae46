"""A case and those that became part of it: what is said to the whole is told to each of their reporters."""

from __future__ import annotations

from countermand.cases.permissions import refused
from countermand.flows.case_desk import CaseWork, at_known
from countermand.vocabulary.cases import Direction
from countermand.vocabulary.staff import Verb, Verdict


async def parts_of(work: CaseWork) -> list[CaseWork]:
    """The cases that became part of this one, locked under the same hands.

    Raises Forbidden (`conflict_of_interest`): one of them is none that they may answer.
    """
    names = [case for case, _ in work.case.absorbed]
    if not names:
        return []
    parts = await at_known(work.house, work.unit, names, work.by, trace=work.trace, agreed_by=work.agreed_by)
    for part in parts:
        if part.verdict(Verb.REPLY) is Verdict.DENY:
            raise refused(Verb.REPLY, part.relation)
        part.answer_id, part.send_after = work.answer_id, work.send_after
    return parts


async def reached(work: CaseWork, channel: str) -> tuple[str, str]:
    """Who is reached by an answer of a case through a channel: whoever wrote last in it, as a digest.

    Of somebody whose address is not known the case itself stands for them.
    """
    heard = [
        one.inbound
        for one in await work.unit.cases.messages(work.case.id)
        if one.direction is Direction.IN and one.channel == channel and one.inbound is not None
    ]
    inbound = await work.unit.cases.inbound_named(heard[-1]) if heard else None
    sender = None if inbound is None else inbound.sender
    return channel, work.case.id if sender is None else sender.hex()
