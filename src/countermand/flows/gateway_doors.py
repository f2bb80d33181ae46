"""The addresses a gateway calls us at: nobody can guess one, and each receipt has its own."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from countermand.flows.address_book import Sealer

_DIGITS = 32
RECEIPTS, REPLIES = "/v1/notices/receipts", "/v1/notices/replies"


@dataclass(frozen=True, slots=True)
class GatewayDoors:
    """`public_url` is where the gateway reaches this server; None: it cannot, no receipts are asked for."""

    vault: Sealer
    public_url: str | None

    def receipt_url(self, seq: int) -> str | None:
        """Where the receipt of a sending goes; `%d` is filled in by the gateway (Kannel's sendsms)."""
        if self.public_url is None:
            return None
        return f"{self.public_url.rstrip('/')}{RECEIPTS}/{seq}/{self._digits('receipt', str(seq))}?status=%d"

    def is_receipt(self, seq: int, proof: str) -> bool:
        """Whether the caller was told of this sending."""
        return hmac.compare_digest(self._digits("receipt", str(seq)).encode(), proof.encode())

    @property
    def reply_path(self) -> str:
        """Where answers of customers go; the address is a secret of the gateway's own settings."""
        return f"{REPLIES}/{self._digits('reply', '')}"

    def is_reply(self, proof: str) -> bool:
        """Whether the caller is the gateway."""
        return hmac.compare_digest(self._digits("reply", "").encode(), proof.encode())

    def _digits(self, purpose: str, what: str) -> str:
        message = f"{purpose}\0{what}".encode()
        return hmac.digest(self.vault.mac_key("notice doors"), message, sha256).hex()[:_DIGITS]
