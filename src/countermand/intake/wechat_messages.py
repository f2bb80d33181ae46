"""The messages of an official account: read from XML without entities, and answered in XML."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from xml.parsers import expat

from countermand.intake.wechat import unreadable
from countermand.kernel.canonical import digest
from countermand.kernel.text import Text

BODY_BYTES_MAX = 64 * 1024
FIELDS_MAX = 64
DEPTH_MAX = 3
# Of a passive reply and of a customer-service message alike.
TEXT_BYTES_MAX = 2048
_ENDS = "。！？；.!?;\n"
WELCOME = Text(
    en="This is the official account. Something you did not do? Write “not me” here, and we stop it"
    " first; any message gets a case number. We never ask for your password or a one-time code, and"
    " never ask you to move money first.",
    zh="这里是官方公众号。发现非本人操作，请直接回复“不是我”，我们先停住再慢慢说；每一条诉求都有案件编号。"
    "我们不会索要密码或验证码，也不会要求您先转账。",
)


class Kind(StrEnum):
    """What a message is; those that are not listed are told by their name."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    SHORT_VIDEO = "shortvideo"
    LOCATION = "location"
    LINK = "link"
    EVENT = "event"


MEDIA = frozenset({Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.SHORT_VIDEO})
_MEDIA_WORDS = {Kind.IMAGE: "[图片 image]", Kind.VOICE: "[语音 voice]"}
# Menu buttons whose key says what the customer wants to say.
_PRESSED = {"not_me": "不是我操作的", "person": "转人工"}


class WechatMessage(NamedTuple):
    """One message. `sender` is the openid, personal data; `made_at` in seconds; `fields` are all of it."""

    sender: str
    receiver: str
    made_at: int
    kind: str
    fields: Mapping[str, str]

    @property
    def key(self) -> str:
        """What names it: MsgId, and for events, which have none, a digest of sender, time and event."""
        given = self.fields.get("MsgId", "")
        if given.isascii() and given.isdigit():
            return given
        event = f"{self.sender}\0{self.made_at}\0{self.kind}\0{self.event}\0{self.fields.get('EventKey', '')}"
        return f"event-{digest(event.encode()).hex()[:32]}"

    @property
    def event(self) -> str:
        """What happened (subscribe, unsubscribe, click, …), in small letters; empty of a message."""
        return self.fields.get("Event", "").lower() if self.kind == Kind.EVENT else ""

    @property
    def media(self) -> str | None:
        """Under which name the platform keeps its file for three days."""
        return (self.fields.get("MediaId") or None) if self.kind in MEDIA else None

    @property
    def said(self) -> str | None:
        """What a person reads in it; None of an event that says nothing."""
        fields = self.fields
        if self.kind == Kind.TEXT:
            return fields.get("Content", "")
        if self.kind == Kind.EVENT:
            return _PRESSED.get(fields.get("EventKey", "").lower()) if self.event == "click" else None
        if self.kind in MEDIA:
            heard = fields.get("Recognition", "")
            return f"{_MEDIA_WORDS.get(Kind(self.kind), '[视频 video]')} {heard}".strip()
        if self.kind == Kind.LOCATION:
            place = (fields.get("Label", ""), fields.get("Location_X", ""), fields.get("Location_Y", ""))
            return f"[位置 location] {' '.join(place)}".strip()
        if self.kind == Kind.LINK:
            parts = (fields.get("Title", ""), fields.get("Description", ""), fields.get("Url", ""))
            return f"[链接 link] {' '.join(parts)}".strip()
        return f"[{self.kind[:32]}]"


def fields_of(body: bytes) -> dict[str, str]:
    """The elements of a message and what stands in them, one level deep (`Outer.Inner` below).

    No document type, no entity but those of XML itself, at most 64 KiB, 64 elements, 3 levels. Raises
    BadRequest (`wechat_unreadable`).
    """
    if len(body) > BODY_BYTES_MAX:
        raise unreadable()
    found: dict[str, str] = {}
    path: list[str] = []

    def begin(name: str, _marks: object) -> None:
        path.append(name)
        if len(path) > DEPTH_MAX or len(found) > FIELDS_MAX:
            raise unreadable()

    def say(text: str) -> None:
        if len(path) > 1:
            name = ".".join(path[1:])
            found[name] = found.get(name, "") + text

    def end(_name: str) -> None:
        path.pop()

    def refuse(*_told: object) -> None:
        raise unreadable()

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = say
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = parser.ProcessingInstructionHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise unreadable() from None
    return {name: text if "." in name else text.strip("\r\n") for name, text in found.items()}


def read_message(body: bytes) -> WechatMessage:
    """A message in clear. Raises BadRequest (`wechat_unreadable`)."""
    fields = fields_of(body)
    names = ("FromUserName", "ToUserName", "CreateTime", "MsgType")
    sender, receiver, made_at, kind = (fields.get(name, "").strip() for name in names)
    good = 0 < len(sender) <= 128 and kind and made_at.isascii() and made_at.isdigit() and len(made_at) < 12
    if not good:
        raise unreadable()
    return WechatMessage(sender, receiver, int(made_at), kind, fields)


def reply_xml(message: WechatMessage, text: str, now_seconds: int) -> bytes:
    """The passive reply with a text."""
    return (
        f"<xml><ToUserName>{_cdata(message.sender)}</ToUserName>"
        f"<FromUserName>{_cdata(message.receiver)}</FromUserName>"
        f"<CreateTime>{now_seconds}</CreateTime><MsgType>{_cdata('text')}</MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    ).encode()


def sealed_xml(cipher: str, signature: str, timestamp: str, nonce: str) -> bytes:
    """An encrypted reply."""
    return (
        f"<xml><Encrypt>{_cdata(cipher)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    ).encode()


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def shortened(text: str, bytes_max: int = TEXT_BYTES_MAX) -> str:
    """The text, or as many of its sentences as fit; never half of a character.

    >>> shortened("已收到。请稍候。", 15)
    '已收到。'
    """
    whole = text.encode()
    if len(whole) <= bytes_max:
        return text
    cut = whole[:bytes_max].decode(errors="ignore")
    end = max(cut.rfind(mark) for mark in _ENDS)
    return cut[: end + 1] if end > 0 else cut
