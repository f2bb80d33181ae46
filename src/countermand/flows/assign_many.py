"""Many cases given away at once: first shown who would get which and why not, then done one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from countermand.cases.assignment import choose, relation_of, why_not
from countermand.cases.numbers import spoken
from countermand.cases.permissions import decide
from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import CaseDesk, CaseWork, at_cases
from countermand.kernel.errors import Conflict, CountermandError
from countermand.kernel.text import Text
from countermand.vocabulary.acts import Assign
from countermand.vocabulary.cases import Stage
from countermand.vocabulary.staff import Member, Purpose, Staff, Verb, Verdict

CASES_MAX = 50
WHY_WORDS = {
    "own_case": Text(en="it concerns them or their kin", zh="涉及本人或亲属（回避）"),
    "decided_it": Text(en="they decided it, and it is appealed", zh="曾作出原决定，须回避"),
    "role": Text(en="their role handles no cases", zh="其角色不承办案件"),
    "nobody_fits": Text(en="nobody can take it now", zh="目前无人可接"),
    "not_yours": Text(en="you may not assign it", zh="您无权分派"),
    "over": Text(en="it is closed, or part of another case", zh="已办结或已并入他案"),
    "theirs": Text(en="it is theirs already", zh="已由其承办"),
}
_OVERLOOKED = frozenset({"skill", "language", "away", "full"})


class Given(NamedTuple):
    """A case, the version it was seen at, its owner now, and who would get it (None: nobody, and `why`)."""

    case: str
    version: int
    owner: str | None
    to: str | None
    why: str | None

    def shown(self) -> dict[str, Any]:
        """For a door; `why` in both languages."""
        words = None if self.why is None else WHY_WORDS[self.why]
        why = None if words is None else {"en": words.en, "zh": words.zh}
        return {**self._asdict(), "why": why}


async def preview_assign(
    house: CaseDesk, numbers: Sequence[str], to: str | None, by: Staff
) -> list[dict[str, Any]]:
    """Who would get each of these; `to` None: whoever fits best, with what was given before counted.

    Nothing is written. Raises NotFound `unknown_case`, Conflict `too_many_cases`, Unavailable.
    """
    wanted = _counted(numbers)
    async with house.works.open() as unit:
        works = await at_cases(house, unit, wanted, by)
        members = await unit.desk.members()
        loads = dict(await unit.desk.loads())
    known = {one.name: one for one in members}
    given = []
    for work in works:
        one = _given(work, members, loads, known.get(to) if to else None, to)
        if one.to is not None:
            loads[one.to] = loads.get(one.to, 0) + 1
        given.append(one.shown())
    return given


async def assign_many(
    house: CaseDesk, seen: Sequence[tuple[str, int, str]], by: Staff, trace: str | None = None
) -> list[dict[str, Any]]:
    """Give each case (number, the version it was seen at) to whom the preview said; what each came to.

    One transaction a case: what was changed meanwhile stays as it is, with its reason; the rest is done.
    Raises Conflict `too_many_cases`, Unavailable.
    """
    _counted([number for number, _, _ in seen])
    done: list[dict[str, Any]] = []
    for number, version, to in seen:
        try:
            await act_on_case(house, number, Assign(to=to), by, version=version, trace=trace)
        except CountermandError as refusal:
            if refusal.http_status == 503:
                raise
            why = {"en": refusal.text.en, "zh": refusal.text.zh}
            done.append({"case": number, "to": to, "refused": why})
        else:
            done.append({"case": number, "to": to, "refused": None})
    return done


def _counted(numbers: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(numbers))
    if len(wanted) > CASES_MAX:
        raise Conflict(
            "too_many_cases",
            f"At once go {CASES_MAX} cases; these are {len(wanted)}.",
            f"一次最多处理 {CASES_MAX} 件，当前为 {len(wanted)} 件。",
            count=len(wanted),
        )
    return wanted


def _given(
    work: CaseWork, members: Sequence[Member], loads: dict[str, int], named: Member | None, to: str | None
) -> Given:
    case, by = work.case, work.by
    relation = relation_of(case, by.name, work.member.own, work.member.team)
    may = decide(by.roles, Verb.ASSIGN, relation, Purpose.HANDLE) is Verdict.ALLOW

    def answered(owner: str | None, why: str | None) -> Given:
        return Given(spoken(case.number), case.version, case.owner, owner, why)

    if case.stage is Stage.CLOSED or case.merged_into is not None:
        return answered(None, "over")
    if not may:
        return answered(None, "not_yours")
    if to is None:
        choice = choose(case, members, loads, work.now)
        return answered(choice.name, None if choice.name else "nobody_fits")
    why = "role" if named is None else why_not(case, named, 0, work.now)
    if why is not None and why not in _OVERLOOKED:
        return answered(None, why)
    return answered(None, "theirs") if case.owner == to else answered(to, None)
