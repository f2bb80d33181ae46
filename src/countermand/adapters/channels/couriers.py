"""Letters leave through the institution's own relay."""

from __future__ import annotations

from email.message import EmailMessage

from countermand.adapters.senders.relay import AddressRefused, SmtpRelay


class RelayCourier:
    """Implements `intake.mail.ports.Courier` over a relay."""

    def __init__(self, relay: SmtpRelay) -> None:
        self._relay = relay
        self.sender, self.domain = relay.sender, relay.domain

    async def carry(self, mail: EmailMessage) -> bool:
        """Hand it over; False where the address is refused for good. Raises Unavailable (`sender_away`)."""
        try:
            await self._relay.hand(mail)
        except AddressRefused:
            return False
        return True
