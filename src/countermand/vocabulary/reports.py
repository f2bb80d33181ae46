"""What somebody said through a channel, in one form for all of them, and how sure we are of who said it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.triage import Answers


class Channel(StrEnum):
    """The official ways to reach the institution.

    door: the public one without login. api: the institution's own systems, which relay a customer of theirs.
    """

    APP = "app"
    CHAT = "chat"
    EMAIL = "email"
    WECHAT = "wechat"
    HOTLINE = "hotline"
    BRANCH = "branch"
    DOOR = "door"
    IMPORT = "import"


class Standing(StrEnum):
    """How sure it is that the sender is who they say.

    proven: signed in at the institution, or two proofs at a counter. likely: one weak sign that can be forged
    (caller id, a known address). claimed: they say so. unnamed: they say nothing about who they are.
    """

    PROVEN = "proven"
    LIKELY = "likely"
    CLAIMED = "claimed"
    UNNAMED = "unnamed"


# A sign of a sender: they hold the number and the secret of the case they write to.
RECEIPT = "receipt"


class Sender(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who it came from: `address` as the channel knows them (mail address, openid, number), personal data."""

    address: str | None = None
    standing: Standing = Standing.UNNAMED
    signs: tuple[str, ...] = ()


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came along: its name as sent, the type found in its bytes, and the bytes."""

    name: str
    media_type: str
    content: bytes


class Report(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing said. `raw` is what came, byte for byte; `text` what a person reads in it.

    `key` names it within its channel (Message-ID, MsgId, Idempotency-Key): told again, it is the same report.
    Instants are microseconds UTC; `said_at` is what the sender's side claims. `account` and `person` are the
    institution's handles, as far as known, of whom it is about. `operations` are those named as not wanted;
    `stop` is what the sender asks to stop. `thread` is what it answers: a case's number, a conversation.
    `answers` are answers to structured questions. `found` is what a machine read in it beside: codes, counts,
    instants and amounts, never personal data; it stands in the case's event. `answer_later`: the channel
    carries the answer back by itself, from the outbox; `told_by_channel`: it tells the account's holder too.
    `media` are names under which the channel keeps files that came along: they are fetched after the answer.
    """

    channel: Channel
    key: str
    received_at: int
    raw: bytes
    text: str
    sender: Sender = Sender()
    said_at: int | None = None
    language: str | None = None
    account: str | None = None
    person: str | None = None
    operations: tuple[str, ...] = ()
    stop: Preset | None = None
    answers: Answers = Answers()
    attachments: tuple[Attached, ...] = ()
    thread: str | None = None
    found: dict[str, Any] = {}
    answer_later: bool = False
    media: tuple[str, ...] = ()
    told_by_channel: bool = False


def answers_port(channel: Channel) -> str:
    """The port of the outbox that carries answers back through a channel.

    >>> answers_port(Channel.EMAIL)
    'answers.email'
    """
    return f"answers.{channel.value}"


def media_port(channel: Channel) -> str:
    """The port of the outbox that fetches files which a channel keeps.

    >>> media_port(Channel.WECHAT)
    'media.wechat'
    """
    return f"media.{channel.value}"
