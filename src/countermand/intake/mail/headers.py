"""Header fields as a person means them: encoded words, raw bytes, addresses, dates, message ids."""

from __future__ import annotations

import re
from binascii import Error as BadBase64
from binascii import a2b_base64, a2b_qp
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from countermand.intake.mail.charsets import decoded
from countermand.kernel.clock import micros_of

FIELDS_MAX = 500
VALUE_CHARACTERS_MAX = 20_000
IDS_MAX = 50
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\n]{0,2000})\?=")
_BETWEEN = re.compile(r"(=\?[^?\s]{1,40}\?[bBqQ]\?[^?\n]{0,2000}\?=)[ \t\r\n]+(?==\?)")
_ID = re.compile(r"<([^<>\s]{3,250})>")
_ADDRESS = re.compile(r"[^@\s<>(),;:\"\x00-\x20]{1,64}@[^@\s<>(),;:\"\x00-\x20]{1,190}")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Fields:
    """The first 500 fields of a header, by name in small letters, in order. Nothing here raises."""

    def __init__(self, message: Message) -> None:
        self._values: dict[str, list[str]] = {}
        for number, (name, value) in enumerate(message.raw_items()):
            if number >= FIELDS_MAX:
                break
            self._values.setdefault(name.lower(), []).append(str(value)[:VALUE_CHARACTERS_MAX])

    def all(self, name: str) -> list[str]:
        """Every value of a name as it came, unfolded."""
        return [" ".join(value.split()) for value in self._values.get(name, [])]

    def first(self, name: str) -> str:
        """The first value as it came, or nothing."""
        return next(iter(self.all(name)), "")

    def text(self, name: str) -> str:
        """The first value as a person reads it."""
        return plain(next(iter(self._values.get(name, [])), ""))

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._values

    def addresses(self, name: str) -> list[str]:
        """The addresses of all fields of a name, as they are compared: the domain in small letters."""
        try:
            pairs = getaddresses([plain(value) for value in self._values.get(name, [])])
        except (ValueError, TypeError, IndexError, RecursionError):
            pairs = []
        found = [address for _, address in pairs if _ADDRESS.fullmatch(address)]
        if not found:
            found = _ADDRESS.findall(" ".join(self.all(name)))
        return [_compared(address) for address in found]

    def ids(self, *names: str) -> tuple[str, ...]:
        """The message ids in these fields, each once."""
        found = [one for name in names for value in self.all(name) for one in _ID.findall(value)]
        return tuple(dict.fromkeys(found))[:IDS_MAX]

    def date(self) -> int | None:
        """When the sender's side says it was sent: microseconds UTC, or nothing that can be a date."""
        try:
            moment = parsedate_to_datetime(self.first("date"))
            return micros_of(moment) if moment.tzinfo is not None else None
        except (ValueError, TypeError, IndexError, OverflowError, AssertionError):
            return None


def plain(value: str) -> str:
    r"""A value with its encoded words (RFC 2047) read, and raw bytes too; one line, nothing invisible.

    Words that were cut in the middle of a character are joined before they are read.

    >>> plain("=?gb2312?B?vfS8sS23x8ra?= =?gb2312?B?yKiy2df3?=")
    '紧急-非授权操作'
    """
    raw = value.encode("utf-8", "surrogateescape") if _has_bytes(value) else None
    if raw is not None:
        value = decoded(raw)[0]
    value = _BETWEEN.sub(r"\1", value)
    parts: list[str] = []
    waiting: tuple[str, bytes] | None = None
    behind = 0
    for word in _WORD.finditer(value):
        content = _word(word[2], word[3])
        charset = word[1].partition("*")[0].lower()
        if waiting is not None and word.start() == behind and charset == waiting[0]:
            waiting = (charset, waiting[1] + content)
        else:
            parts.append("" if waiting is None else decoded(waiting[1], waiting[0])[0])
            parts.append(value[behind : word.start()])
            waiting = (charset, content)
        behind = word.end()
    parts.append("" if waiting is None else decoded(waiting[1], waiting[0])[0])
    return " ".join(_INVISIBLE.sub(" ", "".join((*parts, value[behind:]))).split())


def file_name(value: str) -> str:
    r"""A file's name without folders and without what turns it around (`exe.gpj` shown as a photo).

    >>> file_name("../../etc/pass\u202ewd")
    'pass wd'
    """
    name = re.split(r"[/\\]", plain(value))[-1].strip(" .")
    return name[:120] or "file"


def _word(encoding: str, text: str) -> bytes:
    raw = text.encode("ascii", "replace")
    if encoding in "qQ":
        return a2b_qp(raw, header=True)
    trimmed = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    try:
        return a2b_base64(trimmed + b"=" * (-len(trimmed) % 4))
    except BadBase64:
        return a2b_base64(trimmed[:-1] + b"=" * (-len(trimmed[:-1]) % 4))


def _has_bytes(value: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in value)


def _compared(address: str) -> str:
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.lower()}"
