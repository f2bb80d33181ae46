"""The verifier in one file: its rules, its command and a door; the same code makes the same bytes."""

from __future__ import annotations

import ast
import stat
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

NAME = "countermand-verify.pyz"
COMMAND = "countermand/surfaces/verifier/command.py"
_SHEBANG = b"#!/usr/bin/env python3\n"
_DOOR = '''"""Check a receipt or a bundle: python countermand-verify.pyz FILE --policy policy.txt"""
import os
import sys
import time

from countermand.surfaces.verifier.command import main

sys.exit(main(sys.argv[1:], os.environ, int(time.time())))
'''
_EMPTY = '"""Part of the stand-alone verifier of Countermand."""\n'


def write_zipapp(path: Path) -> None:
    """Write the verifier; it runs on Python 3.11 or later with `cryptography` 47 or later. Raises OSError."""
    path.write_bytes(zipapp())
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def zipapp() -> bytes:
    """The verifier's bytes."""
    whole = BytesIO()
    whole.write(_SHEBANG)
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, text in sorted(_sources().items()):
            archive.writestr(ZipInfo(name), text, ZIP_DEFLATED)
    return whole.getvalue()


def _sources() -> dict[str, str]:
    """The command and, from import to import, every rule it takes."""
    sources = {
        "__main__.py": _DOOR,
        "countermand/__init__.py": _EMPTY,
        "countermand/surfaces/__init__.py": _EMPTY,
        "countermand/surfaces/verifier/__init__.py": _EMPTY,
        "countermand/transparency/__init__.py": _EMPTY,
        "countermand/vocabulary/__init__.py": _EMPTY,
    }
    wanted = [COMMAND]
    while wanted:
        name = wanted.pop()
        if name not in sources:
            sources[name] = _text(name)
            wanted += _imported(sources[name])
    return sources


def _imported(source: str) -> list[str]:
    modules = [one.module for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ImportFrom)]
    return [f"{one.replace('.', '/')}.py" for one in modules if one and one.startswith("countermand.")
            and one != "countermand.transparency"] + _submodules(source)  # fmt: skip


def _submodules(source: str) -> list[str]:
    """`from countermand.transparency import jcs` names modules, not what is in one."""
    return [
        f"countermand/transparency/{name.name}.py"
        for one in ast.walk(ast.parse(source))
        if isinstance(one, ast.ImportFrom) and one.module == "countermand.transparency"
        for name in one.names
    ]


def _text(name: str) -> str:
    return files("countermand").joinpath(name.removeprefix("countermand/")).read_text(encoding="utf-8")
