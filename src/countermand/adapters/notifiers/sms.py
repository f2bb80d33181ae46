"""Notices by SMS, through an HTTP gateway that reports what became of them."""

from __future__ import annotations

from countermand.adapters.senders.kannel import Kannel, MayHaveLeft, NumberRefused
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage, Taken

# Kannel's dlr-mask: delivered (1), not delivered (2), refused by the operator (16).
RECEIPTS_WANTED = "19"


class SmsNotifier:
    """Implements `extensions.Notifier` over a gateway."""

    # sendsms has no idempotency key: what may have left is not sent again before another channel was tried.
    repeats_safely = False

    def __init__(self, gateway: Kannel) -> None:
        self._gateway = gateway

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        """Hand it to the gateway, in one language. Raises Unavailable (`sender_away`)."""
        text = message.words.sms.zh if message.language == "zh" else message.words.sms.en
        more = {}
        if message.receipt_url is not None:
            more = {"dlr-mask": RECEIPTS_WANTED, "dlr-url": message.receipt_url}
        try:
            said = await self._gateway.hand(message.to, text, **more)
        except NumberRefused:
            return NoticeAnswer(taken=Taken.REFUSED, said={"refused": "number"})
        except MayHaveLeft as error:
            return NoticeAnswer(taken=Taken.UNCERTAIN, said={"uncertain": str(error)})
        return NoticeAnswer(taken=Taken.ACCEPTED, said={"said": said})
