"""Notices to the institution's own systems: signed, with a time, and with a key that makes twice once.

The receiver recomputes HMAC-SHA256 over `timestamp.body` with the shared secret, refuses timestamps that are
more than five minutes off, and answers 2xx to a key it has seen already.
"""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import Unavailable
from countermand.kernel.signed_posts import signed_headers
from countermand.vocabulary.notices import NoticeAnswer, NoticeMessage, Taken

TIMEOUT_SECONDS = 10
REPLAY_WINDOW_SECONDS = 300
# Whoever answers one of these will answer it again.
_REFUSED = frozenset({400, 404, 405, 410, 413, 415, 422})


class WebhookNotifier:
    """Implements `extensions.Notifier` over one address of the institution's."""

    repeats_safely = True

    def __init__(self, address: str, secret: bytes, clock: Clock) -> None:
        self._address = address
        self._secret = secret
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        """Post it. Raises Unavailable (`sender_away`), also where it may have arrived: it has a key."""
        body = msgspec.json.encode(body_of(message))
        signed = signed_headers(self._secret, message.id, body, self._clock.now())
        headers = {"Content-Type": "application/json", **signed}
        try:
            answer = await self._client.post(self._address, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _away(type(error).__name__) from None
        if answer.is_success:
            return NoticeAnswer(taken=Taken.ACCEPTED, said={"status": answer.status_code})
        if answer.status_code in _REFUSED:
            return NoticeAnswer(taken=Taken.REFUSED, said={"refused": answer.status_code})
        raise _away(f"HTTP {answer.status_code}")

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


def body_of(message: NoticeMessage) -> dict[str, Any]:
    """What is posted."""
    notice = message.notice
    return {
        "id": notice.id,
        "kind": notice.kind,
        "urgency": notice.urgency.value,
        "account": notice.account,
        "person": notice.person,
        "operation": notice.operation,
        "at": rfc3339(notice.at),
        "language": message.language,
        "title": message.words.title,
        "text": message.words.text,
        "values": notice.values,
    }


def _away(why: str) -> Unavailable:
    return Unavailable(
        "sender_away",
        f"The institution's address for notices does not take anything now: {why}.",
        f"机构的通知接收地址暂时不可用：{why}。",
    )
