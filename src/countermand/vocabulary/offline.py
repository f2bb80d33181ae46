"""What a comparison of live and offline answers is made of."""

from __future__ import annotations

from typing import Any, NamedTuple


class Compared(NamedTuple):
    """One fact, rule or answer: over how many operations it was compared, and where it differed.

    what: `window derived rule score outcome`. examples: ids of some operations where it differed.
    """

    what: str
    name: str
    rows: int
    mismatches: int
    examples: list[str]


class Decided(NamedTuple):
    """One operation: as it was recorded, and as the SQL decides it.

    recorded is the outcome's word, outcome its number offline; fired and unknown have one bit a rule, in the
    policy's order; facts are the recorded ones.
    """

    id: str
    kind: str
    recorded: str
    outcome: int
    score: int
    fired: int
    unknown: int
    facts: list[Any]
