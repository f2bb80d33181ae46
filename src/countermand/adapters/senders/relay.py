"""A mail relay (SMTP, RFC 5321): one message at a time, refused for good, put off, or taken."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from countermand.kernel.errors import SetupError, Unavailable

TIMEOUT_SECONDS = 15
SCHEMES = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class AddressRefused(Exception):
    """The relay takes nothing for this address, now or later."""


class SmtpRelay:
    """`address` is smtp://, smtps:// or smtp+starttls://, with user, password and port where need be.

    Raises SetupError (`bad_setting`).
    """

    def __init__(self, address: str, sender: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in SCHEMES or not parts.hostname or "@" not in sender:
            raise SetupError(
                "bad_setting",
                "COUNTERMAND_SMTP_URL must look like smtp+starttls://user:password@host:587, and "
                "COUNTERMAND_SMTP_SENDER be an e-mail address.",
                "COUNTERMAND_SMTP_URL 应形如 smtp+starttls://user:password@host:587，"
                "COUNTERMAND_SMTP_SENDER 应为邮箱地址。",
                variable="COUNTERMAND_SMTP_URL",
            )
        self.sender = sender
        self.domain = sender.rpartition("@")[2].rstrip(">")
        self._peer: dict[str, Any] = {
            "hostname": parts.hostname,
            "port": parts.port or SCHEMES[parts.scheme],
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "start_tls": parts.scheme == "smtp+starttls",
        }
        if parts.scheme != "smtp":
            self._peer["tls_context"] = ssl.create_default_context()

    async def hand(self, mail: EmailMessage) -> str:
        """Hand a message over; what the relay said. Raises AddressRefused, Unavailable (`sender_away`)."""
        try:
            _, said = await aiosmtplib.send(mail, timeout=TIMEOUT_SECONDS, **self._peer)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPRecipientRefused) as error:
            refused = getattr(error, "recipients", [error])
            if all(getattr(one, "code", 0) >= 500 for one in refused):
                raise AddressRefused from None
            raise _away(error) from None
        except aiosmtplib.SMTPResponseException as error:
            if error.code in (550, 551, 553):
                raise AddressRefused from None
            raise _away(error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _away(error) from None
        return said[:200]


def _away(error: Exception) -> Unavailable:
    return Unavailable(
        "sender_away",
        f"The mail server does not take anything now: {type(error).__name__}.",
        f"邮件服务器暂时不可用：{type(error).__name__}。",
    )
