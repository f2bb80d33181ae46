"""Every extension point: what an institution can plug in, as Protocols of at most four methods."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Protocol

from countermand.kernel.errors import BadRequest, Conflict, Forbidden, SetupError, TooLarge, Unavailable
from countermand.transparency.anchors import AnchorReceipt
from countermand.transparency.stamps import StampedTime
from countermand.vocabulary.banking import BankAnswer, BankEntry, Instruction
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage
from countermand.vocabulary.pictures import PictureText
from countermand.vocabulary.vault import ScanReport, StoredObject, WrappedKey


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


class KeyService(Protocol):
    """Holds key-encryption keys, which never leave it, and wraps data keys with the newest of them.

    The contract suite of this port is `tests/adapters/key_services`.
    """

    @property
    def name(self) -> str:
        """What kind of service it is; it stands with every key that it wrapped."""
        ...

    async def newest(self) -> str:
        """The name, with its version, of the key that wraps now. Raises Unavailable."""
        ...

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """A data key of 32 bytes, wrapped; it unwraps only with the same context. Raises Unavailable."""
        ...

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """The data key. Raises Unavailable (`key_service_away`; `key_encryption_key_lost`: nobody has it)."""
        ...


def key_service_away(what: str) -> Unavailable:
    """The refusal while the key service cannot be asked; nothing is read or sealed without it."""
    return Unavailable(
        "key_service_away",
        f"The key service does not answer: {what}.",
        f"密钥服务未应答：{what}。",
    )


def key_lost(service: str, key_name: str) -> Unavailable:
    """The refusal where a key-encryption key is gone; what it wrapped cannot be read until it is back."""
    return Unavailable("key_encryption_key_lost", *_lost(service, key_name), service=service, key=key_name)


def keys_lost(service: str, key_name: str) -> SetupError:
    """The same, for an installation that must not start without it: a new key would open nothing."""
    return SetupError("key_encryption_key_lost", *_lost(service, key_name), service=service, key=key_name)


def _lost(service: str, key_name: str) -> tuple[str, str]:
    en = (
        f"The key-encryption key {key_name} of the key service '{service}' is not there. What it wrapped "
        "cannot be read without it: restore it from its backup. No new key is made in its place."
    )
    zh = (
        f"密钥服务“{service}”缺少密钥加密密钥 {key_name}；没有它，已封存的数据无法读取。"
        "请从备份恢复该密钥，系统不会另建新密钥替代。"
    )
    return en, zh


class ObjectStore(Protocol):
    """Keeps sealed objects of any length under the SHA-256 of their bytes; the same bytes are one object.

    The contract suite of this port is `tests/adapters/objects`.
    """

    async def put(self, pieces: AsyncIterable[bytes]) -> StoredObject:
        """Keep an object; when this returns it is durable, before that it is not there at all.

        Raises Unavailable (`object_store_away`).
        """
        ...

    def get(self, digest: bytes) -> AsyncIterator[bytes]:
        """Its bytes in pieces. Raises Unavailable (`object_store_away`, `object_missing`)."""
        ...

    async def delete(self, digest: bytes) -> None:
        """Forget it; what is not there is passed over. Raises Unavailable."""
        ...

    async def exists(self, digest: bytes) -> bool:
        """Whether it is there, whole. Raises Unavailable."""
        ...


def object_store_away(what: str) -> Unavailable:
    """The refusal while the object store cannot be used."""
    return Unavailable(
        "object_store_away",
        f"The object store cannot be used: {what}.",
        f"对象存储暂不可用：{what}。",
    )


def object_missing(digest: bytes) -> Unavailable:
    """The refusal of an object that ought to be there and is not: restore the store from its backup."""
    return Unavailable(
        "object_missing",
        f"The object {digest.hex()} is not in the object store; restore it from its backup.",
        f"对象存储中缺少对象 {digest.hex()}，请从备份恢复。",
        object=digest.hex(),
    )


class VirusScanner(Protocol):
    """Looks for viruses. The contract suite of this port is `tests/adapters/scanners`."""

    async def scan(self, pieces: AsyncIterable[bytes]) -> ScanReport:
        """What it found in these bytes. Raises Unavailable (`scanner_away`)."""
        ...


def scanner_away(what: str) -> Unavailable:
    """The refusal while the scanner does not answer; what was sent is safe, and is taken up when it does."""
    return Unavailable(
        "scanner_away",
        f"The virus scanner does not answer: {what}. Send the same again; what is here stays.",
        f"病毒扫描服务未应答：{what}。请稍后重试，已上传部分不会丢失。",
    )


class DocumentUnlocker(Protocol):
    """Opens documents that came locked. The contract suite of this port is `tests/adapters/unlockers`."""

    async def unlocked(self, document: bytes, password: str) -> bytes:
        """The same document without its lock; the password is kept nowhere.

        Raises BadRequest (`document_not_locked`, `document_unreadable`), Forbidden
        (`wrong_document_password`).
        """
        ...


def document_not_locked() -> BadRequest:
    """It asks for no password."""
    return BadRequest(
        "document_not_locked",
        "This document asks for no password.",
        "该文件未加密，无需密码。",
        field="document",
    )


def document_unreadable() -> BadRequest:
    """It is no document of its kind, is broken, or takes too long."""
    return BadRequest(
        "document_unreadable",
        "This document cannot be opened: it is no PDF, is damaged, or is locked in a way we cannot open.",
        "无法打开该文件：不是 PDF、已损坏，或加密方式不受支持。",
        field="document",
    )


def wrong_document_password() -> Forbidden:
    """Another one, please: on this page only."""
    return Forbidden(
        "wrong_document_password",
        "This password does not open the document. Type it again here; never send it by mail or chat.",
        "密码不正确。请在此处重新输入；切勿通过邮件或聊天发送密码。",
        field="password",
    )
