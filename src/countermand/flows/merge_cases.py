"""Many cases become part of one, and come back as they were; and one case becomes two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from countermand.cases.numbers import NUMBER_DIGITS, number_of, read_number, spoken
from countermand.flows.case_desk import CaseDesk, CaseWork, at_cases, at_known, case_changed, copy_name
from countermand.flows.case_events import Happenings
from countermand.flows.committed import Label, commitments
from countermand.flows.kept_words import open_kept, seals_of
from countermand.flows.link_cases import same_case
from countermand.flows.show_case import unknown_case
from countermand.kernel.errors import BadRequest, Conflict, Unavailable
from countermand.vocabulary.cases import CaseEvent, EventKind, Message
from countermand.vocabulary.facts import CASE_OPENED, Fact
from countermand.vocabulary.staff import Staff, Verb

MERGED_MAX = 200


async def merge(
    house: CaseDesk,
    number: str,
    others: Sequence[str],
    by: Staff,
    *,
    version: int | None = None,
    trace: str | None = None,
) -> dict[str, Any]:
    """Make others part of this case: their messages are shown here, their risk counts, their receipts open.

    Nothing of them moves, so `unmerge` gives back exactly what was. All or none.
    Raises as `at_cases`; BadRequest `same_case`; Conflict `merge_refused` (another account or person, or
    part of another case already), `case_changed`.
    """
    async with house.works.open() as unit:
        works = await at_cases(house, unit, [number, *dict.fromkeys(others)], by, trace=trace)
        into, parts = works[0], works[1:]
        if into.case.id in {work.case.id for work in parts}:
            raise same_case()
        if version is not None and into.case.version != version:
            raise case_changed(into.case, version)
        for work in works:
            work.require(Verb.LINK)
        for part in parts:
            _check_mergeable(into, part)
        for part in parts:
            part.happen(EventKind.MERGED, into=into.case.id)
            into.happen(EventKind.ABSORBED, case=part.case.id, risk=part.case.risk.value)
        for work in works:
            await work.end()
        into.shown["merged"] = [spoken(part.case.number) for part in parts]
        return into.answer()


async def unmerge(
    house: CaseDesk, number: str, by: Staff, *, only: Sequence[str] = (), trace: str | None = None
) -> dict[str, Any]:
    """Give back what became part of this case: all of it, or these; each is again as it was.

    Raises NotFound `unknown_case`, Conflict `case_not_merged`.
    """
    async with house.works.open() as unit:
        # Read without a lock first: all of them are locked together, in one order, below.
        seen = await unit.cases.by_number(read_number(number) or "")
        if seen is None:
            raise unknown_case(number)
        names = [case for case, _ in seen.absorbed]
        if only:
            wanted = await unit.desk.of_numbers([one.replace(" ", "") for one in only])
            names = [name for name in names if name in wanted.values()]
        if not names:
            raise Conflict(
                "case_not_merged",
                f"Nothing of that is part of case {seen.number}.",
                f"没有可从案件 {seen.number} 撤回的合并。",
                number=seen.number,
            )
        into, *parts = await at_known(house, unit, [seen.id, *names], by, trace=trace)
        for work in (into, *parts):
            work.require(Verb.LINK)
        for part in parts:
            part.happen(EventKind.UNMERGED, out_of=into.case.id)
            into.happen(EventKind.RELEASED, case=part.case.id)
        for work in (into, *parts):
            await work.end()
        into.shown["released"] = [spoken(part.case.number) for part in parts]
        return into.answer()


async def split(
    house: CaseDesk,
    number: str,
    messages: Sequence[str],
    by: Staff,
    *,
    version: int | None = None,
    trace: str | None = None,
) -> dict[str, Any]:
    """Make a case of its own of some messages; they stay where they are too; the clock runs from the first.

    Merge it back to undo. Raises BadRequest `split_refused`, and as `at_cases`; Unavailable.
    """
    async with house.works.open() as unit:
        (work,) = await at_cases(house, unit, [number], by, trace=trace)
        if version is not None and work.case.version != version:
            raise case_changed(work.case, version)
        work.require(Verb.LINK)
        there = {one.id: one for one in await unit.cases.messages(work.case.id)}
        chosen = [there[name] for name in messages if name in there]
        if len(chosen) < len(set(messages)) or not 0 < len(chosen) < len(there):
            raise BadRequest(
                "split_refused",
                "Name messages of this case, and leave it at least one.",
                "请指明该案件中的消息，且至少保留一条。",
                field="messages",
            )
        part = _part_of(work)
        names = _named_copies(part, chosen)
        part.happen(EventKind.LINKED, case=work.case.id, kind="parent")
        if not await part.end():
            raise Unavailable(
                "number_taken", "No free case number was drawn; try again.", "未取得可用编号，请重试。"
            )
        await unit.cases.add_messages(await _copies(part, chosen, names))
        work.happen(EventKind.SPLIT, case=part.case.id, messages=[one.id for one in chosen])
        work.happen(EventKind.LINKED, case=part.case.id, kind="parent")
        await work.end()
        key = await house.salts.key(unit, part.case)
        bound = commitments(key, Label.opened(part.case.id), {"number": part.case.number})
        body = {"case": part.case.id, "first_at": part.case.first_at, **bound}
        await unit.note([Fact(work.now, CASE_OPENED, body, None, trace)])
        work.shown["new"] = spoken(part.case.number)
        return work.answer()


def _check_mergeable(into: CaseWork, part: CaseWork) -> None:
    """Only what is about the same account or person, or about nobody known; and from both as they stand."""
    whole, other = into.case, part.case
    apart = any(
        mine is not None and theirs is not None and mine != theirs
        for mine, theirs in ((whole.account, other.account), (whole.person, other.person))
    )
    if apart or whole.merged_into is not None or other.merged_into is not None or other.absorbed:
        raise Conflict(
            "merge_refused",
            f"Case {other.number} is about somebody else, or part of another case: link it instead.",
            f"案件 {other.number} 涉及他人或已并入其他案件，请改为关联。",
            number=other.number,
        )


def _part_of(work: CaseWork) -> CaseWork:
    """A case like the one it comes from, with a number and name of its own; not written yet."""
    whole = work.case
    body = {
        "number": number_of(work.house.draw_digits(NUMBER_DIGITS - 1)),
        "risk": whole.risk.value,
        "category": whole.category.value,
        "flags": sorted(whole.flags),
        "channel": whole.channel,
        "standing": whole.standing,
        "account": whole.account,
        "person": whole.person,
        "language": whole.language,
        "first_at": whole.first_at,
        "split_from": whole.id,
    }
    event = CaseEvent(
        case=work.new_id("case"),
        seq=1,
        kind=EventKind.OPENED,
        at=work.now,
        actor=work.by.name,
        body={name: value for name, value in body.items() if value is not None},
        trace=work.trace,
    )
    return replace(work, happened=Happenings.of_new(event), shown={})


def _named_copies(part: CaseWork, chosen: Sequence[Message]) -> list[str]:
    """Names for the messages under the new case, and its events that say so."""
    names = [copy_name(one.id, part.case) for one in chosen]
    for name, one in zip(names, chosen, strict=True):
        part.happen(EventKind.MESSAGE_ADDED, message=name, direction=one.direction.value, channel=one.channel)
    return names


async def _copies(part: CaseWork, chosen: Sequence[Message], names: Sequence[str]) -> list[Message]:
    """The messages again under the new case, sealed anew: a seal opens under its own name only."""
    house, unit = part.house, part.unit
    seals = await seals_of(house, unit, part.case)
    copies = []
    for name, one in zip(names, chosen, strict=True):
        plain = await open_kept(house, unit, one.sealed, f"message {one.id}")
        copies.append(
            msgspec.structs.replace(
                one, id=name, case=part.case.id, sealed=seals.seal(plain, f"message {name}")
            )
        )
    return copies
