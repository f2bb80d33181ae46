"""The second pair of eyes: agrees, and the act is done in the name of who asked; or refuses."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.cases.desk_ports import SecondLook
from countermand.cases.permissions import refused
from countermand.flows.act_on_case import before_locking, do_act
from countermand.flows.case_desk import CaseDesk, CaseWork, at_case
from countermand.flows.mass_incident import send_all
from countermand.intake.redaction import mask
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.vocabulary.acts import AnyAct, Reply
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Staff, Verb, Verdict

_ACT: msgspec.json.Decoder[AnyAct] = msgspec.json.Decoder(AnyAct)


async def agree(
    house: CaseDesk, look_id: str, by: Staff, *, agreed: bool, reason: str, trace: str | None = None
) -> dict[str, Any]:
    """The second person: agrees, and it is done in the name of the first; or does not, and it is not.

    Raises NotFound `unknown_look`, Conflict `look_over`, Forbidden (also for whoever asked: it takes two).
    """
    async with house.works.open() as unit:
        look = await unit.desk.look(look_id)
        if look is None:
            raise NotFound(
                "unknown_look",
                f"Nothing named {look_id[:80]} waits for a second person.",
                "没有该待复核事项。",
            )
        member = await unit.desk.member(look.asked_by)
        first = Staff(name=look.asked_by, roles=member.roles)
        numbers = await unit.desk.numbers_of([look.case])
        if look.verb == Verb.LIFT and agreed:
            asked = _ACT.decode(house.vault.open(look.asked, f"look {look.id}"))
            await before_locking(house, unit, numbers[look.case], asked, first, trace)
        second = await at_case(house, unit, numbers[look.case], by, trace=trace)
        _check_second(second, look)
        why = mask(reason).text
        done = look._replace(agreed=agreed, answered_by=by.name, answered_at=second.now, reason=why)
        await unit.desk.put_look(done)
        second.happen(EventKind.SECOND_LOOK, look=look.id, verb=look.verb, agreed=agreed)
        await second.end()
        if not agreed:
            return {**second.answer(), "agreed": False}
        if look.verb == Verb.UNMASK:
            return {**second.answer(), "agreed": True}
        act = _ACT.decode(house.vault.open(look.asked, f"look {look.id}"))
        if look.verb == Verb.ANSWER_MANY:
            assert isinstance(act, Reply), "one message to many is a reply"
            return {**await send_all(house, unit, numbers[look.case], act, first, by.name), "agreed": True}
        work = await at_case(house, unit, numbers[look.case], first, trace=trace, agreed_by=by.name)
        await do_act(work, act)
        await work.end()
        return {**work.answer(), "agreed": True}


def _check_second(work: CaseWork, look: SecondLook) -> None:
    if look.asked_by == work.by.name:
        raise Forbidden(
            "two_people_needed",
            "It takes two people; you asked for it yourself.",
            "须由两人办理；您是申请人，不能自行同意。",
        )
    if work.verdict(Verb.APPROVE) is not Verdict.ALLOW:
        raise refused(Verb.APPROVE, work.relation)
    if look.agreed is not None or look.ends_at <= work.now:
        raise Conflict(
            "look_over",
            "This was answered already, or nobody answered in time; ask again.",
            "该事项已处理或已过期，请重新申请。",
            look=look.id,
        )
