"""Sets a receipt with Typst: the font from its wheel, nothing of the machine; same words, same bytes."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import noto_cjk_sans_otc
import segno
import typst

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.papers import ReceiptPaper

# Medium error correction: a fold or a thumb over a tenth of it is forgiven.
_ERROR = "m"


def set_receipt(paper: ReceiptPaper) -> bytes:
    """The page as PDF/A-2b (ISO 19005-2): about 45 KB, 50 ms."""
    return typst.compile(
        _template(),
        font_paths=_fonts(),
        format="pdf",
        pdf_standards="a-2b",
        sys_inputs=_inputs(paper),
        timestamp=paper.made_at // MICROS_PER_SECOND,
    )


def picture_of(paper: ReceiptPaper, pixels_per_inch: float = 200.0) -> bytes:
    """The same page as PNG, to be looked at."""
    return typst.compile(
        _template(),
        font_paths=_fonts(),
        format="png",
        ppi=pixels_per_inch,
        sys_inputs=_inputs(paper),
    )


def _inputs(paper: ReceiptPaper) -> dict[str, str]:
    return {"paper": json.dumps({**paper.told(), "code_svg": _code(paper.code)}, ensure_ascii=False)}


@cache
def _fonts() -> typst.Fonts:
    """Read once: they are fifteen megabytes."""
    return typst.Fonts(include_system_fonts=False, font_paths=[Path(noto_cjk_sans_otc.__file__).parent])


@cache
def _template() -> bytes:
    return files("countermand.adapters.papers").joinpath("receipt.typ").read_bytes()


def _code(text: str) -> str:
    drawn = BytesIO()
    segno.make(text, error=_ERROR, micro=False).save(
        drawn, kind="svg", border=2, dark="#1b2430", light="#fff"
    )
    return drawn.getvalue().decode()
