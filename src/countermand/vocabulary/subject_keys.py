"""The keys under which standing goes: accounts, persons and everybody in one map, with one check."""

from __future__ import annotations

from countermand.vocabulary.operations import Operation
from countermand.vocabulary.orders import Subject

# Whom else a standing order may bind. No account's id holds a control character, so the keys never meet.
EVERYBODY_KEY = "\x01everybody"


def person_key(person: str) -> str:
    """The key under which a person's orders, guard and gate go, beside those of accounts."""
    return f"\x01person/{person}"


def subject_key(subject: Subject) -> str:
    """The key of whom an order binds."""
    if subject.account is not None:
        return subject.account
    return EVERYBODY_KEY if subject.person is None else person_key(subject.person)


def keys_of(operation: Operation) -> tuple[str, ...]:
    """Whose standing an operation depends on: its account, its person, everybody."""
    if operation.person is None:
        return operation.account, EVERYBODY_KEY
    return operation.account, person_key(operation.person), EVERYBODY_KEY
