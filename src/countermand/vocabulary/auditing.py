"""What an audit of the log finds: the place, which part of it, and what is wrong, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: the table or file, which part of it, and how."""

    place: str
    part: str
    text: Text

    @classmethod
    def of(cls, named: tuple[str, str], en: str, zh: str) -> Finding:
        """At a place, in both languages."""
        place, part = named
        return cls(place, part, Text(en=f"{place}, {part}: {en}.", zh=f"{place}，{part}：{zh}。"))


class Wrong(Exception):
    """The audit ends here."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text.en)
        self.finding = finding
