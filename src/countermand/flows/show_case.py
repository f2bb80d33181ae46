"""A case as its people see it: the customer what happens, who moves next and by when; the desk all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from countermand.cases.desk_ports import CaseTask, Disclosure, Grant, SecondLook
from countermand.cases.numbers import read_number, spoken
from countermand.cases.ports import KeptFile, Promise
from countermand.cases.recalls import recall_said
from countermand.flows.address_book import Sealer
from countermand.flows.reading_shelf import DERIVED_TYPES
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import NotFound
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time, time_left
from countermand.vocabulary.cases import (
    Ball,
    Case,
    CaseEvent,
    Contained,
    Direction,
    EventKind,
    Message,
    Stage,
)
from countermand.work import Works

STAGE_WORDS = {
    Stage.INTAKE: Text(en="We have your report and are reading it.", zh="已收到您的诉求，正在受理。"),
    Stage.CONTAIN: Text(en="We stopped it first; now we look into it.", zh="已先停住，正在核实。"),
    Stage.INVESTIGATE: Text(en="We are looking into it.", zh="正在调查。"),
    Stage.DECIDE: Text(en="The result is being written.", zh="正在出具处理结果。"),
    Stage.REMEDY: Text(en="We are putting it right.", zh="正在落实处理结果。"),
    Stage.CLOSED: Text(
        en="This case is closed. Write here to open it again.", zh="已办结。如有异议，可在此回复重新打开。"
    ),
}
BALL_WORDS = {
    Ball.DESK: Text(en="our desk", zh="我方客服"),
    Ball.FORENSICS: Text(en="our technical examiners", zh="我方技术人员"),
    Ball.CUSTOMER: Text(en="you", zh="您"),
    Ball.PEER_BANK: Text(en="the other bank", zh="对方银行"),
    Ball.MERCHANT: Text(en="the merchant", zh="商户"),
    Ball.POLICE: Text(en="the police", zh="公安机关"),
    Ball.INSURER: Text(en="the insurer", zh="保险公司"),
    Ball.REGULATOR: Text(en="the regulator", zh="监管部门"),
    Ball.SYSTEM: Text(en="our system", zh="系统"),
}
CONTAINED_WORDS = {
    Contained.NONE: Text(en="Nothing is stopped.", zh="未停用任何功能。"),
    Contained.SOFT_HOLD: Text(
        en="Money going out is stopped for a day, until you have proven who you are.",
        zh="转出已停用一天，待核实您的身份。",
    ),
    Contained.FROZEN: Text(en="Everything but paying back is stopped.", zh="除还款外均已停用。"),
    Contained.PARTIAL: Text(en="Money going out is stopped.", zh="转出、提现、借款已停用。"),
    Contained.LIFTED: Text(en="What was stopped is open again.", zh="已恢复使用。"),
    Contained.ENDED: Text(
        en="The stop has reached its end; money can go out again.", zh="临时停用已到期，可正常使用。"
    ),
}
NAME_PROTECTED = Text(
    en="Nobody can take a loan in your name, and collection on what you dispute is paused.",
    zh="任何人都不能以您的名义借款；有争议的债务暂停催收。",
)
PROMISE_WORDS = {
    "human_contact": Text(en="A person speaks to you", zh="工作人员联系您"),
    "contact": Text(en="We speak to you again", zh="我们再次联系您"),
    "call": Text(en="We call you", zh="给您回电"),
    "answer": Text(en="You get an answer", zh="答复您"),
    "result": Text(en="You get the result", zh="告知您处理结果"),
    "money": Text(en="You get your money", zh="款项到账"),
}
# The clocks that a customer sees: what the law and the house demand of us, not of others.
_SHOWN_CLOCKS = frozenset({"legal", "stage"})
_LIVE_STATES = frozenset({"running", "paused", "breached"})
_SPEAKERS = {Direction.IN: "you", Direction.OUT: "us"}
# What a customer sees of the events; the rest is work among staff.
SHOWN_EVENTS = {
    EventKind.OPENED: Text(en="Case opened", zh="已立案"),
    EventKind.CONTAINED: Text(en="What was said not to be wanted was stopped", zh="已采取止付等保护措施"),
    EventKind.GIVEN_BACK: Text(en="What was stopped is open again", zh="已停用的功能恢复使用"),
    EventKind.RECALL_ASKED: Text(
        en="We have asked the payee's bank to give the money back, and wait for its answer",
        zh="我们已向收款机构发出追回请求，等待回复",
    ),
    EventKind.RECALL_ANSWERED: Text(en="The payee's bank has answered", zh="收款机构已答复"),
    EventKind.STAGE_MOVED: Text(en="The next step began", zh="进入下一环节"),
    EventKind.OUTCOME_SET: Text(en="A result was found", zh="已得出处理结果"),
    EventKind.CLOSED: Text(en="Case closed", zh="已办结"),
    EventKind.REOPENED: Text(en="Case opened again", zh="已重新打开"),
    EventKind.APPEALED: Text(en="Appeal received; somebody else decides it", zh="已收到申诉，由他人复核"),
    EventKind.WITHDRAWN: Text(en="You withdrew it", zh="您已撤回"),
    EventKind.FACTS_TOLD: Text(en="What happened was taken down in detail", zh="已记录事情经过的细节"),
    EventKind.COLLECTION_PAUSED: Text(en="Collection was paused or taken up again", zh="催收状态有变"),
}


def event_said(event: CaseEvent) -> Text:
    """What a customer reads of an event; of an answer about their money, how much comes back."""
    if event.kind is EventKind.RECALL_ANSWERED:
        return recall_said(event.body)
    return SHOWN_EVENTS[event.kind]


class CaseHouse(Protocol):
    """What showing a case needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def vault(self) -> Sealer: ...


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything kept of one case and of those it absorbed; `whole` is the one it is part of itself."""

    case: Case
    events: tuple[CaseEvent, ...]
    messages: tuple[Message, ...]
    files: tuple[KeptFile, ...]
    promises: tuple[Promise, ...]
    disclosures: tuple[Disclosure, ...] = ()
    tasks: tuple[CaseTask, ...] = ()
    looks: tuple[SecondLook, ...] = ()
    grants: tuple[Grant, ...] = ()
    whole: Case | None = None


async def dossier_of(house: CaseHouse, number: str) -> Dossier:
    """The whole of a case. Raises NotFound (`unknown_case`), Unavailable."""
    plain = read_number(number)
    async with house.works.open() as unit:
        case = None if plain is None else await unit.cases.by_number(plain)
        if case is None:
            raise unknown_case(number)
        parts = (case.id, *(one for one, _ in case.absorbed))
        messages = _once([one for part in parts for one in await unit.cases.messages(part)])
        whole = None
        if case.merged_into is not None:
            whole = await unit.cases.by_number(
                (await unit.desk.numbers_of([case.merged_into]))[case.merged_into]
            )
        return Dossier(
            case=case,
            events=tuple(await unit.cases.events(case.id)),
            messages=tuple(sorted(messages, key=lambda one: one.at)),
            files=tuple(
                [
                    one
                    for part in parts
                    for one in await unit.cases.files(part)
                    if one.media_type not in DERIVED_TYPES
                ]
            ),
            promises=tuple([one for part in parts for one in await unit.cases.promises(part)]),
            disclosures=tuple(await unit.desk.disclosures(parts)),
            tasks=tuple(await unit.desk.tasks(case.id)),
            looks=tuple(await unit.desk.looks(case.id)),
            grants=tuple(await unit.desk.grants(case.id)),
            whole=whole,
        )


def _once(messages: Sequence[Message]) -> list[Message]:
    """What was said to the whole stands in its parts as well; beside each other it is shown once."""
    names = {one.id for one in messages}
    return [
        one
        for one in messages
        if one.direction is not Direction.OUT or one.id.rpartition("/")[0] not in names
    ]


def for_customer(
    dossier: Dossier, now: int, timezone: str, clocks: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """What the person it is about sees: no notes, no risk marks; of staff those who looked at their data.

    `clocks` are those of the whole, as `show_clocks` gives them, the next one first.
    Of a case that became part of another one: its own messages, and where the whole stands.
    """
    case = dossier.case
    whole = dossier.whole or case
    taken_back = {
        event.body["message"] for event in dossier.events if event.kind is EventKind.MESSAGE_TAKEN_BACK
    }
    return {
        "case": spoken(case.number),
        "stage": whole.stage.value,
        "stage_text": _text(STAGE_WORDS[whole.stage]),
        "next_mover": _text(BALL_WORDS[whole.ball]),
        "contained": case.contained.value,
        "contained_text": _text(contained_words(case)),
        "opened_at": rfc3339(case.opened_at),
        "outcome": None if whole.outcome is None else whole.outcome.value,
        "disclosures": [looked(one) for one in dossier.disclosures if one.case == case.id],
        "deadlines": [
            _deadline(one) for one in clocks if one["kind"] in _SHOWN_CLOCKS and one["state"] in _LIVE_STATES
        ],
        "promises": [
            _promise(one, now, timezone)
            for one in dossier.promises
            if one.kept_at is None and not _settled(one, whole)
        ],
        "timeline": [
            {"at": rfc3339(event.at), "text": _text(event_said(event))}
            for event in dossier.events
            if event.kind in SHOWN_EVENTS
        ],
        "messages": [
            {
                "at": rfc3339(one.at),
                "from": _SPEAKERS[one.direction],
                "text": one.masked,
            }
            for one in dossier.messages
            if one.direction is not Direction.NOTE and one.id not in taken_back and one.case == case.id
        ],
    }


def _settled(one: Promise, case: Case) -> bool:
    """Whether contact was promised before an answer settled it: then nobody waits for it."""
    contact = one.code == "human_contact"
    return contact and case.settled_at is not None and one.made_at <= case.settled_at


def _deadline(clock: dict[str, Any]) -> dict[str, Any]:
    """By when the law, or the house itself, wants what done."""
    return {"due_at": clock["due_at"], "text": clock["name"], "remaining": clock["remaining"]}


def looked(one: Disclosure) -> dict[str, Any]:
    """Who looked at one's data, for what, and who agreed."""
    return {
        "at": rfc3339(one.at),
        "by": one.viewer,
        "field": one.field,
        "purpose": one.purpose,
        "reason": one.reason,
        "agreed_by": one.approved_by,
    }


def contained_words(case: Case) -> Text:
    """What is stopped, in a sentence; of who has no account, only loans in their name can be."""
    if case.account is None and case.contained in (Contained.PARTIAL, Contained.SOFT_HOLD):
        return NAME_PROTECTED
    return CONTAINED_WORDS[case.contained]


def _promise(one: Promise, now: int, timezone: str) -> dict[str, Any]:
    words = PROMISE_WORDS[one.code]
    by, left = local_time(one.due_at, timezone), time_left(one.due_at - now)
    return {
        "due_at": rfc3339(one.due_at),
        "what": _text(words),
        "text": {
            "en": f"{words.en} by {by.en} ({left.en} left)",
            "zh": f"{words.zh}：剩余{left.zh}（至{by.zh}）",
        },
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def unknown_case(number: str) -> NotFound:
    """404 for a number that no case has."""
    return NotFound(
        "unknown_case",
        f"No case {number[:40]!r} is known here; the number has 12 digits.",
        f"没有编号为 {number[:40]!r} 的案件；编号为12位数字。",
    )
