"""Papers that people keep: what stands on them, in both languages, before anybody sets or seals them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from countermand.kernel.text import Text
from countermand.vocabulary.documents import Document


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a paper says, under its label; words of a person (`quoted`) stand as they were said."""

    label: Text
    text: Text
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPaper:
    """A page, in `language` first and small in the other; `code` is what its QR code says.

    `made_at` in microseconds UTC: the date of the document.
    """

    language: str
    institution: Text
    title: Text
    number: Part
    parts: tuple[Part, ...]
    check: Part
    code: str
    foot: tuple[Text, ...]
    made_at: int

    def told(self) -> dict[str, Any]:
        """As the press takes it: every text in both languages, the reader's first."""
        return {
            "lang": self.language,
            "institution": self._both(self.institution)[0],
            "title": self._both(self.title),
            "number": self._part(self.number),
            "parts": [self._part(one) for one in self.parts],
            "check": self._part(self.check),
            "code": self.code,
            "foot": [self._both(one) for one in self.foot],
        }

    def _part(self, one: Part) -> dict[str, Any]:
        return {"label": self._both(one.label), "text": self._both(one.text), "quoted": one.quoted}

    def _both(self, text: Text) -> list[str]:
        return [text.zh, text.en] if self.language == "zh" else [text.en, text.zh]


# Whatever is set and sealed.
Paper = ReceiptPaper | Document
