"""The verify page in one file: its parts put together, with a policy of content that lets in nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from countermand.surfaces.verify_page.words import PAGE
from countermand.transparency.verify import Mark
from countermand.transparency.verify_words import CHECKS, MARKS, REASONS, VERDICTS

NAME = "verify.html"
_PARTS = ("reading.js", "checking.js", "page.js")


def verify_page() -> str:
    """The page; the same bytes from the same code. Scripts and styles are let in by their hashes alone."""
    style = _part("style.css")
    script = "(() => {\n" + "".join(_part(name).replace('"use strict";\n', "") for name in _PARTS)
    script = script.replace("(() => {\n", '(() => {\n"use strict";\n', 1)
    script += "globalThis.countermandVerify = verifyReceipt;\n})();\n"
    page = _part("page.html")
    for name, value in {
        "{script_hash}": _hash(script),
        "{style_hash}": _hash(style),
        "{style}": style,
        "{words}": _words(),
        "{script}": script,
    }.items():
        page = page.replace(name, value, 1)
    return page


def write_page(path: Path) -> None:
    """Write the page. Raises OSError."""
    path.write_text(verify_page(), encoding="utf-8")


def _words() -> str:
    """All that the page may say, in both languages; `<` is written so that no text ends the script."""
    told = {
        "checks": {
            code: {
                "passed": one.passed._asdict(),
                "failed": one.failed._asdict(),
                "standard": one.standard,
                "command": one.command,
            }
            for code, one in CHECKS.items()
        },
        "reasons": {code: one._asdict() for code, one in REASONS.items()},
        "verdicts": {verdict.name.lower(): one._asdict() for verdict, one in VERDICTS.items()},
        "marks": {mark.name.lower(): MARKS[mark] for mark in Mark},
        "page": {name: one._asdict() for name, one in PAGE.items()},
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return files("countermand.surfaces.verify_page").joinpath("page", name).read_text(encoding="utf-8")
