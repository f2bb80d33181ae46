"""The contract of TextReader over every engine that is installed, and what is refused before reading."""

from __future__ import annotations

import asyncio
import io
import signal
import struct
import sys
import zlib
from pathlib import Path

import pytest

from countermand.adapters.ocr import reader as reading
from countermand.adapters.ocr.reader import ProcessReader, is_installed
from countermand.app import readings
from countermand.kernel.errors import BadRequest, SetupError, TooLarge, Unavailable
from countermand.settings import Settings
from countermand.vocabulary.pictures import PictureText

FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
)
ENGINES = ("rapidocr", "tesseract")


def screen() -> bytes:
    """A small receipt, with what a camera would say of itself in its file."""
    image_module = pytest.importorskip("PIL.Image", reason="NOT CHECKED: countermand[ocr] is not installed")
    from PIL import ImageDraw, ImageFont

    font = next((one for one in FONTS if Path(one[0]).is_file()), None)
    if font is None:
        pytest.skip("NOT CHECKED: no Chinese font is installed here")
    image = image_module.new("RGB", (640, 420), "white")
    draw = ImageDraw.Draw(image)
    for y, text, size in (
        (30, "交易成功", 34),
        (110, "-6584.85", 60),
        (230, "订单号", 30),
        (320, "2026-11-06 03:37:12", 30),
    ):
        draw.text((60, y), text, font=ImageFont.truetype(font[0], size, index=font[1]), fill="black")
    draw.text((240, 230), "300000123456", font=ImageFont.truetype(font[0], 30, index=font[1]), fill="black")
    exif = image_module.Exif()
    exif[271], exif[306] = "Maker", "2026:11:06 08:00:00"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """The header of a PNG of this size, with next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_engine_keeps_the_contract(engine):
    """Lines with boxes and confidence, metadata apart; refusals by header; killed, it starts again."""
    if not is_installed(engine):
        pytest.skip(f"NOT CHECKED: {engine} is not installed")
    reader = ProcessReader(engine, seconds_max=60)
    picture = screen()
    try:
        found = await reader.read(picture, "image/jpeg")
        _assert_read(found, engine)
        with pytest.raises(TooLarge) as refusal:
            await reader.read(bomb(60_000, 60_000), "image/png")
        assert refusal.value.code == "image_too_large"
        assert refusal.value.text.zh
        cut, strip = picture[: len(picture) // 8], bomb(2000, 4)
        for broken in (cut, strip, b"\x89PNG\r\n\x1a\n", bomb(300, 300), b"GIF89a"):
            with pytest.raises(BadRequest) as refusal:
                await reader.read(broken, "image/png")
            assert refusal.value.code == "image_unreadable"
        process = reader._process
        assert process is not None
        environment = await asyncio.to_thread(_environment, process.pid)
        assert not [one for one in environment if one.startswith("COUNTERMAND")]
    finally:
        await reader.close()
    assert process.returncode == -signal.SIGKILL


def _environment(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")


def _assert_read(found: PictureText, engine: str) -> None:
    said = "".join(one.text for one in found.lines).replace(" ", "")
    assert "6584.85" in said
    assert "300000123456" in said
    assert found.reader.startswith(f"{engine}@")
    assert (found.width, found.height) == (640, 420)
    assert found.metadata["make"] == "Maker"
    amount = next(one for one in found.lines if "6584" in one.text)
    (left, top), (right, _), (_, bottom), _ = amount.box
    assert 40 <= left < right <= 400
    assert 90 <= top < bottom <= 200
    assert 0.3 <= amount.confidence <= 1


async def test_what_is_no_picture_is_refused_without_a_process():
    """A text, and a file of forty megabytes, are refused before anything is started."""
    reader = ProcessReader("rapidocr")
    with pytest.raises(BadRequest):
        await reader.read(b"hello", "text/plain")
    with pytest.raises(TooLarge):
        await reader.read(bytes(40 * 1024 * 1024), "image/png")
    assert reader._process is None


@pytest.mark.parametrize(
    ("wanted", "installed", "found"),
    [
        ("auto", {"rapidocr", "tesseract"}, "rapidocr"),
        ("auto", {"tesseract"}, "tesseract"),
        ("auto", set(), None),
        ("off", {"rapidocr"}, None),
        ("tesseract", {"rapidocr", "tesseract"}, "tesseract"),
        ("tesseract", {"rapidocr"}, "ocr_absent"),
        ("nobody", {"rapidocr"}, "bad_setting"),
    ],
)
def test_the_setting_names_who_reads(monkeypatch, wanted, installed, found):
    """What is named must be there; what is not named is the better one that is."""
    monkeypatch.setattr(readings, "is_installed", installed.__contains__)
    if found in ("ocr_absent", "bad_setting"):
        with pytest.raises(SetupError) as refusal:
            readings.reading_engine(Settings(reading=wanted))
        assert refusal.value.code == found
    else:
        assert readings.reading_engine(Settings(reading=wanted)) == found


async def test_a_missing_engine_says_what_to_install(monkeypatch):
    """Without the extra, the refusal names it in both languages."""
    monkeypatch.setattr(reading, "is_installed", lambda _engine: False)
    with pytest.raises(Unavailable) as refusal:
        await ProcessReader("rapidocr").read(b"x", "image/png")
    assert refusal.value.code == "ocr_absent"
    assert "countermand[ocr]" in refusal.value.text.en
    assert "countermand[ocr]" in refusal.value.text.zh


async def started(reader: ProcessReader, before: object) -> asyncio.subprocess.Process:
    """The process that takes the place of the one before."""
    async with asyncio.timeout(20):
        while (process := reader._process) is None or process is before:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    return process


ECHO = """
import os, sys
from countermand.adapters.ocr.frames import ENCODE, Answer, read_frame, write_frame
from countermand.vocabulary.pictures import PictureText
while (frame := read_frame(sys.stdin.buffer)) is not None:
    if b"end" in frame:
        sys.exit(3)
    if b"hang" in frame:
        import time
        time.sleep(60)
    read = PictureText(lines=(), width=1, height=1, reader=f"echo@{os.getpid()}")
    write_frame(sys.stdout.buffer, ENCODE(Answer(read=read)))
"""


async def test_a_process_is_ended_when_stuck_broken_or_idle(monkeypatch):
    """Whatever becomes of the process, nobody waits for ever, and the next picture finds a new one."""
    monkeypatch.setattr(reading, "is_installed", lambda _engine: True)
    reader = ProcessReader("echo", seconds_max=30, idle_seconds_max=60, program=(sys.executable, "-c", ECHO))
    first = await reader.read(b"x", "image/png")
    assert (await reader.read(b"x", "image/png")).reader == first.reader, "one process serves many pictures"
    for picture, seconds, why in ((b"end", 30, "ended"), (b"hang", 0.2, "no answer")):
        await reader.read(b"x", "image/png")
        gone = reader._process
        reader.seconds_max = seconds
        with pytest.raises(Unavailable, match=why) as refusal:
            await reader.read(picture, "image/png")
        assert refusal.value.code == "reader_stuck"
        assert gone.returncode is not None
        reader.seconds_max = 30
    reader.idle_seconds_max = 0.0
    assert (await reader.read(b"x", "image/png")).reader != first.reader
    idle = reader._process
    assert await idle.wait() == -signal.SIGKILL
    reader.idle_seconds_max = 60
    waiting = asyncio.create_task(reader.read(b"hang", "image/png"))
    left = await started(reader, idle)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert left.returncode == -signal.SIGKILL, "when nobody waits any more, nobody reads"
    reader._waiting = reading.WAITING_MAX
    with pytest.raises(Unavailable, match="busy"):
        await reader.read(b"x", "image/png")
    await reader.close()
