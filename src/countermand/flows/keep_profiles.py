"""What the institution says about an account, kept so that no decision outruns it."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.flows.incident_words import shown_order
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import NotFound
from countermand.vocabulary.facts import ACCOUNT_PROFILED, Fact
from countermand.vocabulary.parties import Account, AccountProfile, account_of

_FIELDS = ("type", "timezone", "opened_at", "home_ips", "home_places", "devices", "traits", "kyc_level")


class ProfileBook(Protocol):
    """Where profiles are kept."""

    async def put(self, account: Account, fact: Fact) -> Account:
        """Keep a profile behind the account's containment gate, and its fact, in one transaction.

        The account's guard grows, so that no group decides on a cached copy of the earlier profile. A profile
        equal to the one before changes nothing. Returns the account as it is afterwards.
        """
        ...

    async def find(self, account_id: str) -> Account | None:
        """What is known about an account, or None."""
        ...


class ProfileHouse(Protocol):
    """What this story needs of the house."""

    @property
    def profiles(self) -> ProfileBook: ...

    @property
    def clock(self) -> Clock: ...


async def put_profile(
    house: ProfileHouse, account_id: str, profile: AccountProfile, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Replace what is known about an account; from the answer on every decision knows it.

    Raises BadRequest (`invalid_account`, `invalid_profile`).
    """
    account = account_of(account_id, profile)
    known = [name for name in _FIELDS if getattr(account, name) is not None]
    fact = Fact(
        at=house.clock.now(), kind=ACCOUNT_PROFILED, body={"known": known, "actor": actor}, trace=trace
    )
    return shown_profile(await house.profiles.put(account, fact))


async def show_profile(house: ProfileHouse, account_id: str) -> dict[str, Any]:
    """What is known about an account. Raises NotFound (`unknown_account`)."""
    account = await house.profiles.find(account_id)
    if account is None:
        raise NotFound(
            "unknown_account",
            f"Nothing is known about the account {account_id}.",
            f"没有账户 {account_id} 的任何资料。",
            account=account_id,
        )
    return shown_profile(account)


def shown_profile(account: Account) -> dict[str, Any]:
    """A profile as doors show it; null is unknown."""
    shown: dict[str, Any] = {"account": account.id, "guard": account.guard}
    for name in _FIELDS:
        value = getattr(account, name)
        shown[name] = rfc3339(value) if name == "opened_at" and value is not None else value
    shown["orders"] = [shown_order(order) for order in account.orders]
    freeze = account.frozen
    shown["frozen"] = (
        None
        if freeze is None
        else {"order": freeze.order, "reason": freeze.reason, "placed_at": rfc3339(freeze.placed_at)}
    )
    return shown
