"""One case under one pair of hands: locked, checked against role and version, written at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.cases.assignment import relation_of
from countermand.cases.desk_ports import Grant
from countermand.cases.numbers import read_number, spoken
from countermand.cases.permissions import decide, refused
from countermand.cases.phrases import Phrase
from countermand.cases.playbooks import MacroText, Playbook
from countermand.flows.address_book import Sealer
from countermand.flows.case_events import CaseClocks, Happenings, follow_clocks
from countermand.flows.committed import Salts
from countermand.flows.data_keys import DataKeys
from countermand.flows.hidden_values import hidden_values
from countermand.flows.kept_words import seals_of
from countermand.flows.show_case import unknown_case
from countermand.intake.redaction import mask
from countermand.kernel.clock import Clock
from countermand.kernel.errors import Conflict
from countermand.kernel.ids import Ids
from countermand.vocabulary.cases import Case, Direction, EventKind, Message
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.staff import (
    GRANTABLE,
    FieldClass,
    Member,
    Purpose,
    Relation,
    Role,
    Staff,
    Verb,
    Verdict,
)
from countermand.work import Unit, Works

_DECIDED_FOR_ALL = frozenset({EventKind.OUTCOME_SET, EventKind.CLOSED, EventKind.WITHDRAWN})
# Whoever holds the receipt of a case; the public door has checked it.
HOLDER = Staff(name="customer", roles=frozenset({Role.CONSUMER}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """Where staff work on cases. `timezone` is the institution's; what it says and follows is data."""

    works: Works
    clock: Clock
    ids: Ids
    effect_ports: Collection[str]
    vault: Sealer
    keys: DataKeys
    clocks: CaseClocks
    salts: Salts
    draw_digits: Callable[[int], str]
    timezone: str
    phrases: Mapping[str, Phrase]
    playbooks: Mapping[str, Playbook]
    macros: Mapping[str, MacroText]


@dataclass(slots=True, kw_only=True)
class CaseWork:
    """A locked case, who works on it, and what happens to it; nothing is written before `end`."""

    house: CaseDesk
    unit: Unit
    now: int
    happened: Happenings
    by: Staff
    member: Member
    trace: str | None
    agreed_by: str | None = None
    glass: str | None = None
    grant: Grant | None = None
    answer_id: str | None = None
    send_after: int = 0
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        """The case as it stands after what happened here."""
        return self.happened.case

    @property
    def relation(self) -> Relation:
        """What whoever works on it is to the case."""
        if self.by == HOLDER:
            return Relation.SUBJECT
        found = relation_of(self.case, self.by.name, self.member.own, self.member.team)
        granted = self.grant is not None and found in (Relation.NONE, Relation.TEAM)
        return Relation.GRANTED if granted else found

    def verdict(
        self, verb: Verb, purpose: Purpose = Purpose.HANDLE, about: FieldClass = FieldClass.PUBLIC
    ) -> Verdict:
        """What they may do here."""
        broken = self.glass is not None
        return decide(self.by.roles, verb, self.relation, purpose, about, glass=broken)

    def require(self, verb: Verb) -> None:
        """Raises Forbidden (`role_lacks_verb`, `conflict_of_interest`, `two_people_needed`)."""
        found = self.verdict(verb)
        if found is Verdict.DENY or (found is Verdict.TWO_PEOPLE and self.agreed_by is None):
            raise refused(verb, self.relation)

    def require_of_staff(self, verb: Verb) -> None:
        """Like `require`, and never by a grant. Raises Forbidden."""
        self.require(verb)
        if self.relation is Relation.GRANTED:
            raise refused(verb, self.relation)

    def new_id(self, prefix: str) -> str:
        """A name for something new of now."""
        return self.house.ids.new(prefix, self.now)

    def happen(self, kind: EventKind, /, **body: Any) -> None:
        """One event more. Raises Conflict as `cases.case.apply`."""
        known = {name: value for name, value in body.items() if value is not None}
        self.happened.happen(kind, known, self.by.name)

    async def write(
        self,
        direction: Direction,
        text: str,
        channel: str,
        approved: str | None = None,
        code: str | None = None,
        *,
        whole: str | None = None,
    ) -> Message:
        """A message of ours, or a note: sealed as it is, shown masked; its event goes with it.

        `whole` is the message to the case that this one became part of, which it repeats.
        """
        name = self.new_id("msg") if whole is None else copy_name(whole, self.case)
        masked = mask(text)
        seals = await seals_of(self.house, self.unit, self.case)
        message = Message(
            id=name,
            case=self.case.id,
            direction=direction,
            channel=channel,
            author=self.by.name,
            at=self.now,
            language=self.case.language,
            masked=masked.text,
            sealed=seals.seal(text.encode(), f"message {name}"),
            approved=approved,
            secret_said=masked.secret_said,
        )
        await self.unit.cases.add_messages([message])
        await self.unit.cases.add_values(self.case.id, name, hidden_values(self.house.vault, text))
        body = {"message": name, "direction": direction.value, "channel": channel, "about": code}
        body |= {} if whole is None else {"whole": whole}
        body |= {} if self.answer_id is None else {"answer": self.answer_id}
        self.happen(EventKind.MESSAGE_ADDED, **body)
        return message

    async def tell(self, port: str, action: str, about: str, body: dict[str, Any]) -> None:
        """Something for the outbox, where somebody stands behind the port."""
        if port not in self.house.effect_ports:
            return
        effect = Effect(
            id=f"{about}/{port}/{action}",
            port=port,
            action=action,
            lane=self.case.account or self.case.person or self.case.id,
            body=body,
            placed_at=self.now,
            due_at=self.now + self.send_after,
            trace=self.trace,
        )
        await self.unit.effects.put([effect])

    async def end(self) -> bool:
        """Write the events, their facts, and move the clocks; False where a new case's number is taken.

        Raises Conflict (`case_changed`).
        """
        written = await self.happened.write(self.unit, self.house)
        await self._end_absorbed()
        self.happened.events.clear()
        return written

    async def _end_absorbed(self) -> None:
        """What is decided here is decided for the cases that became part of this one: their clocks follow."""
        shared = [one for one in self.happened.events if one.kind in _DECIDED_FOR_ALL]
        if not shared or not self.case.absorbed:
            return
        numbers = await self.unit.desk.numbers_of([one for one, _ in self.case.absorbed])
        for number in numbers.values():
            part = await self.unit.cases.by_number(number)
            assert part is not None, "what was absorbed is there"
            await follow_clocks(self.unit, self.house.clocks, part, shared)

    def answer(self) -> dict[str, Any]:
        """What whoever acted is told: number, the version to go on from, and what came of it."""
        return {"case": spoken(self.case.number), "version": self.case.version, **self.shown}


async def at_case(
    house: CaseDesk,
    unit: Unit,
    number: str,
    by: Staff,
    *,
    version: int | None = None,
    trace: str | None = None,
    agreed_by: str | None = None,
) -> CaseWork:
    """The case of a number, locked for whoever works on it.

    `version` is the one they had before them. Raises NotFound (`unknown_case`), Conflict (`case_changed`).
    """
    (work,) = await at_cases(house, unit, [number], by, trace=trace, agreed_by=agreed_by)
    if version is not None and work.case.version != version:
        raise case_changed(work.case, version)
    return work


async def at_cases(
    house: CaseDesk,
    unit: Unit,
    numbers: Sequence[str],
    by: Staff,
    *,
    trace: str | None = None,
    agreed_by: str | None = None,
) -> list[CaseWork]:
    """The cases of these numbers in their order, locked together. Raises NotFound (`unknown_case`)."""
    plain = [read_number(number) for number in numbers]
    ids = await unit.desk.of_numbers([one for one in plain if one is not None])
    names = []
    for number, one in zip(numbers, plain, strict=True):
        if one is None or one not in ids:
            raise unknown_case(number)
        names.append(ids[one])
    return await at_known(house, unit, names, by, trace=trace, agreed_by=agreed_by)


async def at_known(
    house: CaseDesk,
    unit: Unit,
    names: Sequence[str],
    by: Staff,
    *,
    trace: str | None = None,
    agreed_by: str | None = None,
) -> list[CaseWork]:
    """The same by the names inside, which are known to be there."""
    locked = {case.id: case for case in await unit.cases.lock(names)}
    member = await unit.desk.member(by.name)
    now = house.clock.now()
    works = []
    for name in names:
        glass = await unit.desk.broken(name, by.name, now) if len(names) == 1 else None
        outside = by.roles & GRANTABLE
        grant = await unit.desk.granted(name, by.name, now) if outside else None
        at = max(now, locked[name].updated_at)
        works.append(
            CaseWork(
                house=house,
                unit=unit,
                now=at,
                happened=Happenings(locked[name], at, trace),
                by=by,
                member=member,
                trace=trace,
                agreed_by=agreed_by,
                glass=None if glass is None else glass.id,
                grant=grant,
            )
        )
    return works


def copy_name(message: str, case: Case) -> str:
    """The name of a message that stands in another case too."""
    return f"{message}/{case.number}"


def case_changed(case: Case, version: int) -> Conflict:
    """409 for whoever acts on what they saw, when it is no longer so."""
    return Conflict(
        "case_changed",
        f"Case {case.number} is at version {case.version}, not {version}: it was changed. Read it again.",
        f"案件 {case.number} 当前版本为 {case.version}，而非 {version}：已被他人更新，请重新读取。",
        number=case.number,
        version=case.version,
    )
