"""What no text to a customer may do, whoever writes it: carry a link, ask for a secret, blame."""

from __future__ import annotations

import re

_LINK = re.compile(
    r"://|www\.|\b[\w-]+\.(com|cn|net|org|info|top|xyz|cc|me|io|app|vip|link)\b", re.IGNORECASE
)
_SECRET = re.compile(r"\bcodes?\b|password|\bpin\b|验证码|密码|口令", re.IGNORECASE)
_NEVER = re.compile(r"never|do not|绝不|不会|请勿|不要", re.IGNORECASE)
_BLAME = re.compile(r"it was you who|系统显示是您本人|your fault|您自己的责任", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?。！？；]")


def has_link(text: str) -> bool:
    """Whether a text carries something to tap on.

    >>> has_link("see help.example.com"), has_link("open the official app yourself")
    (True, False)
    """
    return _LINK.search(text) is not None


def asks_for_secret(text: str) -> bool:
    """Whether a sentence names a secret without saying that nobody may ask for it.

    >>> asks_for_secret("Send us the code."), asks_for_secret("We never ask for a code.")
    (True, False)
    """
    return any(_SECRET.search(one) and not _NEVER.search(one) for one in _SENTENCE.split(text))


def blames(text: str) -> bool:
    """Whether a text ends an argument with whose fault it was."""
    return _BLAME.search(text) is not None
