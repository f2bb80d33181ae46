"""Goal: a code arrives as it was written, once handed over, and refusals are told apart.

Peers: aiosmtpd for mail; for SMS an HTTP double that answers as Kannel's sendsms does.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.smtp import SMTP

from countermand.adapters.senders.kannel import Kannel
from countermand.adapters.senders.relay import SmtpRelay
from countermand.adapters.senders.sms_gateway import SmsCodes
from countermand.adapters.senders.smtp import SmtpCodes
from countermand.confirmation.challenge_ports import CodeMessage
from countermand.kernel.errors import BadRequest, SetupError, Unavailable
from countermand.kernel.text import Text

MESSAGE = CodeMessage("code-1", "li@example.com", Text(en="Code 01234567.", zh="验证码01234567。"), "zh")


class Postbox:
    """A mail server's hands: keeps what comes, refuses whom it is told to."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refusal: str | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Postbox, str]]:
    """A real SMTP server on a port of its own."""
    box = Postbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield box, f"smtp://127.0.0.1:{port}"
    server.close()


@asynccontextmanager
async def gateway(status: int, body: str) -> AsyncIterator[tuple[list[dict[str, list[str]]], str]]:
    """An HTTP server that answers every request so."""
    seen: list[dict[str, list[str]]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(parse_qs(urlsplit(head.split()[1]).query))
        answer = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield seen, f"http://127.0.0.1:{port}/cgi-bin/sendsms?username=cm&password=secret"
    server.close()


async def test_a_code_arrives_by_mail_in_both_languages() -> None:
    """The customer's language first; the effect's id is the message's, so a repetition can be told."""
    async with mail_server() as (box, address):
        said = await SmtpCodes(SmtpRelay(address, "bank@example.com")).send(MESSAGE)
    assert "taken" in said["said"]
    (mail,) = box.mails
    assert (mail["To"], mail["Subject"]) == ("li@example.com", "您的验证码")
    assert mail["Message-ID"] == "<code-1@example.com>"
    assert mail.get_content().split() == ["验证码01234567。", "Code", "01234567."]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [("550 no such user", BadRequest), ("451 try later", Unavailable), ("421 shutting down", Unavailable)],
)
async def test_a_mail_server_that_refuses_is_believed(refusal: str, error: type[Exception]) -> None:
    """For good, or for now."""
    async with mail_server() as (box, address):
        box.refusal = refusal
        with pytest.raises(error):
            await SmtpCodes(SmtpRelay(address, "bank@example.com")).send(MESSAGE)
    assert box.mails == []


async def test_a_code_leaves_by_sms_in_one_language() -> None:
    """With the dialect's parameters, in UCS-2 where it is Chinese."""
    async with gateway(202, "0: Accepted for delivery") as (seen, address):
        kannel = Kannel(address)
        said = await SmsCodes(kannel).send(MESSAGE._replace(to="+8613800001234"))
        await kannel.close()
    assert said == {"said": "0: Accepted for delivery"}
    (query,) = seen
    assert query == {
        "username": ["cm"],
        "password": ["secret"],
        "to": ["+8613800001234"],
        "text": ["验证码01234567。"],
        "charset": ["UTF-8"],
        "coding": ["2"],
    }


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (202, "3: Queued for later delivery", None),
        (503, "Temporal failure, try again later.", Unavailable),
        (403, "Authorization failed for sendsms", Unavailable),
        (400, "Invalid receiver", BadRequest),
    ],
)
async def test_a_gateway_that_refuses_is_believed(status: int, body: str, error: Any) -> None:
    """Our own mistake (a wrong password) is tried again: nobody's number is at fault."""
    async with gateway(status, body) as (_, address):
        kannel = Kannel(address)
        if error is None:
            assert (await SmsCodes(kannel).send(MESSAGE))["said"] == body
        else:
            with pytest.raises(error):
                await SmsCodes(kannel).send(MESSAGE)
        await kannel.close()


async def test_who_is_away_is_unavailable() -> None:
    """Nobody listens there."""
    with pytest.raises(Unavailable, match="sender_away"):
        await SmtpCodes(SmtpRelay("smtp://127.0.0.1:9", "bank@example.com")).send(MESSAGE)
    kannel = Kannel("http://127.0.0.1:9/sendsms")
    with pytest.raises(Unavailable, match="sender_away"):
        await SmsCodes(kannel).send(MESSAGE)
    await kannel.close()


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    """Not when the first customer waits for a code."""
    for make in (
        lambda: SmtpRelay("mail.example.com", "bank@example.com"),
        lambda: SmtpRelay("smtp://mail.example.com", "bank"),
        lambda: Kannel("gateway"),
    ):
        with pytest.raises(SetupError, match="bad_setting"):
            make()
