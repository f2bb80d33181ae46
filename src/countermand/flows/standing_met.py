"""What stood against an operation when it was decided, as it is recorded with it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from countermand.vocabulary.operations import Operation
from countermand.vocabulary.orders import BoundOrder, Order
from countermand.vocabulary.parties import Account, Freeze
from countermand.vocabulary.subject_keys import EVERYBODY_KEY, person_key


class Standing(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What stood against the account when the operation was decided; recorded with it.

    `bound` is what orders besides the freeze said about the operation, in the words of then.
    """

    guard: int
    freeze: Freeze | None
    bound: tuple[BoundOrder, ...] = ()


def orders_elsewhere(operation: Operation, known: Mapping[str, Account]) -> tuple[Order, ...] | None:
    """The orders on the person of an operation and on everybody; None where there are none."""
    orders = known[EVERYBODY_KEY].orders
    if operation.person is not None:
        orders = known[person_key(operation.person)].orders + orders
    return orders or None
