"""How many one-time codes leave in an hour: nobody is bombed with them, and no stranger uses up the owner's.

Every code counts for its account and for the address it goes to. Strangers share a smaller part of both, so
something is always left for whoever asks from a device that is known as the account's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countermand.confirmation.lockout import Standing
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import Conflict

HOUR_MICROS = 3600 * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBudgets:
    """The most codes in any hour: for one account, to one address, and to strangers of either."""

    account_hour: int = 8
    address_hour: int = 10
    strangers_hour: int = 4


def budgets_of(account: str, address: str, standing: Standing, terms: CodeBudgets) -> dict[str, int]:
    """The budgets that a code counts for, and the most of each; `address` is a digest.

    >>> budgets_of("a-1", "9f", Standing.KNOWN, CodeBudgets())
    {'account a-1': 8, 'address 9f': 10}
    """
    own = {f"account {account}": terms.account_hour, f"address {address}": terms.address_hour}
    if standing is Standing.KNOWN:
        return own
    return {**own, **{f"strangers of {name}": terms.strangers_hour for name in own}}


def spent(
    sent: Mapping[str, Sequence[int]], budgets: Mapping[str, int], now: int
) -> dict[str, tuple[int, ...]]:
    """When the codes of the last hour left (microseconds UTC), with one more now in every budget.

    Raises Conflict (`code_limit_reached`): a budget is used up; the details say from when on there is room.
    """
    recent = {name: tuple(at for at in sent.get(name, ()) if at > now - HOUR_MICROS) for name in budgets}
    full = [recent[name][-most] + HOUR_MICROS for name, most in budgets.items() if len(recent[name]) >= most]
    if full:
        again_at = rfc3339(max(full))
        raise Conflict(
            "code_limit_reached",
            f"Too many codes were asked for within an hour. The next one can be sent from {again_at} on; "
            "until then use another method.",
            f"一小时内请求验证码次数过多，{again_at} 之后可再次发送；在此之前请改用其他验证方式。",
            again_at=again_at,
        )
    return {name: (*ats, now) for name, ats in recent.items()}
