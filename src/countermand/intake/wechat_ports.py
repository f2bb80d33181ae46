"""What talking with people on WeChat needs of its platform."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from countermand.intake.wechat import WechatAccount

MEDIA_BYTES_MAX = 25 * 1024 * 1024


class FetchedFile(NamedTuple):
    """A file, or why there is none for good."""

    content: bytes
    name: str
    refused: str | None


class MediaFetcher(Protocol):
    """Fetches what the platform keeps of a message, for three days."""

    async def fetch(self, account: WechatAccount, media: str, bytes_max: int) -> FetchedFile:
        """The file. Raises Unavailable: it is tried again."""
        ...


class Messenger(Protocol):
    """Customer-service messages."""

    async def send(self, account: WechatAccount, openid: str, text: str) -> str | None:
        """Send a text; why it was refused for good, None where it was not. Raises Unavailable."""
        ...
