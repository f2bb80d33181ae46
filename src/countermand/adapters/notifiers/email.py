"""Notices by e-mail: plain text first, both languages, the customer's own on top; signing is the relay's."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from countermand.adapters.senders.relay import AddressRefused, SmtpRelay
from countermand.kernel.clock import moment_of
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage, Taken, Urgency


class EmailNotifier:
    """Implements `extensions.Notifier` over a relay."""

    # The same sending has the same Message-ID and date: to a mail store that is one message.
    repeats_safely = True

    def __init__(self, relay: SmtpRelay) -> None:
        self._relay = relay

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        """Hand it to the relay. Raises Unavailable (`sender_away`)."""
        try:
            said = await self._relay.hand(letter_of(message, self._relay.sender, self._relay.domain))
        except AddressRefused:
            return NoticeAnswer(taken=Taken.REFUSED, said={"refused": "address"})
        return NoticeAnswer(taken=Taken.ACCEPTED, said={"said": said})


def letter_of(message: NoticeMessage, sender: str, domain: str) -> EmailMessage:
    """A notice as a letter; the same notice makes the same letter, byte for byte but for its boundary."""
    languages = ("zh", "en") if message.language == "zh" else ("en", "zh")
    words = message.words
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, message.to
    mail["Subject"] = " / ".join(" ".join(getattr(words.title, one).split()) for one in languages)
    mail["Date"] = format_datetime(moment_of(message.notice.at))
    mail["Message-ID"] = f"<{sha256(message.id.encode()).hexdigest()[:40]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers this
    mail["Content-Language"] = ", ".join(languages)
    if message.notice.urgency is Urgency.SECURITY:
        mail["Importance"] = "high"
    parts = [(one, getattr(words.title, one), getattr(words.text, one)) for one in languages]
    mail.set_content("\n\n".join(f"{title}\n\n{text}" for _, title, text in parts) + "\n")
    blocks = "\n<hr>\n".join(
        f'<section lang="{one}"><h1>{escape(title)}</h1><p>{escape(text)}</p></section>'
        for one, title, text in parts
    )
    head = f'<!DOCTYPE html>\n<html lang="{languages[0]}"><meta charset="utf-8">'
    page = f"{head}<body>\n{blocks}\n</body></html>\n"
    mail.add_alternative(page, subtype="html")
    return mail
