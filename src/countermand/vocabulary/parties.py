"""What the institution says about an account, and what stands against it right now."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Identifier, Word
from countermand.vocabulary.orders import Order


class GivenBack(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An amount that counted against a day's limits until its hold ended without taking effect.

    `at` is when its operation occurred, microseconds UTC; `minor` in minor units of `currency`.
    """

    operation: str
    kind: str
    minor: int
    currency: str
    at: int


class Account(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """The profile of one account. A missing tuple is unknown; an empty one is known to be empty.

    `guard` grows with every change of the profile or of a standing order (0: nothing is known yet).
    `opened_at` is in microseconds since 1970 UTC. `frozen` is the freeze of the account's own door; `orders`
    are all others that were not lifted. `profiled` is false where it is known by what it did alone.
    """

    id: str
    guard: int = 0
    handle: str | None = None
    type: str | None = None
    timezone: str | None = None
    opened_at: int | None = None
    home_ips: tuple[str, ...] | None = None
    home_places: tuple[str, ...] | None = None
    devices: tuple[str, ...] | None = None
    traits: tuple[str, ...] | None = None
    kyc_level: int | None = None
    frozen: Freeze | None = None
    orders: tuple[Order, ...] = ()
    given_back: tuple[GivenBack, ...] = ()
    profiled: bool = True


_Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$(?!\n)", description="ISO 3166-1, two letters")]
_Address = Annotated[str, msgspec.Meta(min_length=2, max_length=45)]


class AccountProfile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What an institution sends about one account; it replaces what was said before.

    null, or a field left out, is unknown; an empty list is known to be empty.
    """

    type: Word | None = None
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="IANA name")] | None = None
    opened_at: Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")] | None = None
    home_ips: Annotated[tuple[_Address, ...], msgspec.Meta(max_length=64)] | None = None
    home_places: Annotated[tuple[_Country, ...], msgspec.Meta(max_length=64)] | None = None
    devices: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=256)] | None = None
    traits: Annotated[tuple[Word, ...], msgspec.Meta(max_length=32)] | None = None
    kyc_level: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


def read_profile(body: bytes) -> AccountProfile:
    """A profile from JSON.

    Raises BadRequest (`malformed_json`, `invalid_profile`); the details name the field.
    """
    try:
        return _PROFILE.decode(body)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        field = path.rstrip("`").removeprefix("$").removeprefix(".")
        if not field and what.count("`") >= 2:  # an unknown field is named in the message itself
            field = what.split("`")[1]
        raise _invalid_profile(field, what, what) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(
            "malformed_json",
            f"The profile is not valid JSON: {error}.",
            f"账户资料不是有效的 JSON：{error}。",
        ) from None


def account_of(account_id: str, profile: AccountProfile) -> Account:
    """The profile as it is kept: addresses in their one form, each value once, in order.

    Raises BadRequest (`invalid_account`, `invalid_profile`).
    """
    try:
        msgspec.convert(account_id, Identifier)
    except msgspec.ValidationError:
        raise BadRequest(
            "invalid_account",
            "An account id has 1 to 128 printable characters.",
            "账户标识应为1至128个可打印字符。",
            field="account",
        ) from None
    return Account(
        id=account_id,
        type=profile.type,
        timezone=None if profile.timezone is None else _timezone(profile.timezone),
        opened_at=None if profile.opened_at is None else micros_of(profile.opened_at),
        home_ips=_ordered(None if profile.home_ips is None else map(_address, profile.home_ips)),
        home_places=_ordered(profile.home_places),
        devices=_ordered(profile.devices),
        traits=_ordered(profile.traits),
        kyc_level=profile.kyc_level,
    )


def _ordered(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values)))


def is_zone(name: str) -> bool:
    """Whether it is the name of an IANA time zone."""
    # zoneinfo opens files; an absolute name or one with dots in it must not reach them.
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _timezone(name: str) -> str:
    if not is_zone(name):
        raise _invalid_profile(
            "timezone", f"{name!r} is not an IANA time zone", f"{name!r} 不是 IANA 时区名称"
        )
    return name


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise _invalid_profile(
            "home_ips", f"{text!r} is not an IP address", f"{text!r} 不是有效的 IP 地址"
        ) from None


def _invalid_profile(field: str, en: str, zh: str) -> BadRequest:
    return BadRequest(
        "invalid_profile",
        f"The profile does not fit the schema: {en}{f' (field {field})' if field else ''}.",
        f"账户资料不符合数据格式：{zh}{f'（字段 {field}）' if field else ''}。",
        field=field,
    )


class Freeze(msgspec.Struct, frozen=True, gc=False):
    """A standing order: nothing that moves money, opens a debt or changes control passes."""

    order: str
    reason: str
    placed_at: int


class Lifted(NamedTuple):
    """What lifting a freeze did: the order it ended, and the incident that keeps the account frozen."""

    order: str | None
    incident: str | None


FREEZE_RULE = "standing-order.freeze"
FREEZE_TEXT = Text(
    en=(
        "This account is frozen at its holder's or the institution's request; "
        "nothing can leave it until the freeze is lifted."
    ),
    zh="该账户已按持有人或机构的要求冻结；解除冻结前，资金不能转出。",
)


_PROFILE = msgspec.json.Decoder(AccountProfile)
