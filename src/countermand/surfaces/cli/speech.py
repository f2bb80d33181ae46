"""How this run speaks: the language of its reader, and whether a program reads along."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import click

from countermand.kernel.text import Text

LANGUAGES = ("en", "zh")


@dataclass
class Speech:
    """Set once by the options of a run."""

    language: str = "en"
    as_json: bool = False

    def say(self, text: Text) -> str:
        """The text in the reader's language."""
        return text.zh if self.language == "zh" else text.en


def language_of(environment: Mapping[str, str]) -> str:
    """The language of the locale (POSIX: LC_ALL, then LC_MESSAGES, then LANG); English unless Chinese.

    >>> language_of({"LANG": "zh_CN.UTF-8"}), language_of({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"})
    ('zh', 'en')
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].startswith("zh") else "en"
    return "en"


def fresh_speech() -> Speech:
    """A speech in the language of this process' environment."""
    return Speech(language_of(os.environ))


def speech_of(context: click.Context | None) -> Speech:
    """The speech of a run; outside of one, that of the environment."""
    found = None if context is None else context.find_root().obj
    return found if isinstance(found, Speech) else fresh_speech()


def current_speech() -> Speech:
    """The speech of the command that runs now."""
    return speech_of(click.get_current_context(silent=True))
