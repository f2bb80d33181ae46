"""How safe an account is kept by its holder: what there is to look at, and a score out of a hundred."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One thing to look at: what it weighs, and whether it is well; None where it does not apply."""

    id: str
    weight: int
    well: bool | None


class Kept(NamedTuple):
    """What is known of an account; counts, and days where said.

    `factors` counts ways of proving that do not depend on each other; `looked_days` and `password_days` are
    how long ago, None: never looked, or no password here. `strange_devices` are used and not known as theirs.
    """

    factors: int
    passkeys: int
    reachable: bool
    looked_days: int | None
    strange_devices: int
    shared_visits: int
    limited: bool
    debits_on: int
    debits_idle: int
    password_days: int | None
    contained: bool
    waiting: int


def check_up(kept: Kept, look_days: int, password_days: int) -> tuple[Item, ...]:
    """Every item, in the order of what helps most. A period of 0 days asks for nothing.

    >>> found = check_up(Kept(1, 0, True, 3, 0, 0, True, 0, 0, 9, False, 0), 90, 365)
    >>> [one.id for one in found if one.well is False]
    ['second_factor', 'passkey']
    """
    looked = kept.looked_days is not None and (not look_days or kept.looked_days <= look_days)
    old = kept.password_days is not None and kept.password_days >= password_days
    return (
        Item("second_factor", 25, kept.factors >= 2),
        Item("passkey", 10, kept.passkeys > 0),
        Item("reachable", 15, kept.reachable),
        Item("devices", 15, looked),
        Item("strange", 10, kept.strange_devices == 0),
        Item("limit", 10, kept.limited),
        Item("debits", 5, kept.debits_idle == 0 if kept.debits_on else None),
        Item("shared", 5, kept.shared_visits == 0),
        Item("password", 5, not old if password_days and kept.password_days is not None else None),
        Item("waiting", 5, kept.waiting == 0),
        Item("contained", 10, not kept.contained),
    )


def score(items: tuple[Item, ...]) -> int:
    """The share of what applies that is well, by weight, 0 to 100, rounded down: a hundred means all of it.

    >>> score((Item("a", 25, True), Item("b", 25, False), Item("c", 50, None)))
    50
    """
    apply = [one for one in items if one.well is not None]
    whole = sum(one.weight for one in apply)
    return 100 * sum(one.weight for one in apply if one.well) // whole if whole else 100
