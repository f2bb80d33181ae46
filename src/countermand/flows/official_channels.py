"""What is really the institution's, as everybody may read, check and keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.intake.official_channels import Entry, Registry
from countermand.intake.official_check import Checked, Claim, check_official
from countermand.kernel.text import Text


@dataclass(frozen=True, slots=True)
class OfficialChannels:
    """The registry, the same signed (compact JWS), and the keys that it is checked with (JWK Set)."""

    registry: Registry
    signed: str
    keys: Mapping[str, Any]

    def check(self, value: str, kind: Claim | None = None) -> Checked:
        """Whether something is the institution's."""
        return check_official(self.registry, value, kind)

    def contacts(self) -> list[tuple[str, str, Text]]:
        """What stands at the foot of every page: what it is, how it is written, what it is for."""
        mine = self.registry
        found: list[tuple[str, str, Entry]] = [("phone", one.number, one) for one in mine.phones]
        found += [("world", one.domain, one) for one in mine.websites]
        found += [("mail", one.address, one) for one in mine.mails]
        return [(icon, shown, one.use) for icon, shown, one in found if one.footer]
