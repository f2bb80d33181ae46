"""One-time codes by e-mail, through the institution's own relay."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from countermand.adapters.senders.relay import AddressRefused, SmtpRelay
from countermand.confirmation.challenge_ports import CodeMessage
from countermand.kernel.errors import BadRequest

SUBJECTS = {"zh": "您的验证码", "en": "Your code"}


class SmtpCodes:
    """Codes through a relay."""

    def __init__(self, relay: SmtpRelay) -> None:
        self._relay = relay

    async def send(self, message: CodeMessage) -> dict[str, Any]:
        """Hand it to the relay; the same message carries the same Message-ID."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self._relay.sender, message.to
        mail["Subject"] = SUBJECTS[message.language]
        mail["Message-ID"] = f"<{message.id}@{self._relay.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        first, second = message.text.zh, message.text.en
        if message.language == "en":
            first, second = second, first
        mail.set_content(f"{first}\n\n{second}\n")
        try:
            return {"said": await self._relay.hand(mail)}
        except AddressRefused:
            raise BadRequest(
                "code_refused",
                "The mail server does not take mail for this address.",
                "邮件服务器拒收该地址的邮件。",
            ) from None
