"""Who gets a case: who can do it, is there, has room, and has nothing to do with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from countermand.vocabulary.cases import Case
from countermand.vocabulary.staff import Member, Relation, Role
from countermand.vocabulary.triage import Risk

_HANDLES = frozenset({Role.AGENT, Role.INVESTIGATOR, Role.APPROVER})
_HANDLES_GRAVE = frozenset({Role.INVESTIGATOR, Role.APPROVER})


class Passed(NamedTuple):
    """Somebody who does not get it, and why in one word."""

    name: str
    why: str


class Choice(NamedTuple):
    """Who gets it (None: nobody can), and why the others do not."""

    name: str | None
    passed: tuple[Passed, ...]


def choose(case: Case, members: Sequence[Member], loads: Mapping[str, int], now: int) -> Choice:
    """The least laden of those who fit, by share of what they can take; a tie goes to the first name.

    `loads` are open cases by name. A grave case goes to an investigator while one has room. An appealed case
    goes to nobody who decided it.
    """
    passed: list[Passed] = []
    fitting: list[tuple[bool, float, str]] = []
    for one in members:
        why = why_not(case, one, loads.get(one.name, 0), now)
        if why is not None:
            passed.append(Passed(one.name, why))
            continue
        unfit_for_grave = case.risk <= Risk.P0 and not one.roles & _HANDLES_GRAVE
        fitting.append((unfit_for_grave, loads.get(one.name, 0) / max(1, one.cases_max), one.name))
    name = min(fitting)[2] if fitting else None
    return Choice(name, tuple(sorted(passed)))


def why_not(case: Case, member: Member, load: int, now: int) -> str | None:
    """Why somebody does not get a case, or None where they may."""
    if concerns(case, member.own):
        return "own_case"
    if case.appealed and member.name in case.deciders:
        return "decided_it"
    if not member.roles & _HANDLES:
        return "role"
    if "any" not in member.skills and case.category.value not in member.skills:
        return "skill"
    if case.language not in member.languages:
        return "language"
    if member.away_until is not None and member.away_until > now:
        return "away"
    return "full" if load >= member.cases_max else None


def concerns(case: Case, own: Collection[str]) -> bool:
    """Whether a case is about one of these accounts or persons."""
    return bool({case.account, case.person} & set(own) - {None})


def relation_of(case: Case, name: str, own: Collection[str], team: str | None) -> Relation:
    """What somebody is to a case; the relation that closes most, where several hold."""
    if concerns(case, own):
        return Relation.SUBJECT
    if name in case.deciders:
        return Relation.DECIDER
    if case.owner == name:
        return Relation.OWNER
    return Relation.TEAM if team is not None and case.team == team else Relation.NONE
