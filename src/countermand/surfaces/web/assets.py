"""The built scripts, styles and icons: found by a plain name, served by one that carries their hash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from countermand.kernel.errors import SetupError

MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its media type and its bytes, plain and by content encoding."""

    media: str
    plain: bytes
    encoded: dict[str, bytes]


@cache
def manifest() -> dict[str, str]:
    """Plain name to served name. Raises SetupError (`assets_missing`) before `make setup` ran."""
    path = _folder() / "manifest.json"
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetupError(
            "assets_missing",
            "The pages' scripts and styles are not bundled: run `make setup`.",
            "页面的脚本与样式尚未打包：请运行 `make setup`。",
        ) from None
    return found


def address(name: str) -> str:
    """Where a page finds the asset: a path that changes with its bytes. Raises KeyError, SetupError."""
    return f"/static/{manifest()[name]}"


@cache
def assets() -> dict[str, Asset]:
    """Every asset by its served name. Raises SetupError (`assets_missing`)."""
    return {kept: _read(_folder() / kept) for kept in manifest().values()}


def _read(path: Path) -> Asset:
    encoded = {name: path.with_name(path.name + suffix).read_bytes() for name, suffix in ENCODINGS}
    return Asset(MEDIA[path.suffix], path.read_bytes(), encoded)


def _folder() -> Path:
    return Path(str(files("countermand.surfaces.web").joinpath("static")))
