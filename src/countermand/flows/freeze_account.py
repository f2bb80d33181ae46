"""Freeze an account, and lift it again: the order binds from its commit, and the answer comes after it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest
from countermand.kernel.ids import Ids
from countermand.vocabulary.facts import ACCOUNT_FROZEN, ACCOUNT_LIFTED, Fact
from countermand.vocabulary.operations import Identifier
from countermand.vocabulary.parties import Freeze, Lifted

REASON_CHARACTERS_MAX = 500


class OrderBook(Protocol):
    """Where standing orders are kept; every change takes the account's gate alone and moves its guard."""

    async def freeze(self, account: str, freeze: Freeze, actor: str, fact: Fact) -> Freeze:
        """The freeze that binds after the commit: this one, or the one that was there already.

        Raises Unavailable.
        """
        ...

    async def lift(self, account: str, at: int, actor: str, fact: Fact) -> Lifted:
        """Lift the freeze, and say what else keeps the account frozen. Raises Unavailable."""
        ...


class OrderHouse(Protocol):
    """What this story needs of the house."""

    @property
    def orders(self) -> OrderBook: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def freeze_account(
    house: OrderHouse, account: str, reason: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """From the return on, no operation that the freeze stops is allowed. Again: the same order.

    Raises BadRequest (`invalid_freeze`), Unavailable.
    """
    account, reason = _account(account), reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX or not _is_text(reason):
        raise BadRequest(
            "invalid_freeze",
            f"A freeze needs a reason of 1 to {REASON_CHARACTERS_MAX} characters.",
            f"冻结需要1至{REASON_CHARACTERS_MAX}个字符的理由。",
            field="reason",
        )
    now = house.clock.now()
    freeze = Freeze(house.ids.new("ord", now), reason, now)
    fact = Fact(now, ACCOUNT_FROZEN, {"order": freeze.order, "actor": actor}, None, trace)
    standing = await house.orders.freeze(account, freeze, actor, fact)
    return {
        "account": account,
        "frozen": True,
        "order": standing.order,
        "reason": standing.reason,
        "placed_at": rfc3339(standing.placed_at),
    }


async def lift_freeze(
    house: OrderHouse, account: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """From the return on this freeze binds no more; lifting what does not bind changes nothing.

    An incident's own orders stay: they are lifted with the incident, which the answer names.

    Raises BadRequest (`invalid_freeze`), Unavailable.
    """
    account = _account(account)
    now = house.clock.now()
    fact = Fact(now, ACCOUNT_LIFTED, {"actor": actor}, None, trace)
    lifted = await house.orders.lift(account, now, actor, fact)
    return {
        "account": account,
        "frozen": lifted.incident is not None,
        "order": lifted.order,
        "incident": lifted.incident,
    }


def _account(account: str) -> str:
    """Whatever account an operation may name can be frozen, and nothing else."""
    try:
        if _is_text(account):
            return msgspec.convert(account, Identifier)
        raise msgspec.ValidationError
    except msgspec.ValidationError:
        raise BadRequest(
            "invalid_freeze",
            "A freeze needs an account id of 1 to 128 printable characters.",
            "冻结需要1至128个可打印字符的账户标识。",
            field="account",
        ) from None


def _is_text(reason: str) -> bool:
    """PostgreSQL keeps every text but NUL and half characters."""
    return "\0" not in reason and not any("\ud800" <= character <= "\udfff" for character in reason)
