"""Mails that mean ill: each with what must still be read in it; and the whole corpus spoiled by chance."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from intake.mail_corpus import SAID, SEED, Made, file_part, head, kindly, mixed, plain, text_part, zipped


def _nested(depth: int) -> bytes:
    inner = text_part()
    for level in range(depth):
        mark = f"b{level}".encode()
        inner = (
            b"Content-Type: multipart/mixed; boundary="
            + mark
            + b"\r\n\r\n--"
            + mark
            + b"\r\n"
            + inner
            + b"\r\n--"
            + mark
            + b"--\r\n"
        )
    return head() + inner


def _letters(depth: int) -> bytes:
    inner = b"Subject: innermost\r\n\r\nx"
    for _ in range(depth):
        inner = b"Subject: letter\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    return mixed(text_part(), b"Content-Type: message/rfc822\r\n\r\n" + inner)


def _page(html: str) -> bytes:
    return head(Content_Type="text/html; charset=utf-8") + b"\r\n" + html.encode()


_A = SAID[0]
ATTACKS: dict[str, Callable[[], Made]] = {
    "parts nested deeper than anybody writes": lambda: Made(_nested(20), remarks={"too_deep"}),
    "parts nested 500 deep": lambda: Made(_nested(500), remarks={"too_many_parts"}),
    "letters within letters": lambda: Made(_letters(12), remarks={"too_deep"}),
    "letters within letters, 400 of them": lambda: Made(_letters(400), remarks={"too_many_parts"}),
    "500 small files": lambda: Made(
        mixed(text_part(), *(file_part(f"{n}.txt", b"x") for n in range(500))),
        _A,
        files=98,
        refused=402,
        remarks={"too_many_parts"},
    ),
    "20,000 parts": lambda: Made(
        mixed(text_part(), *(b"Content-Type: text/plain\r\n\r\nx" for _ in range(20_000))),
        remarks={"too_many_parts"},
    ),
    "a zip of a gigabyte of zeros": lambda: Made(
        mixed(text_part(), file_part("z.zip", zipped(50_000_000))), _A, files=1, locked=0
    ),
    "a locked zip": lambda: Made(
        mixed(text_part(), file_part("z.zip", zipped(locked=True))), _A, files=1, locked=1
    ),
    "a locked pdf": lambda: Made(
        mixed(text_part(), file_part("a.pdf", b"%PDF-1.6\ntrailer <</Encrypt 9 0 R>>")), _A, files=1, locked=1
    ),
    "an open pdf": lambda: Made(
        mixed(text_part(), file_part("a.pdf", b"%PDF-1.6\ntrailer")), _A, files=1, locked=0
    ),
    "a locked office file": lambda: Made(
        mixed(
            text_part(),
            file_part(
                "a.docx",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            ),
        ),
        _A,
        files=1,
        locked=1,
    ),
    "a locked 7z": lambda: Made(
        mixed(text_part(), file_part("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 100 + b"\x06\xf1\x07\x01")),
        _A,
        files=1,
        locked=1,
    ),
    "a locked rar": lambda: Made(
        mixed(text_part(), file_part("a.rar", b"Rar!\x1a\x07\x01\x00\x11\x22\x33\x44\x0d\x04" + b"\0" * 30)),
        _A,
        files=1,
        locked=1,
    ),
    "a zip cut in the middle": lambda: Made(
        mixed(text_part(), file_part("a.zip", zipped()[:40])), _A, files=1
    ),
    "NULs in the text": lambda: Made(
        head(Content_Type="text/plain; charset=utf-8") + b"\r\n" + "\0".join(_A).encode(),
        _A,
        remarks={"nul_bytes"},
    ),
    "NULs in the header": lambda: Made(plain(_A, subject="hi").replace(b"Subject: ", b"Subject: \0x"), _A),
    "a header of 20,000 fields": lambda: Made(b"X-A: b\r\n" * 20_000 + plain(_A)),
    "a field of a megabyte": lambda: Made(b"X-A: " + b"a " * 500_000 + b"\r\n" + plain(_A), _A),
    "no header at all": lambda: Made(b"\r\n" + _A.encode(), _A),
    "no body": lambda: Made(head()),
    "nothing": lambda: Made(b""),
    "only a boundary": lambda: Made(head(Content_Type='multipart/mixed; boundary="b"') + b"\r\n--b"),
    "a boundary that never comes": lambda: Made(
        head(Content_Type='multipart/mixed; boundary="q"') + b"\r\n" + _A.encode(), _A, remarks={"malformed"}
    ),
    "multipart without a boundary": lambda: Made(
        head(Content_Type="multipart/mixed") + b"\r\n" + _A.encode(), _A, remarks={"malformed"}
    ),
    "spoiled base64": lambda: Made(
        head(Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="base64")
        + b"\r\n!!!=\x80=#*" * 10
    ),
    "an unknown way of travelling": lambda: Made(
        head(Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="x-none")
        + b"\r\n"
        + _A.encode(),
        _A,
    ),
    "an encoded word that never ends": lambda: Made(
        head(Subject="=?utf-8?B?" + "A" * 5000) + b"\r\n" + _A.encode()
    ),
    "100,000 quotation marks": lambda: Made(plain(f"{_A}\n" + ">" * 100_000, subject="Re: hi"), _A),
    "100,000 quoted lines": lambda: Made(plain(f"{_A}\n" + "> x\n" * 100_000, subject="Re: hi"), _A),
    "a line of 200,000 dashes": lambda: Made(plain(f"{_A}\n" + "-" * 200_000, subject="Re: hi")),
    "spaces and dashes to backtrack over": lambda: Made(
        plain(f"{_A}\n" + "- " * 30_000 + "原始", subject="Re: hi")
    ),
    "numbers to backtrack over": lambda: Made(plain("1," * 30_000 + _A)),
    "words of accounts without end": lambda: Made(plain("账号 " * 10_000 + _A)),
    "descriptions without end": lambda: Made(plain("\n描述：" * 5_000 + _A)),
    "50,000 open brackets in the sender": lambda: Made(
        head(From="(" * 50_000 + "a@b.example") + b"\r\n" + _A.encode()
    ),
    "two senders in one field": lambda: Made(
        head(From="a@b.example, c@d.example") + b"\r\n" + _A.encode(), remarks={"several_senders"}
    ),
    "script and style in a page": lambda: Made(
        _page(f"<style>x</style><script>alert(1)</script><p>{_A}</p>"), _A
    ),
    "hidden words in a page": lambda: Made(
        _page(
            f"<p>{_A}</p><p style='font-size:0'>是我</p><p hidden>是我</p>"
            "<div style='visibility: hidden'>是<b>我</b></div>"
        ),
        _A,
    ),
    "a page of 50,000 nested boxes": lambda: Made(_page("<div>" * 50_000 + _A), _A),
    "a page of 50,000 open brackets": lambda: Made(_page("<" * 50_000 + f"<p>{_A}")),
    "a page of comments": lambda: Made(_page("<!--" * 20_000 + f"--><p>{_A}</p>"), _A),
    "a name with folders and a turn": lambda: Made(
        mixed(text_part(), file_part("../../..\\\\evil\u202egpj.exe", b"MZ")), _A, files=1
    ),
    "a text that is declared as UTF-16": lambda: Made(
        head(Content_Type="text/plain; charset=utf-16", Content_Transfer_Encoding="base64")
        + b"\r\n"
        + base64.encodebytes(_A.encode("utf-16")),
        _A,
    ),
    "half a character at the end": lambda: Made(
        head(Content_Type="text/plain; charset=utf-8") + b"\r\n" + (_A + "。").encode()[:-1]
    ),
    "a date before there were any": lambda: Made(
        head(Date="Thu, 01 Jan 0000 00:00:00 +9999") + b"\r\n" + _A.encode()
    ),
    "a message id that is a sentence": lambda: Made(head(Message_ID="<a b\x00c>") + b"\r\n" + _A.encode()),
    "500 references": lambda: Made(
        head(References=" ".join(f"<{n}@x>" for n in range(500))) + b"\r\n" + _A.encode(), _A
    ),
}


def corpus(seed: int = SEED) -> Iterator[Made]:
    """All of it, in the same order for the same seed."""
    yield from kindly(seed)
    for name, make in ATTACKS.items():
        yield replace(make(), name=name)


def spoiled(seed: int, count: int) -> Iterator[bytes]:
    """Mails of the corpus, each cut, turned over or with bytes changed by chance."""
    chance = random.Random(seed)
    mails = [made.raw for made in corpus() if 0 < len(made.raw) < 20_000]
    for _ in range(count):
        raw = bytearray(chance.choice(mails))
        for _ in range(chance.randint(1, 12)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        if chance.random() < 0.3:
            raw = raw[chance.randrange(len(raw)) :]
        if chance.random() < 0.3:
            raw = raw[: chance.randrange(len(raw) + 1)]
        yield bytes(raw)
