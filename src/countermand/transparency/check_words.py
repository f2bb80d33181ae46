"""The form in which a check speaks: its words in both languages, its standard, and a command of others."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """In `zh` or, for anything else, in English."""
        return self.zh if language == "zh" else self.en


class CheckWords(NamedTuple):
    """What a check says when it passed, and when it did not; its standard, and a command that makes it."""

    passed: Words
    failed: Words
    standard: str
    command: str


SAME = Words("", "")
LEAF = "(printf '\\0'; cat entry.json) | openssl dgst -sha256"
NOTE = "C2SP signed-note, RFC 8032 (Ed25519)"
