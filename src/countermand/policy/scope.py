"""What an expression may name where it stands, and how its refusal is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from countermand.policy.terms import Symbol


class ExpressionError(Exception):
    """Why an expression is refused: a stable code, a text in both languages, and where in the text."""

    def __init__(self, code: str, en: str, zh: str, offset: int = 0) -> None:
        self.code, self.en, self.zh, self.offset = code, en, zh, offset
        super().__init__(en)


@dataclass(frozen=True)
class Scope:
    """What names an expression may use, in which currency money is, and what functions look up.

    `listed(field, list)` and `trait(word)` give the name of the fact that answers them, or raise
    ExpressionError.
    """

    symbols: Mapping[str, Symbol]
    currency: str
    listed: Callable[[str, str, int], Symbol]
    trait: Callable[[str, int], Symbol]
    hidden: Mapping[str, tuple[str, str]]
