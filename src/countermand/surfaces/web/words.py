"""What the pages say: one YAML file a room, every text in English and in Chinese, told apart by key."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("en", "zh")


@cache
def texts() -> dict[str, dict[str, Any]]:
    """Every text under `room.key`: language to words, or to `one` and `other` where a number decides."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(
        files("countermand.surfaces.web").joinpath("words").iterdir(), key=lambda one: one.name
    ):
        if path.name.endswith(".yaml"):
            room = path.name.removesuffix(".yaml")
            for key, text in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                found[f"{room}.{key}"] = text
    return found


def said(key: str, language: str, **values: object) -> str:
    """The text in a language, its `{name}` marks filled. Raises KeyError for a key or a mark nobody knows.

    Where the text has `one` and `other`, the value `count` decides which.
    """
    text = texts()[key][language]
    if isinstance(text, dict):
        text = text["one" if values["count"] == 1 else "other"]
    return str(text).format(**values) if values else str(text)
