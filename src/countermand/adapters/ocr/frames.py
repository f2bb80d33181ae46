"""What goes between a reader and its reading process: frames of four bytes of length and MessagePack."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO

import msgspec

from countermand.kernel.errors import CountermandError
from countermand.vocabulary.pictures import PictureText

FRAME_BYTES_MAX = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Asked(msgspec.Struct, frozen=True):
    """One picture to read."""

    image: bytes

    @staticmethod
    def read(frame: bytes) -> Asked:
        """What a frame asks for. Raises msgspec.ValidationError."""
        return msgspec.msgpack.decode(frame, type=Asked)


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was read, or the refusal: the class of the error, its code and both texts."""

    read: PictureText | None = None
    refused: str | None = None
    error: str = ""
    en: str = ""
    zh: str = ""


def refusal_of(error: CountermandError) -> Answer:
    """A refusal as it goes over."""
    return Answer(refused=type(error).__name__, error=error.code, en=error.text.en, zh=error.text.zh)


ENCODE = msgspec.msgpack.Encoder().encode
ANSWERS = msgspec.msgpack.Decoder(Answer)


def framed(frame: bytes) -> bytes:
    """A frame with its length before it."""
    return _LENGTH.pack(len(frame)) + frame


def write_frame(out: BinaryIO, frame: bytes) -> None:
    """Send a frame."""
    out.write(framed(frame))
    out.flush()


def read_frame(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end. Raises ValueError for one that is too long or cut."""
    head = source.read(_LENGTH.size)
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = source.read(length) if length <= FRAME_BYTES_MAX else b""
    if len(frame) != length:
        raise ValueError("a frame was cut")
    return frame


async def next_frame(source: asyncio.StreamReader) -> bytes:
    """The same for the other side. Raises asyncio.IncompleteReadError, ValueError."""
    (length,) = _LENGTH.unpack(await source.readexactly(_LENGTH.size))
    if length > FRAME_BYTES_MAX:
        raise ValueError("a frame is too long")
    return await source.readexactly(length)
