"""The parts of a message: what is to be read, what came along, and what was left out as too much."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple

from countermand.intake.mail.charsets import decoded
from countermand.intake.mail.files import is_locked, sniffed
from countermand.intake.mail.headers import Fields, file_name, plain
from countermand.intake.mail.pages import page_text

PARTS_MAX = 100
DEPTH_MAX = 8
LETTERS_WITHIN_MAX = 3
FILES_BYTES_MAX = 25 * 1024 * 1024
TEXT_BYTES_MAX = 2 * 1024 * 1024
TEXT_CHARACTERS_MAX = 200_000
# A tree over these is not parsed at all: nobody writes it by hand, and parsing it is the attack.
DECLARED_PARTS_MAX, DECLARED_CONTAINERS_MAX = 1_000, 60

_DECLARED = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_CONTAINERS = re.compile(
    rb"^content-type[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(?:multipart|message)/", re.IGNORECASE | re.MULTILINE
)
_STUB = re.compile(
    r"不支持html|不能显示html|does not support html|html[- ]capable|view (?:this|the) e?-?mail in html",
    re.IGNORECASE,
)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
TNEF = "application/ms-tnef"


class MailFile(NamedTuple):
    """A file that came along: name as sent, type by its bytes, and whether a password closes it."""

    name: str
    media_type: str
    content: bytes
    locked: bool


class RefusedFile(NamedTuple):
    """A file that was not taken, how long it is at most, and why: `too_large` or `too_many`."""

    name: str
    size: int
    why: str


class Parts(NamedTuple):
    """Text to read, files, refused files, what the machine's own parts said, and remarks about the form."""

    text: str
    files: tuple[MailFile, ...]
    refused: tuple[RefusedFile, ...]
    reports: tuple[Message, ...]
    remarks: tuple[str, ...]


def head_of(raw: bytes) -> Message:
    """Only the header of a message, however its body is made."""
    end = _HEAD_END.search(raw, 0, 1024 * 1024)
    return BytesHeaderParser().parsebytes(raw[: end.start() if end else 1024 * 1024] + b"\n\n")


def parts_of(raw: bytes) -> Parts:
    """Everything in a message within the limits; what is over them is named, and the rest is kept.

    A message whose tree is an attack is read as flat text: a person sees that something came, and the bytes.
    """
    if (
        len(_DECLARED.findall(raw)) > DECLARED_PARTS_MAX
        or len(_CONTAINERS.findall(raw)) > DECLARED_CONTAINERS_MAX
    ):
        return _flat(raw, "too_many_parts")
    try:
        message = message_from_bytes(raw)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return _flat(raw, "unreadable")
    walk = _Walk()
    texts = walk.text_of(message, 0, 0)
    remarks = walk.remarks + (["malformed"] if message.defects else [])
    text = "\n".join(part for part in texts if part.strip())[:TEXT_CHARACTERS_MAX]
    return Parts(
        text, tuple(walk.files), tuple(walk.refused), tuple(walk.reports), tuple(dict.fromkeys(remarks))
    )


def _flat(raw: bytes, remark: str) -> Parts:
    """The first text of a message that is not taken apart."""
    end = _HEAD_END.search(raw, 0, 1024 * 1024)
    body = raw[end.end() if end else 0 :][: 64 * 1024]
    text = decoded(body)[0]
    lines = [
        line for line in text.splitlines() if not re.match(r"--\S|content-|mime-version", line, re.IGNORECASE)
    ]
    return Parts("\n".join(lines)[:20_000], (), (), (), (remark,))


class _Walk:
    """Counts what it takes on its way through the tree."""

    def __init__(self) -> None:
        self.files: list[MailFile] = []
        self.refused: list[RefusedFile] = []
        self.reports: list[Message] = []
        self.remarks: list[str] = []
        self._parts = 0
        self._bytes_left = FILES_BYTES_MAX

    def text_of(self, part: Message, depth: int, letters: int) -> list[str]:
        """The texts of a part and of all below it, in order."""
        self._parts += 1
        if self._parts > PARTS_MAX or depth > DEPTH_MAX:
            self.remarks.append("too_many_parts" if depth <= DEPTH_MAX else "too_deep")
            if not part.is_multipart():
                self.refused.append(RefusedFile(_name_of(part), _size(part), "too_many"))
            return []
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            self.reports.append(part)
            return []
        if kind in {"message/rfc822", "text/rfc822-headers"}:
            return self._letter(part, depth, letters)
        if part.is_multipart():
            children = [one for one in part.get_payload() if isinstance(one, Message)]
            if kind == "multipart/alternative":
                return self._alternative(children, depth, letters)
            return [text for child in children for text in self.text_of(child, depth + 1, letters)]
        if kind.startswith("multipart/"):
            # It says it has parts and has none that can be told apart.
            self.remarks.append("malformed")
            return [self._read(part, "text/plain")]
        named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
        if kind in {"text/plain", "text/html", "text/enriched"} and not named:
            return [self._read(part, kind)]
        self._take(part, kind)
        return []

    def _alternative(self, children: list[Message], depth: int, letters: int) -> list[str]:
        """One of the ways in which the same is said: the plain one, unless it only points to the other."""
        said: list[tuple[str, str]] = []
        for child in children:
            text = "\n".join(self.text_of(child, depth + 1, letters))
            said.append((child.get_content_type(), text))
        plains = [text for kind, text in said if kind == "text/plain" and text.strip()]
        others = [text for kind, text in said if kind != "text/plain" and text.strip()]
        if plains and others:
            words = plains[0].strip()
            stub = _STUB.search(words) and len(words) < 400
            return others[-1:] if stub or len(words) * 10 < len(others[-1].strip()) else plains[:1]
        return plains[:1] or others[-1:]

    def _letter(self, part: Message, depth: int, letters: int) -> list[str]:
        """A message within: its text follows, marked; beyond three of them only their number is told."""
        payload = part.get_payload()
        inner = (
            payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None
        )
        self.reports.append(part)
        if inner is None:
            return []
        if letters >= LETTERS_WITHIN_MAX:
            self.remarks.append("too_deep")
            return []
        fields = Fields(inner)
        head = [f"{name}: {fields.text(key)}" for name, key in (("From", "from"), ("Subject", "subject"))]
        inside = self.text_of(inner, depth + 1, letters + 1)
        return ["[附件中的邮件 attached message]\n" + "\n".join(head), *inside]

    def _read(self, part: Message, kind: str) -> str:
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if len(content) > TEXT_BYTES_MAX:
            self.remarks.append("text_cut")
            content = content[:TEXT_BYTES_MAX]
        declared = _parameter(part, "charset")
        text, as_declared = decoded(content, declared)
        if not as_declared and declared:
            self.remarks.append("charset_wrong")
        if b"\0" in content:
            self.remarks.append("nul_bytes")
        return page_text(text) if kind == "text/html" else text

    def _take(self, part: Message, kind: str) -> None:
        name, size = _name_of(part), _size(part)
        if size > self._bytes_left:
            self.refused.append(RefusedFile(name, size, "too_large"))
            return
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if len(content) > self._bytes_left:
            self.refused.append(RefusedFile(name, len(content), "too_large"))
            return
        if not content and name == "file":
            return
        self._bytes_left -= len(content)
        media_type = sniffed(content)
        if kind == TNEF or name.lower() == "winmail.dat" or media_type == TNEF:
            media_type = TNEF
            self.remarks.append("tnef_not_opened")
        self.files.append(MailFile(name, media_type, content, is_locked(content, media_type)))


def _name_of(part: Message) -> str:
    """A file's name by either field, RFC 2231, encoded words, or raw bytes."""
    try:
        name = part.get_filename()
    except (LookupError, ValueError, TypeError, AttributeError):
        name = None
    if name is None:
        return "file"
    return file_name(plain(str(name)))


def _parameter(part: Message, name: str) -> str | None:
    try:
        value = part.get_param(name)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    if isinstance(value, tuple):
        value = value[2]
    return None if value is None else str(value)[:40]


def _size(part: Message) -> int:
    """How long a part is once decoded, told without decoding it; a little too long for untidy base64."""
    payload = part.get_payload()
    text = payload if isinstance(payload, str) else ""
    if str(part.get("content-transfer-encoding", "")).strip().lower() != "base64":
        return len(text)
    signs = len(text) - text.count("\n") - text.count("\r")
    return signs * 3 // 4 - text[-8:].count("=")
