"""A stage for the desk: people with keys, and a case with a report in one line."""

from __future__ import annotations

from typing import Any

from countermand.flows.act_on_case import act_on_case
from countermand.flows.house import House
from countermand.flows.manage_keys import create_key
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.acts import AnyAct
from countermand.vocabulary.cases import Case
from countermand.vocabulary.staff import Member, Role, Staff
from flows.report_stage import said

NOT_ME = "刚才有一笔转账不是我操作的，我的手机号是13812345678，请马上处理"
QUESTION = "请问怎么修改登录密码？"


async def somebody(house: House, name: str, *roles: Role, **more: Any) -> Staff:
    """A person at the desk with a key of their own."""
    await create_key(house, f"{name}-key", ["desk"], "cli", staff=name, roles=roles or (Role.AGENT,))
    if more:
        member = Member(name=name, roles=frozenset(roles), **more)
        async with house.works.open() as unit:
            await unit.desk.put_member(member, house.clock.now(), "cli")
    return Staff(name=name, roles=frozenset(roles or (Role.AGENT,)))


async def opened(house: House, text: str = NOT_ME, **more: Any) -> str:
    """The number of a case of its own, for an account of its own unless told otherwise."""
    received = await receive_report(house.reception, said(text, **more), "app")
    return str(received.answer["case"])


async def case_at(house: House, number: str) -> Case:
    """Where it stands."""
    return (await dossier_of(house.reception, number)).case


async def acted(house: House, number: str, by: Staff, *acts: AnyAct) -> dict[str, Any]:
    """These acts one after the other; the last answer."""
    answer: dict[str, Any] = {}
    for act in acts:
        answer = await act_on_case(house.case_desk, number, act, by)
    return answer
