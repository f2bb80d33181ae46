"""Goal: whatever the channel, a notice arrives as it was worded, and what came of it is told as it is.

Method: one contract for every notifier, against peers on loopback: a mail server (aiosmtpd), an HTTP gateway
that speaks like Kannel (the real one is in test_kannel), and a receiver that checks signatures.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from aiosmtpd.controller import Controller

from countermand.adapters.notifiers.email import EmailNotifier, letter_of
from countermand.adapters.notifiers.sms import SmsNotifier
from countermand.adapters.notifiers.webhook import WebhookNotifier
from countermand.adapters.senders.kannel import Kannel
from countermand.adapters.senders.relay import SmtpRelay
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError, Unavailable
from countermand.kernel.signed_posts import KEY, SIGNATURE, TIMESTAMP
from countermand.kernel.text import Text
from countermand.vocabulary.notices import Notice, NoticeMessage, Taken, Urgency, Words

NOON = 1_795_233_600_000_000
SECRET = b"s" * 32
GONE = "gone"


def message(name: str = "n-1.x-1", to: str = "a@example.org", language: str = "zh") -> NoticeMessage:
    """A notice as a channel gets it."""
    notice = Notice(
        id="n-1", kind="test", account="a-1", person=None, values={"operation": "op-1"},
        urgency=Urgency.SECURITY, at=NOON,
    )  # fmt: skip
    words = Words(
        title=Text(en="On hold: <b>a payment</b>", zh="已暂缓：付款"),
        text=Text(en="Nothing has left.", zh="资金尚未转出。"),
        sms=Text(en="Reply N 4156", zh="请回复 N 4156"),
    )
    return NoticeMessage(id=name, notice=notice, to=to, language=language, words=words)


@dataclass
class Peer:
    """Who is at the other end: what arrived, and how to be."""

    notifier: Any
    arrived: list[Any] = field(default_factory=list)
    refuse: bool = False
    away: bool = False
    hang: bool = False
    to: str = "a@example.org"


class _Mailbox:
    """What the mail server does with a message."""

    def __init__(self) -> None:
        self.peer: Peer

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.peer.away:
            return "451 try later"
        if self.peer.refuse:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.peer.arrived.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@asynccontextmanager
async def mail_peer() -> AsyncIterator[Peer]:
    """A mail server on loopback."""
    box = _Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    relay = SmtpRelay(f"smtp://127.0.0.1:{controller.port}", "bank@example.com")
    box.peer = Peer(EmailNotifier(relay))
    try:
        yield box.peer
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Answering = Callable[[Peer, str, dict[str, str], bytes], tuple[int, str]]


@asynccontextmanager
async def http_peer(make: Callable[[str], Any], answering: Answering) -> AsyncIterator[Peer]:
    """An HTTP/1.1 server that answers as it is told, one request a connection."""
    peer = Peer(None)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, text = answering(peer, head[0].split(" ")[1], headers, body)
        if not peer.hang:
            payload = text.encode()
            start = f"HTTP/1.1 {status} X\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
            writer.write(start.encode() + payload)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.notifier = make(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        yield peer


def _as_kannel(peer: Peer, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """As smsbox answers sendsms: 202 and a number, 403, 503 (gw/smsbox.c)."""
    if peer.away:
        return 503, "Temporal failure, try again later."
    if peer.refuse:
        return 400, "Number(s) has/have been denied by white- and/or black-lists."
    asked = {name: one[0] for name, one in parse_qs(urlsplit(target).query).items()}
    assert (asked["username"], asked["charset"]) == ("me", "UTF-8")
    peer.arrived.append(asked)
    return 202, "0: Accepted for delivery"


@asynccontextmanager
async def sms_peer() -> AsyncIterator[Peer]:
    """A gateway that speaks like Kannel."""
    made: list[Kannel] = []

    def make(base: str) -> SmsNotifier:
        made.append(Kannel(f"{base}/cgi-bin/sendsms?username=me&password=it"))
        return SmsNotifier(made[0])

    async with http_peer(make, _as_kannel) as peer:
        peer.to = "+8613800000001"
        yield peer
    await made[0].close()


def _as_receiver(peer: Peer, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """As docs/how-to/tell-customers says a receiver does."""
    if peer.away:
        return 500, ""
    if peer.refuse:
        return 410, GONE
    stamp = headers[TIMESTAMP.lower()]
    good = "v1=" + hmac.new(SECRET, stamp.encode() + b"." + body, sha256).hexdigest()
    if not hmac.compare_digest(good, headers[SIGNATURE.lower()]) or abs(int(stamp) - NOON // 10**6) > 300:
        return 401, ""
    if headers[KEY.lower()] not in [one["key"] for one in peer.arrived]:
        peer.arrived.append({"key": headers[KEY.lower()], **msgspec.json.decode(body)})
    return 204, ""


@asynccontextmanager
async def webhook_peer() -> AsyncIterator[Peer]:
    """A receiver of the institution's."""
    made: list[WebhookNotifier] = []

    def make(base: str) -> WebhookNotifier:
        made.append(WebhookNotifier(f"{base}/notices", SECRET, ManualClock(NOON)))
        return made[0]

    async with http_peer(make, _as_receiver) as peer:
        peer.to = ""
        yield peer
    await made[0].close()


PEERS = {"email": mail_peer, "sms": sms_peer, "webhook": webhook_peer}


@pytest.fixture(params=PEERS)
async def peer(request: Any) -> AsyncIterator[Peer]:
    """Each notifier, with its peer."""
    async with PEERS[request.param]() as found:
        yield found


async def test_what_is_taken_has_arrived(peer: Peer) -> None:
    """Accepted, once, and what was said holds no address."""
    answer = await peer.notifier.send(message(to=peer.to))
    assert (answer.taken, len(peer.arrived)) == (Taken.ACCEPTED, 1)
    assert not peer.to or peer.to not in str(answer.said)


async def test_a_refusal_is_for_good(peer: Peer) -> None:
    """The address, the number or the receiver is gone: no exception, another way is taken."""
    peer.refuse = True
    answer = await peer.notifier.send(message(to=peer.to))
    assert answer.taken is Taken.REFUSED
    assert not peer.to or peer.to not in str(answer.said)


async def test_who_is_away_is_tried_again(peer: Peer) -> None:
    """Nothing has arrived, and the address stands in no text."""
    peer.away = True
    with pytest.raises(Unavailable, match="sender_away") as away:
        await peer.notifier.send(message(to=peer.to))
    assert (peer.arrived, peer.to and peer.to in away.value.text.en) in (([], False), ([], ""))


async def test_nobody_there_is_away() -> None:
    """A dead port, on each channel."""
    dead = f"127.0.0.1:{_free_port()}"
    gateway = Kannel(f"http://{dead}/cgi-bin/sendsms?username=me")
    webhook = WebhookNotifier(f"http://{dead}", SECRET, ManualClock(NOON))
    for notifier in (
        EmailNotifier(SmtpRelay(f"smtp://{dead}", "b@example.com")),
        SmsNotifier(gateway),
        webhook,
    ):
        with pytest.raises(Unavailable, match="sender_away"):
            await notifier.send(message())
    await gateway.close()
    await webhook.close()


async def test_a_letter_is_plain_first_and_in_both_languages() -> None:
    """The customer's language on top, HTML escaped behind the plain text, no link."""
    async with mail_peer() as peer:
        await peer.notifier.send(message(language="en"))
        (mail,) = peer.arrived
    plain, page = mail.iter_parts()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    text = plain.get_content()
    assert text.index("Nothing has left.") < text.index("资金尚未转出。")
    assert "&lt;b&gt;a payment&lt;/b&gt;" in page.get_content()
    assert "href" not in page.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "On hold: <b>a payment</b> / 已暂缓：付款"
    assert mail["Date"].startswith("Sat, 21 Nov 2026 04:00:00")


def test_the_same_notice_is_the_same_letter() -> None:
    """Message-ID and date come from the notice: a mail store knows the second one for the first."""
    one, two = (letter_of(message(), "b@example.com", "example.com") for _ in range(2))
    assert (one["Message-ID"], one["Date"]) == (two["Message-ID"], two["Date"])
    assert letter_of(message("n-2.x-1"), "b@example.com", "example.com")["Message-ID"] != one["Message-ID"]


async def test_an_sms_asks_for_receipts_where_somebody_can_take_them() -> None:
    """Chinese travels as UCS-2; the receipt's address goes along."""
    async with sms_peer() as peer:
        asked = msgspec.structs.replace(message(to=peer.to), receipt_url="http://us/r/1?status=%d")
        await peer.notifier.send(asked)
        await peer.notifier.send(message(to=peer.to, language="en"))
        first, second = peer.arrived
    assert (first["text"], first["coding"]) == ("请回复 N 4156", "2")
    assert (first["dlr-mask"], first["dlr-url"]) == ("19", "http://us/r/1?status=%d")
    assert "dlr-url" not in second
    assert "coding" not in second


async def test_an_sms_whose_answer_is_lost_may_have_left() -> None:
    """The connection closes after the request: nobody knows, and that is what is said."""
    async with sms_peer() as peer:
        peer.hang = True
        answer = await peer.notifier.send(message(to=peer.to))
        assert (answer.taken, len(peer.arrived)) == (Taken.UNCERTAIN, 1)


async def test_a_webhook_twice_is_known_by_its_key() -> None:
    """The answer is lost once; the receiver sees the same key and keeps one."""
    async with webhook_peer() as peer:
        peer.hang = True
        with pytest.raises(Unavailable):
            await peer.notifier.send(message())
        peer.hang = False
        answer = await peer.notifier.send(message())
        assert (answer.taken, len(peer.arrived)) == (Taken.ACCEPTED, 1)
        assert peer.arrived[0]["operation"] == "op-1"


async def test_an_altered_or_old_call_does_not_pass_the_receiver() -> None:
    """The signature covers time and body."""
    async with webhook_peer() as peer:
        peer.notifier._secret = b"x" * 32
        with pytest.raises(Unavailable):
            await peer.notifier.send(message())
        peer.notifier._secret = SECRET
        peer.notifier._clock = ManualClock(NOON + 301 * 10**6)
        with pytest.raises(Unavailable):
            await peer.notifier.send(message())
        assert peer.arrived == []


def test_addresses_that_cannot_be_are_refused_at_the_start() -> None:
    """Neither another scheme nor no sender."""
    for address, sender in (("http://x", "b@example.com"), ("smtp://x", "nobody"), ("smtp://", "b@x.org")):
        with pytest.raises(SetupError, match="bad_setting"):
            SmtpRelay(address, sender)
    with pytest.raises(SetupError, match="bad_setting"):
        Kannel("ftp://x")
