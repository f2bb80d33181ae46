"""A corpus of mails, made from a seed: what each program does × each charset × each subject, and attacks."""

from __future__ import annotations

import base64
import io
import quopri
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

SEED = 20261122
DESK = "desk@bank.example"
ANSWERED = "case.482910357716.0123456789abcdef.0123456789ab@bank.example"

SAID = (
    "我没有借过这笔钱，请马上停止放款",
    "卡里的三千元不是我转走的",
    "请问怎么修改预留的手机号码？",
    "催收一天打了二十个电话，我要投诉",
)
_TABLES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
LAYOUTS: dict[str, str] = _TABLES["layouts"]
URGENT_SUBJECTS, CALM_SUBJECTS = tuple(_TABLES["urgent"]), tuple(_TABLES["calm"])
# Codec, the name declared for it, and how it travels.
CHARSETS = {
    "utf-8": ("utf-8", "utf-8", "base64"),
    "utf-8-qp": ("utf-8", "UTF-8", "quoted-printable"),
    "utf-8-raw": ("utf-8", "utf-8", "8bit"),
    "gb18030": ("gb18030", "gb18030", "base64"),
    "gb2312": ("gbk", "gb2312", "quoted-printable"),
    "gbk-raw": ("gbk", "x-gbk", "8bit"),
    "hz": ("hz", "hz-gb-2312", "base64"),
    "gbk-said-ascii": ("gbk", "us-ascii", "8bit"),
    "utf-8-said-gb2312": ("utf-8", "gb2312", "8bit"),
    "gbk-said-latin": ("gbk", "iso-8859-1", "8bit"),
    "gbk-unknown-name": ("gbk", "x-unknown-charset", "base64"),
}


@dataclass
class Made:
    """A mail, and what must be read in it."""

    raw: bytes
    said: str | None = None
    name: str = ""
    urgent: bool | None = None
    remarks: set[str] = field(default_factory=set)
    files: int | None = None
    locked: int | None = None
    refused: int | None = None


def head(subject: str = "hi", **more: str) -> bytes:
    """A header in UTF-8 that needs none of it."""
    word = f"=?utf-8?B?{base64.b64encode(subject.encode()).decode()}?=" if subject else ""
    given = {
        "From": "zhang <zhang@qq.example>", "To": DESK, "Subject": word,
        "Date": "Fri, 20 Nov 2026 11:00:00 +0800", "Message-ID": "<m@qq.example>", "MIME-Version": "1.0",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    return "".join(f"{name}: {value}\r\n" for name, value in given.items()).encode("utf-8", "surrogateescape")


def travelling(text: str, codec: str, way: str) -> bytes:
    """A text as it travels."""
    raw = text.replace("\n", "\r\n").encode(codec, "replace")
    if way == "base64":
        return base64.encodebytes(raw)
    return quopri.encodestring(raw) if way == "quoted-printable" else raw


def plain(said: str, charset: str = "utf-8", subject: str = "hi", **more: str) -> bytes:
    """A mail of one text."""
    codec, declared, way = CHARSETS[charset]
    content = {"Content-Type": f"text/plain; charset={declared}", "Content-Transfer-Encoding": way}
    return head(subject, **{**content, **more}) + b"\r\n" + travelling(said, codec, way)


def mixed(*parts: bytes, subject: str = "hi", boundary: str = "b") -> bytes:
    """A mail of several parts, each with its own header."""
    inner = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return (
        head(subject, Content_Type=f'multipart/mixed; boundary="{boundary}"')
        + b"\r\n"
        + inner
        + f"--{boundary}--\r\n".encode()
    )


def text_part(said: str = SAID[0]) -> bytes:
    """A part to read."""
    return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + said.encode()


def file_part(name: str, content: bytes) -> bytes:
    """A part that is a file."""
    title = f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return b"Content-Type: application/octet-stream\r\n" + title.encode() + base64.encodebytes(content)


def zipped(size: int = 10, *, locked: bool = False) -> bytes:
    """A zip of one entry of zeros."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * size)
    raw = bytearray(made.getvalue())
    if locked:
        raw[6] |= 1
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def kindly(seed: int = SEED) -> Iterator[Made]:
    """What nobody means ill with, in the same order for the same seed."""
    chance = random.Random(seed)
    for layout, shape in LAYOUTS.items():
        for charset in CHARSETS:
            said = chance.choice(SAID)
            text = shape.replace("{said}", said)
            raw = plain(text, charset, "Re: hi", In_Reply_To=f"<{ANSWERED}>")
            yield Made(raw, said, f"{layout} in {charset}")
    for subject in URGENT_SUBJECTS:
        yield Made(plain(SAID[0], subject=subject), SAID[0], f"urgent {subject}", urgent=True)
    for subject in CALM_SUBJECTS:
        yield Made(plain(SAID[2], subject=subject), SAID[2], f"calm {subject}", urgent=False)
