"""Reading pictures, put together from the settings: the engine that is installed, and the packs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path

from countermand.adapters.ocr.reader import ProcessReader, is_installed
from countermand.evidence.checklist import ChecklistPack, read_checklists
from countermand.evidence.lexicon import Lexicon, read_lexicon
from countermand.extensions import TextReader
from countermand.flows.case_desk import CaseDesk
from countermand.flows.reading_desk import ReadingDesk
from countermand.flows.reading_shelf import AttachmentShelf
from countermand.kernel.errors import SetupError
from countermand.settings import Settings

PACKS = Path(__file__).parent.parent / "evidence_packs"
# The better one first.
_ENGINES = ("rapidocr", "tesseract")


def reading_engine(settings: Settings) -> str | None:
    """Which engine reads here; None where none is installed, or none is wanted.

    Raises SetupError (`bad_setting`; `ocr_absent`: the one that is named is not installed).
    """
    wanted = settings.reading
    if wanted == "off":
        return None
    if wanted == "auto":
        return next((one for one in _ENGINES if is_installed(one)), None)
    if wanted not in _ENGINES:
        known = ", ".join(("auto", "off", *_ENGINES))
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_READING must be one of {known}, not {wanted!r}.",
            f"COUNTERMAND_READING 应为 {known} 之一，而不是 {wanted!r}。",
            variable="COUNTERMAND_READING",
        )
    if not is_installed(wanted):
        raise SetupError(
            "ocr_absent",
            f"COUNTERMAND_READING names {wanted}, which is not installed: install countermand[ocr], or "
            "tesseract with chi_sim and Pillow.",
            f"COUNTERMAND_READING 指定了 {wanted}，但尚未安装：请安装 countermand[ocr]，"
            "或安装 tesseract（含 chi_sim）与 Pillow。",
            engine=wanted,
        )
    return wanted


def open_reader(stack: AsyncExitStack, settings: Settings) -> TextReader | None:
    """The reader; its process starts with the first picture. Raises SetupError as `reading_engine`."""
    engine = reading_engine(settings)
    if engine is None:
        return None
    reader = ProcessReader(engine)
    stack.push_async_callback(reader.close)
    return reader


@cache
def read_packs() -> tuple[Lexicon, ChecklistPack]:
    """The packs as they come with the product. Raises SetupError (`evidence_pack_refused`)."""
    return (
        read_lexicon((PACKS / "screens.yaml").read_text(encoding="utf-8")),
        read_checklists((PACKS / "checklists.yaml").read_text(encoding="utf-8")),
    )


def reading_desk_of(desk: CaseDesk, reader: TextReader | None) -> ReadingDesk:
    """Where evidence is read and checked. Raises SetupError (`evidence_pack_refused`)."""
    lexicon, checklists = read_packs()
    return ReadingDesk(
        desk=desk,
        reader=reader,
        shelf=AttachmentShelf(desk.vault, desk.keys),
        lexicon=lexicon,
        checklists=checklists,
    )
