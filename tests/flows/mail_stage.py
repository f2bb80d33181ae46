"""A stage for mail: a house that hears and answers it, a mail in one line, a mail server for the answers."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from countermand.flows.hear_mail import Heard, Hearing, hear
from countermand.flows.house import House
from countermand.intake.mail.ports import Arrived
from countermand.kernel.clock import ManualClock
from flows.stage import NOON, house_on

DESK = "desk@bank.example"
_numbers = itertools.count(1)


@dataclass
class Outbox:
    """A mail server for the answers: what arrived, and whether it takes anything now."""

    letters: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep what came, unless told to refuse."""
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=default))
        return self.answer


@asynccontextmanager
async def outbox() -> AsyncIterator[tuple[Outbox, str]]:
    """It, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Outbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@dataclass
class SaidProofs:
    """Vouches for the addresses it is told to."""

    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def signs(self, raw: bytes, sender: str, *, ask: bool) -> tuple[str, ...]:
        """As told."""
        return self.good.get(sender, ()) if ask else ()


@dataclass
class MailStage:
    """A house that hears mail, and where its answers go."""

    house: House
    hearing: Hearing
    outbox: Outbox

    async def hear(self, raw: bytes, at: int = NOON) -> Heard:
        """A mail arrives."""
        return await hear(self.hearing, Arrived(raw, at))

    async def answers(self) -> list[EmailMessage]:
        """What has left after all that is due was delivered."""
        await self.house.worker.deliverer.settle()
        return self.outbox.letters

    def vouched(self, address: str) -> MailStage:
        """The same, with proof of an address."""
        return replace(self, hearing=replace(self.hearing, proofs=SaidProofs({address: ("dkim",)})))


@asynccontextmanager
async def mail_house(dsn: str, clock: ManualClock, folder: Path, **settings: Any) -> AsyncIterator[MailStage]:
    """A house with a mailbox in its settings; mail is put before it by hand."""
    async with outbox() as (box, url):
        given = {"imap_url": "imap://desk:secret@127.0.0.1:1/INBOX", "smtp_url": url, "smtp_sender": DESK}
        own = {**given, "vault_key_file": folder / "vault.key", **settings}
        async with house_on(dsn, clock, **own) as house:
            ear = house.worker.ear
            assert ear is not None
            yield MailStage(house, replace(ear.hearing, proofs=SaidProofs()), box)


def mail(
    text: str,
    subject: str = "您好",
    sender: str = "zhang@qq.example",
    *,
    files: Mapping[str, bytes] | None = None,
    **headers: str,
) -> bytes:
    """A mail as programs write it today; underscores of headers are dashes, and one of "" is left out."""
    made = EmailMessage()
    number = next(_numbers)
    given = {
        "From": sender,
        "To": DESK,
        "Subject": subject,
        "Date": "Sat, 21 Nov 2026 11:58:00 +0800",
        "Message-ID": f"<m{number}@qq.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        if value:
            made[name] = value
    made.set_content(text)
    for name, content in (files or {}).items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()
