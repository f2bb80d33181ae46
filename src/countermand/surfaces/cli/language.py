"""Which of the product's two languages a terminal speaks."""

from __future__ import annotations

import os

from countermand.kernel.text import Text

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language(asked: str | None = None) -> str:
    """`zh` or `en`: what was asked for, else what the locale says."""
    if asked is not None:
        return asked
    locale = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def spoken(text: Text, asked: str | None = None) -> str:
    """A text in the terminal's language."""
    return text.zh if language(asked) == "zh" else text.en
