"""Where evidence is read and checked: the desk, the reader if there is one, and the packs it follows."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from countermand.evidence.checklist import ChecklistPack
from countermand.evidence.lexicon import Lexicon
from countermand.extensions import TextReader
from countermand.flows.case_desk import CaseDesk
from countermand.flows.reading_shelf import ReadingShelf
from countermand.vocabulary.cases import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """`reader` None: nothing that reads is installed; everything else works without it."""

    desk: CaseDesk
    reader: TextReader | None
    shelf: ReadingShelf
    lexicon: Lexicon
    checklists: ChecklistPack

    @property
    def zone(self) -> ZoneInfo:
        """In which screens of this institution's customers tell time."""
        return ZoneInfo(self.desk.timezone)


def parts_of(case: Case) -> tuple[str, ...]:
    """A case and those that became part of it, by their names inside."""
    return (case.id, *(one for one, _ in case.absorbed))
