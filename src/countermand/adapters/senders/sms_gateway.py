"""One-time codes by SMS, through an HTTP gateway."""

from __future__ import annotations

from typing import Any

from countermand.adapters.senders.kannel import Kannel, MayHaveLeft, NumberRefused
from countermand.confirmation.challenge_ports import CodeMessage
from countermand.kernel.errors import BadRequest, Unavailable


class SmsCodes:
    """Codes through a gateway."""

    def __init__(self, gateway: Kannel) -> None:
        self._gateway = gateway

    async def send(self, message: CodeMessage) -> dict[str, Any]:
        """Hand it to the gateway, in the customer's language alone: a second one would cost a second SMS."""
        text = message.text.zh if message.language == "zh" else message.text.en
        try:
            return {"said": await self._gateway.hand(message.to, text)}
        except NumberRefused:
            raise BadRequest(
                "code_refused",
                "The SMS gateway does not take messages for this number.",
                "短信网关拒绝向该号码发送。",
            ) from None
        except MayHaveLeft as error:  # the same code twice does no harm
            raise Unavailable(
                "sender_away",
                f"The SMS gateway did not answer: {error}.",
                f"短信网关未应答：{error}。",
            ) from None
