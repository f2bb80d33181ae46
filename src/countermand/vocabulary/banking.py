"""What core banking is told and what it answers, in the words of the contract it implements."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from countermand.vocabulary.operations import MOVES_MONEY

# The port of these effects in the outbox.
BANKING = "banking"
# What is executed by core banking; other kinds take effect where they were asked for.
EXECUTED_THERE = MOVES_MONEY


class BankAction(StrEnum):
    """What it can be told."""

    EXECUTE = "execute"
    CANCEL = "cancel"
    RECALL = "recall"
    PAYEE_PENDING = "payee_pending"
    PAYEE_DROPPED = "payee_dropped"
    FREEZE = "freeze"
    LIFT = "lift"
    LOWER_LIMIT = "lower_limit"
    RAISE_LIMIT = "raise_limit"
    STOP_MANDATE = "stop_mandate"
    START_MANDATE = "start_mandate"


class BankOutcome(StrEnum):
    """`refused` is final: nothing was done under this key, and nothing will be."""

    DONE = "done"
    REFUSED = "refused"


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What exactly an instruction is about; an answer repeats it, and must repeat the same."""

    account: str
    operation: str | None = None
    kind: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    counterparty: str | None = None
    institution: str | None = None


class Instruction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing to do. `key` is the same at every attempt; `permit` is there for `execute`.

    `trace` (W3C trace id) is that of the first word it follows from: the bank's ledger keeps it.
    """

    key: str
    action: BankAction
    terms: Terms
    permit: str | None = None
    trace: str | None = None


class BankAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What became of an instruction: the same answer each time the key is asked about.

    `reason` is one word for a refusal; `reference` is the bank's own number of what it did. Of a `recall`
    that was passed on to the payee's bank, `returned_minor` says in minor units how much came back, once that
    bank has answered; until then it is left out, and the key is asked about again.
    """

    key: str
    action: BankAction
    outcome: BankOutcome
    terms: Terms
    reason: str | None = None
    reference: str | None = None
    returned_minor: int | None = None


class BankEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of the bank's ledger: an operation that it executed; `number` grows."""

    number: int
    key: str
    operation: str
    account: str
    amount_minor: int | None = None
    currency: str | None = None
    counterparty: str | None = None


class Booked(msgspec.Struct, frozen=True, gc=False):
    """What stands here about an operation: how it was decided, its hold's state, and what it would move.

    `pending`: the bank's answer has not been written here yet, so nothing can be said.
    """

    outcome: str
    state: str | None
    pending: bool
    account: str
    amount_minor: int | None
    currency: str | None
    counterparty: str | None


def contradiction(asked: Instruction, answer: BankAnswer) -> str | None:
    """The name of what an answer says otherwise than it was asked; None where it fits."""
    if answer.action is not asked.action:
        return "action"
    for name in Terms.__struct_fields__:
        if getattr(asked.terms, name) != getattr(answer.terms, name):
            return name
    returned = answer.returned_minor
    if returned is not None and not 0 <= returned <= (asked.terms.amount_minor or 0):
        return "returned_minor"
    return None
