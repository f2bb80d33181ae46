"""Phrases of known frauds in what somebody tells, and what they are warned of together with their receipt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text

CHARACTERS_MAX = 20_000
_SPACES = re.compile(r"\s+")


class _Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: tuple[str, ...]
    en: tuple[str, ...]


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    phrases: _Phrases
    text: Text


class _Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    warnings: tuple[_Line, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """One known trick: its name, how it is told in each language, and what to say to whoever tells it."""

    id: str
    zh: tuple[re.Pattern[str], ...]
    en: tuple[re.Pattern[str], ...]
    text: Text

    def fits(self, close: str, spaced: str) -> bool:
        """Whether it is in a text, given without its spaces (Chinese) and with single ones (English)."""
        return any(one.search(close) for one in self.zh) or any(one.search(spaced) for one in self.en)


def warnings_in(text: str, known: Sequence[Warned]) -> list[Warned]:
    """The tricks that a text tells of, each once, in the order of the pack.

    A warning too many costs a sentence; so whoever only asks about a trick hears it too.
    """
    plain = unicodedata.normalize("NFKC", text[:CHARACTERS_MAX]).lower()
    spaced = _SPACES.sub(" ", plain).replace("\u2019", "'")
    close = _SPACES.sub("", plain)
    return [one for one in known if one.fits(close, spaced)]


def read_warnings(source: str) -> tuple[Warned, ...]:
    """The pack from its YAML. Raises SetupError (`warnings_refused`)."""
    try:
        pack = msgspec.yaml.decode(source, type=_Pack)
        return tuple(
            Warned(one.id, _compiled(one.phrases.zh), _compiled(one.phrases.en), one.text)
            for one in pack.warnings
        )
    except (msgspec.MsgspecError, re.error) as error:
        raise SetupError(
            "warnings_refused",
            f"The pack of warnings cannot be used: {error}.",
            f"无法使用风险提示规则包：{error}。",
        ) from None


def _compiled(phrases: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one) for one in phrases)


def shown(warned: Sequence[Warned]) -> list[dict[str, Any]]:
    """As a receipt carries them, so that it is the same when the pack has changed."""
    return [{"id": one.id, "text": {"en": one.text.en, "zh": one.text.zh}} for one in warned]
