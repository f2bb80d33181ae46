"""Every extension point: what an institution can plug in, as Protocols of at most four methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from countermand.kernel.errors import BadRequest, Conflict, TooLarge, Unavailable
from countermand.transparency.anchors import AnchorReceipt
from countermand.transparency.stamps import StampedTime
from countermand.vocabulary.banking import BankAnswer, BankEntry, Instruction
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage
from countermand.vocabulary.pictures import PictureText


class CoreBanking(Protocol):
    """The system that moves the money. It executes an operation once at most, whatever it is told.

    The contract suite of this port is `tests/adapters/banking`; over HTTP it is docs/reference/core-banking.
    """

    async def tell(self, instruction: Instruction) -> BankAnswer:
        """Do what the instruction says, or refuse it for good; again with the same key: the same answer.

        Durable before it answers. Raises Unavailable (`bank_away`: nothing can be known),
        Conflict (`bank_protests`: it does not accept the request itself).
        """
        ...

    async def status(self, key: str) -> BankAnswer | None:
        """What became of an instruction; None where none with this key arrived. Raises Unavailable."""
        ...

    async def entries(self, after: int, count_max: int) -> Sequence[BankEntry]:
        """What was executed behind number `after`, in order. Raises Unavailable."""
        ...


def bank_away(what: str) -> Unavailable:
    """The refusal while core banking cannot be reached; it may have done what it was told all the same."""
    return Unavailable(
        "bank_away",
        f"Core banking does not answer: {what}.",
        f"核心系统未应答：{what}。",
    )


def bank_protests(what: str) -> Conflict:
    """The refusal of a request that core banking does not accept: a signature, a body, a key used twice."""
    return Conflict(
        "bank_protests",
        f"Core banking does not accept our request: {what}.",
        f"核心系统不接受本系统的请求：{what}。",
    )


class Notifier(Protocol):
    """Takes notices to customers through one channel.

    The contract suite of this port is `tests/adapters/notifiers`.
    """

    @property
    def repeats_safely(self) -> bool:
        """Whether the same message twice reaches somebody once: the peer knows it by its id."""
        ...

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        """Hand it over. Raises Unavailable (`sender_away`) only where it has surely not left."""
        ...


class TimestampAuthority(Protocol):
    """Somebody outside who says at what time a digest existed (RFC 3161).

    The contract suite of this port is `tests/adapters/timestamps`.
    """

    async def stamp(self, digest: bytes) -> bytes:
        """A time-stamp token (DER of a CMS ContentInfo) over a SHA-256 digest of 32 bytes, fully checked.

        Raises Unavailable (`tsa_away`), Conflict (`tsa_lies`: an answer that does not hold).
        """
        ...

    async def examine(self, token: bytes, digest: bytes) -> StampedTime:
        """What a kept token says of the digest. Raises Conflict (`tsa_lies`) where it does not hold."""
        ...


def tsa_away(what: str) -> Unavailable:
    """The refusal while no time-stamping authority answers; what was to be stamped is stamped later."""
    return Unavailable(
        "tsa_away",
        f"The time-stamping authority does not answer: {what}.",
        f"时间戳服务机构未应答：{what}。",
    )


def tsa_lies(what: str) -> Conflict:
    """The refusal of a time stamp that does not hold: its signature, its subject, its time."""
    return Conflict(
        "tsa_lies",
        f"The time stamp does not hold: {what}.",
        f"时间戳核验未通过：{what}。",
    )


class Anchor(Protocol):
    """A public chain into which digests are written. Never required: without one, nothing else stops.

    The contract suite of this port is `tests/adapters/anchors`.
    """

    async def publish(self, digest: bytes) -> AnchorReceipt:
        """Send a SHA-256 digest of 32 bytes; the receipt is pending, whatever its state becomes later.

        Twice may be written twice, which harms nothing. Raises Unavailable (`anchor_away`),
        Conflict (`anchor_lies`).
        """
        ...

    async def check(self, receipt: AnchorReceipt) -> AnchorReceipt:
        """The same receipt as it stands now. Raises Unavailable (`anchor_away`), Conflict (`anchor_lies`)."""
        ...


def anchor_away(what: str) -> Unavailable:
    """The refusal while the chain's node does not answer; it may have sent what it was given all the same."""
    return Unavailable(
        "anchor_away",
        f"The anchoring chain's node does not answer: {what}.",
        f"锚定链节点未应答：{what}。",
    )


def anchor_lies(what: str) -> Conflict:
    """The refusal of what a node answered and cannot be so: another chain, another transaction."""
    return Conflict(
        "anchor_lies",
        f"The anchoring chain's node says what cannot be so: {what}.",
        f"锚定链节点的应答自相矛盾：{what}。",
    )


class TextReader(Protocol):
    """Reads the text on a picture. The contract suite of this port is `tests/adapters/ocr`."""

    async def read(self, image: bytes, media_type: str) -> PictureText:
        """All lines, from top to bottom, in the pixels of the picture as it is seen upright.

        What the file said of itself (EXIF) is taken off first and told apart. Nothing is kept. Takes about a
        second of a core, and never longer than its limit. Raises Unavailable (`ocr_absent`: nothing that
        reads is installed; `reader_stuck`: it took too long or too much, and was ended; `reader_busy`),
        BadRequest (`image_unreadable`), TooLarge (`image_too_large`: by its header, before it is decoded).
        """
        ...

    async def close(self) -> None:
        """End what was started for reading."""
        ...


def ocr_absent(engine: str) -> Unavailable:
    """The refusal where nothing that reads pictures is installed."""
    return Unavailable(
        "ocr_absent",
        f"Nothing that reads pictures is installed here ({engine}). Install countermand[ocr], or tesseract "
        "with chi_sim and Pillow; until then somebody types in what the picture shows.",
        f"尚未安装文字识别组件（{engine}）。请安装 countermand[ocr]，"
        "或安装 tesseract（含 chi_sim）与 Pillow；在此之前请人工录入图片内容。",
        engine=engine,
    )


def image_unreadable(what: str) -> BadRequest:
    """The refusal of what is no picture, or none that can be read."""
    return BadRequest(
        "image_unreadable",
        f"This cannot be read as a picture ({what}). Send a PNG, JPEG or WebP of the whole screen.",
        f"无法作为图片读取（{what}）。请发送整屏的 PNG、JPEG 或 WebP 图片。",
    )


def image_too_large(what: str) -> TooLarge:
    """The refusal of a picture beyond the limits, by its header, before it is decoded."""
    return TooLarge(
        "image_too_large",
        f"The picture is too large ({what}); up to 50 million pixels and 32 MiB are read. Send it smaller.",
        f"图片过大（{what}）；最多读取 5000 万像素、32 MiB。请缩小后重新发送。",
    )


def reader_stuck(why: str) -> Unavailable:
    """The refusal where the reader had to be ended over a picture."""
    return Unavailable(
        "reader_stuck",
        f"The reader of pictures gave no answer ({why}) and was ended. Try again, or type it in.",
        f"图片识别未给出结果（{why}），已被终止。请重试，或人工录入。",
    )


def reader_busy(waiting: int) -> Unavailable:
    """The refusal while others wait for the reader."""
    return Unavailable(
        "reader_busy",
        f"The reader of pictures is busy; {waiting} pictures wait for it. Try again in a minute.",
        f"图片识别正忙，已有 {waiting} 张图片等待。请稍候一分钟重试。",
    )
