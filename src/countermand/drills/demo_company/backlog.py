"""A believable desk: reports come in by the real flow, and staff have come some way with each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import msgspec

from countermand.drills.demo_company.backlog_words import ASKS, Ask, Progress
from countermand.drills.demo_company.cast import CAST
from countermand.drills.demo_company.patience import again
from countermand.drills.demo_company.stream import AskDecision
from countermand.drills.demo_world import World
from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import CaseDesk
from countermand.flows.keep_profiles import ProfileHouse, put_profile
from countermand.flows.receive_report import receive_report
from countermand.flows.reception import Reception
from countermand.kernel.clock import MICROS_PER_HOUR, Clock, moment_of
from countermand.vocabulary.acts import (
    AnyAct,
    Close,
    Decide,
    Macro,
    Move,
    Note,
    Reply,
    SetSide,
    Snooze,
    Tag,
    Take,
)
from countermand.vocabulary.cases import Ball, CaseOutcome, RootCause, Side, Stage
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import AccountProfile
from countermand.vocabulary.reports import Report, Sender
from countermand.vocabulary.staff import Role

_AT_ONCE = 4


class DeskHouse(Protocol):
    """What the backlog needs of the house."""

    @property
    def reception(self) -> Reception: ...

    @property
    def case_desk(self) -> CaseDesk: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A case of the backlog: its number, and how far it has come."""

    number: str
    progress: Progress


async def fill_desk(
    house: DeskHouse, accounts: Sequence[str], mark: str, asks: Sequence[Ask] = ASKS
) -> list[Kept]:
    """One case for each report, each about another account. Raises as the flows of the desk."""
    assert len(accounts) >= len(asks), "every report is about somebody else"
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, ask: Ask) -> Kept:
        async with places:
            return await _come_so_far(house, ask, accounts[number], f"{mark}-{number}")

    return list(await asyncio.gather(*(one(number, ask) for number, ask in enumerate(asks))))


async def leave_to_approve(house: ProfileHouse, decide: AskDecision, world: World) -> None:
    """Two large withdrawals abroad, entered by staff; each waits for two other people."""
    for number, yuan in enumerate((32_000, 45_500)):
        account, place = world.named(f"acct-abroad-{number}"), world.place(f"abroad-{number}", "192.0.2.47")
        profile = world.profile("192.0.2.47", place["device"])
        await put_profile(house, account, msgspec.convert(profile, AccountProfile), "demo")
        more: dict[str, Any] = {
            "yuan": yuan,
            "attributes": {"corridor": "CN>SG", "maker": CAST[Role.AGENT].name},
        }
        step = world.step("withdrawal", account, house.clock.now(), **more, **place)
        await decide(msgspec.convert(step.operation, Operation), None)


async def _come_so_far(house: DeskHouse, ask: Ask, account: str, key: str) -> Kept:
    report = Report(
        channel=ask.channel,
        key=f"demo-{key}",
        received_at=house.clock.now() - int(ask.hours_ago * MICROS_PER_HOUR),
        raw=ask.text.encode(),
        text=ask.text,
        sender=Sender(standing=ask.standing),
        account=account,
    )
    received = await again(lambda: receive_report(house.reception, report, "demo"))
    number = str(received.answer["case"])
    for person, act in _acts(ask, house.clock.now()):
        await again(partial(act_on_case, house.case_desk, number, act, CAST[person].staff))
    return Kept(number, ask.progress)


def _acts(ask: Ask, now: int) -> list[tuple[Role, AnyAct]]:
    """Who did what in a case that has come so far."""
    english = ask.text.isascii()
    agent, investigator = Role.AGENT, Role.INVESTIGATOR
    soon = {"by": "tomorrow at noon" if english else "明天中午12点"}
    greeted: list[tuple[Role, AnyAct]] = [(agent, Macro(macro="take-and-greet", values=soon))]
    examined: list[tuple[Role, AnyAct]] = [
        *greeted,
        (agent, Note(text=_noted(english=english))),
        (agent, Move(stage=Stage.INVESTIGATE)),
        (investigator, Take()),
    ]
    taken: list[tuple[Role, AnyAct]] = [
        (investigator, Take()),
        (investigator, Move(stage=Stage.INVESTIGATE)),
        (investigator, Move(stage=Stage.DECIDE)),
    ]
    decided = [*taken, (investigator, _found(CaseOutcome.UNAUTHORISED_CONFIRMED, english=english))]
    remedied = [*decided, (investigator, Move(stage=Stage.REMEDY))]
    tomorrow = moment_of(now) + timedelta(hours=20)
    return {
        Progress.NEW: [],
        Progress.GREETED: greeted,
        Progress.EXAMINED: examined,
        Progress.WITH_CUSTOMER: [*greeted, (agent, _asking(english=english))],
        Progress.ASLEEP: [*greeted, (agent, Snooze(until=tomorrow))],
        Progress.AT_REGULATOR: [*examined, (investigator, SetSide(side=Side.ESCALATED_REGULATOR))],
        Progress.SECOND_LOOK: [*taken, (investigator, _found(CaseOutcome.AUTHORISED, english=english))],
        Progress.DECIDED: [*remedied, (investigator, Tag(tag="to-be-paid"))],
        Progress.CLOSED: [*remedied, (investigator, Close(root_cause=RootCause.CUSTOMER_DEVICE))],
    }[ask.progress]


def _noted(*, english: bool) -> str:
    if english:
        return "New device and new place a few minutes before; asked the examiners for the session's log."
    return "操作前几分钟出现新设备、新地点；已向技术人员调取该会话日志。"


def _asking(*, english: bool) -> Reply:
    thing = "a picture of the message that you got" if english else "您收到的短信截图"
    return Reply(phrases=("need-material", "never-ask"), values={"material": thing}, ball=Ball.CUSTOMER)


def _found(outcome: CaseOutcome, *, english: bool) -> Decide:
    if outcome is CaseOutcome.AUTHORISED:
        why = (
            "Own device, own place, face check passed." if english else "本人设备、常用地点，且通过人脸核验。"
        )
    else:
        why = (
            "New device in another city; the customer was elsewhere."
            if english
            else "异地新设备操作，客户当时在另一城市。"
        )
    return Decide(outcome=outcome, why=why)
