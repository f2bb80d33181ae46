"""What is probably wrong, or wrong only by habit: it is said, and may be accepted with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from countermand.policy.findings import Finding, Place
from countermand.policy.items import Item, Items


@dataclass
class Warnings:
    """Collects warnings about items, without those their item accepts."""

    items: Items
    found: list[Finding] = field(default_factory=list)
    _met: set[tuple[Item, str]] = field(default_factory=set)

    def add(self, item: Item, code: str, at: Place, en: str, zh: str) -> None:
        self._met.add((item, code))
        if code not in self.items.accepted.get(item, {}):
            self.found.append(Finding(code, at, en, zh))

    def place(self, item: Item, key: str, default: Place) -> Place:
        """Where the value of a key stands; `default` where the key was left out."""
        return self.items.place(item, key, default)

    def check_acceptances(self) -> None:
        """An `accept` that accepts nothing hides the next mistake."""
        for item, accepted in self.items.accepted.items():
            for code, acceptance in accepted.items():
                if (item, code) not in self._met:
                    self.found.append(
                        Finding(
                            "idle_accept",
                            acceptance.at,
                            f"Nothing here is warned about as {code}; take the accept away.",
                            f"此处没有名为 {code} 的警告；请删去该 accept。",
                        )
                    )
