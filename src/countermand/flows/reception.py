"""What receiving reports needs of the house: a vault, a reader, and what containment needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.flows.address_book import Sealer
from countermand.flows.case_events import CaseClocks
from countermand.flows.committed import Salts
from countermand.flows.data_keys import DataKeys
from countermand.flows.keep_knowledge import Knowledge
from countermand.flows.turns import Turns
from countermand.intake.warnings import Warned
from countermand.kernel.clock import Clock
from countermand.kernel.ids import Ids
from countermand.vocabulary.triage import Answers, Reading, Signals
from countermand.work import Works

RECEIPT_KEY, SENDER_KEY, PERSON_KEY = "receipt", "sender", "person"


class Reader(Protocol):
    """Who says what a message is about."""

    def read(self, text: str, *, answers: Answers = ..., signals: Signals = ...) -> Reading:
        """What it is understood as; total: of nothing it makes a reading that asks for a person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Where reports come in. `timezone` (IANA) is the institution's, `draw_digits` draws digits by chance."""

    works: Works
    clock: Clock
    ids: Ids
    effect_ports: Collection[str]
    vault: Sealer
    keys: DataKeys
    reader: Reader
    knowledge: Knowledge
    clocks: CaseClocks
    salts: Salts
    draw_digits: Callable[[int], str]
    warnings: Sequence[Warned]
    timezone: str
    turns: Turns[Any, Any] = field(init=False, default_factory=Turns)
