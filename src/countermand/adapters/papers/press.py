"""Sets papers with Typst: the font from its wheel, nothing of the machine; same words, same bytes."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import noto_cjk_sans_otc
import segno
import typst

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.papers import Paper, ReceiptPaper

# Medium error correction: a fold or a thumb over a tenth of it is forgiven.
_ERROR = "m"


def set_paper(paper: Paper) -> bytes:
    """Its pages as PDF/A-2b (ISO 19005-2): a receipt about 45 KB, 50 ms; a document some more."""
    return typst.compile(
        _template(_name_of(paper)),
        font_paths=_fonts(),
        format="pdf",
        pdf_standards="a-2b",
        sys_inputs=_inputs(paper),
        timestamp=paper.made_at // MICROS_PER_SECOND,
    )


def pictures_of(paper: Paper, pixels_per_inch: float = 200.0) -> list[bytes]:
    """The same pages as PNG, to be looked at."""
    made: Any = typst.compile(
        _template(_name_of(paper)),
        font_paths=_fonts(),
        format="png",
        ppi=pixels_per_inch,
        sys_inputs=_inputs(paper),
    )
    return made if isinstance(made, list) else [made]  # one page alone comes alone


def _name_of(paper: Paper) -> str:
    return "receipt.typ" if isinstance(paper, ReceiptPaper) else "document.typ"


def _inputs(paper: Paper) -> dict[str, str]:
    told = paper.told()
    if isinstance(paper, ReceiptPaper):
        told["code_svg"] = _code(paper.code)
    return {"paper": json.dumps(told, ensure_ascii=False)}


@cache
def _fonts() -> typst.Fonts:
    """Read once: they are fifteen megabytes."""
    return typst.Fonts(include_system_fonts=False, font_paths=[Path(noto_cjk_sans_otc.__file__).parent])


@cache
def _template(name: str) -> bytes:
    return files("countermand.adapters.papers").joinpath(name).read_bytes()


def _code(text: str) -> str:
    drawn = BytesIO()
    segno.make(text, error=_ERROR, micro=False).save(
        drawn, kind="svg", border=2, dark="#1b2430", light="#fff"
    )
    return drawn.getvalue().decode()
