"""What the institution says about an account, and what stands against it right now."""

from __future__ import annotations

import msgspec

from countermand.kernel.text import Text


class Account(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """The profile of one account. A missing tuple is unknown; an empty one is known to be empty.

    `guard` grows with every change of the profile or of a standing order (0: nothing is known yet).
    `opened_at` is in microseconds since 1970 UTC.
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


class Freeze(msgspec.Struct, frozen=True, gc=False):
    """A standing order: nothing that moves money, opens a debt or changes control passes."""

    order: str
    reason: str
    placed_at: int


FREEZE_RULE = "standing-order.freeze"
FREEZE_TEXT = Text(
    en=(
        "This account is frozen at its holder's or the institution's request; "
        "nothing can leave it until the freeze is lifted."
    ),
    zh="该账户已按持有人或机构的要求冻结；解除冻结前，资金不能转出。",
)
