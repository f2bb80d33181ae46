"""Who may do what, written out: role x verb x class of field, for the purpose that opens most."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from countermand.cases.permissions import decide
from countermand.vocabulary.staff import NOT_STAFF, FieldClass, Purpose, Relation, Role, Verb, Verdict


def permission_lines() -> Iterator[str]:
    """One line a role and verb; verbs that a role never has are left out."""
    yield "# role verb: " + " ".join(field.value for field in FieldClass)
    for role, verb in product(Role, Verb):
        verdicts = permission(role, verb)
        if any(verdicts):
            yield f"{role.value} {verb.value}: " + " ".join(one.name.lower() for one in verdicts)


def permission(role: Role, verb: Verb) -> tuple[Verdict, ...]:
    """What a role gets for a verb, a verdict for each class of field in their order."""
    return tuple(_widest(role, verb, field) for field in FieldClass)


def _home(role: Role) -> Relation:
    """What a role is to a case that it has to do with."""
    if role in NOT_STAFF:
        return Relation.SUBJECT
    return Relation.GRANTED if role in (Role.REGULATOR_VIEWER, Role.PEER) else Relation.OWNER


def _widest(role: Role, verb: Verb, field: FieldClass) -> Verdict:
    """What the role gets for the purpose that opens most."""
    return max(decide([role], verb, _home(role), purpose, field) for purpose in Purpose)
