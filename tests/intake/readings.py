"""Readings of messages as triage would give them, with what a test wants to say of them."""

from __future__ import annotations

from collections.abc import Iterable

from countermand.intake.risk import closable
from countermand.vocabulary.triage import Category, Flag, Reading, Risk


def reading_of(
    category: str = "how_to_question",
    risk: str = "P3",
    flags: Iterable[str] = (),
    *,
    abstained: bool = False,
) -> Reading:
    """A sure reading of a simple question, unless told otherwise."""
    known = frozenset(Flag(one) for one in flags)
    return Reading(
        category=Category(category),
        risk=Risk(risk),
        confidence=0.99,
        abstained=abstained,
        flags=known,
        words=(),
        unauthorised=0.0,
        second=Category.OTHER,
        rules=(),
        closable=closable(Category(category), Risk(risk), known, abstained=abstained, clear=True),
        model="test",
        rule_pack="test",
    )
