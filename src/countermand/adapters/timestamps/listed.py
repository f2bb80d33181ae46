"""The authorities that an institution uses, read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx
import msgspec

from countermand.adapters.timestamps.http import HttpTimestampAuthority
from countermand.adapters.timestamps.several import SeveralAuthorities
from countermand.adapters.timestamps.tokens import Trust, read_certificates
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError

AUTHORITIES_MAX = 16
_Oid = Annotated[str, msgspec.Meta(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$(?!\n)", max_length=200)]


class ListedAuthority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the list: the address to post to, and a PEM file with the roots it must lead to.

    `others` is a PEM file with certificates on the way, for authorities that do not send theirs; a path is
    relative to the list. `policies` are the OIDs agreed with it; none: any.
    """

    name: str
    address: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$(?!\n)", max_length=500)]
    roots: str
    others: str | None = None
    policies: tuple[_Oid, ...] = ()


def open_authorities(
    path: Path, clock: Clock, client: httpx.AsyncClient, *, seconds_max: float, skew_seconds_max: int
) -> SeveralAuthorities:
    """The authorities of a JSON list, in its order. Raises SetupError `bad_timestamp_authorities`."""
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=list[ListedAuthority])
        trusts = [_trust(one, path.parent) for one in listed]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _bad(path, str(error)) from error
    names = {one.name for one in listed}
    if not 0 < len(listed) <= AUTHORITIES_MAX or len(names) < len(listed):
        raise _bad(path, f"none, more than {AUTHORITIES_MAX}, or two of one name")
    return SeveralAuthorities(
        {
            one.name: HttpTimestampAuthority(
                one.address,
                trust,
                clock,
                client,
                seconds_max=seconds_max,
                skew_seconds_max=skew_seconds_max,
            )
            for one, trust in zip(listed, trusts, strict=True)
        }
    )


def _trust(one: ListedAuthority, folder: Path) -> Trust:
    others = () if one.others is None else read_certificates(folder / one.others)
    return Trust(read_certificates(folder / one.roots), others, frozenset(one.policies))


def _bad(path: Path, what: str) -> SetupError:
    return SetupError(
        "bad_timestamp_authorities",
        f"The list of time-stamping authorities {path} cannot be used: {what}.",
        f"无法使用时间戳服务机构列表 {path}：{what}。",
        file=str(path),
    )
