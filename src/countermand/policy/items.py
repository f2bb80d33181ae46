"""The rules, features, limits, lists and bands by name: where their parts stand, what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from countermand.kernel.text import Text
from countermand.policy.findings import Place
from countermand.policy.source import Node

Item = tuple[str, str]  # its section in the singular, and its name


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A warning the policy's author has seen and wants to keep, and why."""

    reason: Text
    at: Place


@dataclass
class Items:
    """`places`: where the value of each key of an item stands. `accepted`: by item and code."""

    places: dict[Item, dict[str, Place]] = field(default_factory=dict)
    accepted: dict[Item, dict[str, Acceptance]] = field(default_factory=dict)

    def note(self, section: str, name: str | None, parts: Mapping[str, Node]) -> None:
        """Take down an item as it is read; `accept: {code: {en: …, zh: …}}` says what is meant to be so."""
        item = (section, name or "")
        self.places[item] = {key: node.at for key, node in parts.items()}
        if "accept" not in parts:
            return
        accepted = self.accepted.setdefault(item, {})
        for code, node in parts["accept"].entries():
            reason, word = node.bilingual(), code.text()
            if reason is not None and word is not None:
                accepted[word] = Acceptance(reason, code.at)

    def place(self, item: Item, key: str, default: Place) -> Place:
        """Where the value of a key stands; `default` where the key was left out."""
        return self.places.get(item, {}).get(key, default)
