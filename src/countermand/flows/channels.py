"""The channels of a house that are more than a form: official accounts, the chat, and the limits of codes."""

from __future__ import annotations

from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.flows.chat import ChatDoor
from countermand.flows.hear_wechat import WechatDoor
from countermand.kernel.errors import TooMany

CODES_A_MINUTE = 10


@dataclass(frozen=True, slots=True)
class Channels:
    """What the doors are given. Limits hold for one process.

    `privacy_number` is what whoever is called back sees, and what hides both numbers; empty: there is none.
    """

    wechat: WechatDoor
    chat: ChatDoor
    privacy_number: str = ""
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def count_code(self, case: str) -> None:
        """Codes are tried a few times a minute for one case. Raises TooMany."""
        if not self.limiter.hit(RateLimitItemPerMinute(CODES_A_MINUTE), "code", case):
            raise TooMany(
                "too_many",
                "Too often from here in a short time. Wait a minute and try again; what was sent is safe.",
                "操作过于频繁，请稍候一分钟再试；已提交的内容不受影响。",
                retry_after_seconds=60,
            )
