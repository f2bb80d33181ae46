"""One fault, many cases: linked to one, answered by one message, and both taken back where it was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countermand.cases.numbers import read_number, spoken
from countermand.cases.permissions import refused
from countermand.flows.answer_case import reply
from countermand.flows.ask_second import ask_second
from countermand.flows.case_desk import CaseDesk, CaseWork, at_cases, at_known
from countermand.flows.link_cases import same_case
from countermand.flows.show_case import unknown_case
from countermand.flows.whole_case import parts_of
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.cases import EventKind, Stage
from countermand.vocabulary.staff import Staff, Verb, Verdict
from countermand.work import Unit

# The link from a case to the one that stands for the fault, and back.
OF_FAULT, FAULT_HAS = "of_fault", "fault_has"
CASES_MAX = 500
# So long a message to many waits before it goes out, and can be taken back.
GRACE_MICROS = 5 * 60 * 10**6


async def gather(
    house: CaseDesk,
    number: str,
    others: Sequence[str],
    by: Staff,
    *,
    on: bool = True,
    trace: str | None = None,
) -> dict[str, Any]:
    """Link cases with the one that stands for the fault, or (not `on`) let them go again: all or none.

    Raises as `at_cases`; Conflict `too_many_cases`, BadRequest `same_case`, Forbidden.
    """
    async with house.works.open() as unit:
        works = await at_cases(house, unit, [number, *dict.fromkeys(others)], by, trace=trace)
        fault, cases = works[0], works[1:]
        _check_count(len(cases))
        if fault.case.id in {work.case.id for work in cases}:
            raise same_case()
        for work in works:
            work.require(Verb.LINK)
        kind = EventKind.LINKED if on else EventKind.UNLINKED
        changed = 0
        for work in cases:
            if ((fault.case.id, OF_FAULT) in work.case.links) != on:
                work.happen(kind, case=fault.case.id, kind=OF_FAULT)
                fault.happen(kind, case=work.case.id, kind=FAULT_HAS)
                changed += 1
        for work in works:
            await work.end()
        fault.shown["changed"] = changed
        return fault.answer()


async def answer_all(
    house: CaseDesk, number: str, act: Reply, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """One message to everybody whose case hangs on the fault: two people agree on it first, then `send`.

    Raises NotFound `unknown_case`, Conflict `no_cases`, Forbidden.
    """
    async with house.works.open() as unit:
        fault, _ = await _of_fault(house, unit, number, by, trace)
        if fault.verdict(Verb.ANSWER_MANY) is Verdict.DENY:
            raise refused(Verb.ANSWER_MANY, fault.relation)
        return await ask_second(fault, Verb.ANSWER_MANY, act)


async def send_all(
    house: CaseDesk, unit: Unit, number: str, act: Reply, by: Staff, agreed_by: str
) -> dict[str, Any]:
    """The message that two people agreed on, into every open case of the fault, in this transaction."""
    fault, cases = await _of_fault(house, unit, number, by, None, agreed_by)
    if fault.verdict(Verb.ANSWER_MANY) is Verdict.DENY:
        raise refused(Verb.ANSWER_MANY, fault.relation)
    answer, sent = fault.new_id("answer"), 0
    for work in (fault, *cases):
        work.answer_id, work.send_after = answer, GRACE_MICROS
        if work.case.stage is not Stage.CLOSED and work.case.merged_into is None:
            await reply(work, act)
            sent += 1
        await work.end()
    fault.shown = {"sent": sent, "answer": answer}
    return fault.answer()


async def take_back(
    house: CaseDesk, number: str, answer: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Take one message to many back, while it waits to be sent; nobody sees it any more, it stays on record.

    Raises NotFound `unknown_case`, Conflict `no_cases`, `answer_gone` (sent, or taken back), Forbidden.
    """
    async with house.works.open() as unit:
        fault, cases = await _of_fault(house, unit, number, by, trace)
        if fault.verdict(Verb.ANSWER_MANY) is Verdict.DENY:
            raise refused(Verb.ANSWER_MANY, fault.relation)
        back = 0
        for work in (fault, *cases):
            back += await _take_back_one(work, answer)
            for part in await parts_of(work):
                await _take_back_one(part, answer)
                await part.end()
            await work.end()
        if not back:
            raise Conflict(
                "answer_gone",
                "This message was sent already, taken back already, or never written.",
                "该答复已发出、已撤回或不存在。",
                answer=answer[:128],
            )
        fault.shown["taken_back"] = back
        return fault.answer()


async def _take_back_one(work: CaseWork, answer: str) -> int:
    events = await work.unit.cases.events(work.case.id)
    gone = {one.body["message"] for one in events if one.kind is EventKind.MESSAGE_TAKEN_BACK}
    count = 0
    for one in events:
        if (
            one.body.get("answer") != answer
            or one.body["message"] in gone
            or work.now >= one.at + GRACE_MICROS
        ):
            continue
        name, channel = one.body["message"], one.body["channel"]
        for effect in (f"replies.{channel}/send", "notices/case_answered"):
            await work.unit.effects.withdraw(f"{name}/{effect}", work.now)
        work.happen(EventKind.MESSAGE_TAKEN_BACK, message=name, answer=answer)
        count += 1
    return count


async def _of_fault(
    house: CaseDesk, unit: Unit, number: str, by: Staff, trace: str | None, agreed_by: str | None = None
) -> tuple[CaseWork, list[CaseWork]]:
    """The case that stands for the fault, and those that hang on it, locked together."""
    seen = await unit.cases.by_number(read_number(number) or "")
    if seen is None:
        raise unknown_case(number)
    names = [case for case, kind in seen.links if kind == FAULT_HAS]
    if not names:
        raise Conflict(
            "no_cases",
            f"No case hangs on {spoken(seen.number)}; link them first.",
            f"没有案件归集到 {spoken(seen.number)}；请先归集。",
            number=seen.number,
        )
    _check_count(len(names))
    fault, *cases = await at_known(house, unit, [seen.id, *names], by, trace=trace, agreed_by=agreed_by)
    for work in cases:
        if work.verdict(Verb.REPLY) is Verdict.DENY:
            raise Forbidden(
                "conflict_of_interest",
                f"Case {work.case.number} is none of those you may answer; let it go, or ask somebody else.",
                f"您无权答复案件 {work.case.number}（回避）；请将其移出或由他人答复。",
                number=work.case.number,
            )
    return fault, cases


def _check_count(count: int) -> None:
    if count > CASES_MAX:
        raise Conflict(
            "too_many_cases",
            f"At once go {CASES_MAX} cases; these are {count}.",
            f"一次最多处理 {CASES_MAX} 件，当前为 {count} 件。",
            count=count,
        )
