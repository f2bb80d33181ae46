"""What a customer means by an SMS in answer to a notice, and what is said back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from countermand.kernel.text import Text
from countermand.vocabulary.notices import reply_number

REPLY_CHARACTERS_MAX = 480
_NO = ("n", "no", "not me", "notme", "stop", "cancel", "revoke", "不是我", "不是本人", "撤销", "取消", "不要")
_NUMBER = re.compile(r"\d+")


class Meaning(Enum):
    """What a reply asks for."""

    REVOKE = "revoke"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was understood; the number is that of the notice, where one was given."""

    meaning: Meaning
    number: str | None


def understood(text: str) -> Reply:
    """What a reply means: one of the words for "not me" and nothing else but one number of four digits.

    >>> understood("Ｎ 4156").number, understood("n4156.").meaning.name, understood("yes 4156").meaning.name
    ('4156', 'REVOKE', 'UNCLEAR')
    """
    plain = unicodedata.normalize("NFKC", text[:REPLY_CHARACTERS_MAX]).lower()
    numbers = _NUMBER.findall(plain)
    word = re.sub(r"[\W\d_]+", " ", plain).strip()
    number = numbers[0] if len(numbers) == 1 and len(numbers[0]) == 4 else None
    if word not in _NO or (numbers and number is None):
        return Reply(Meaning.UNCLEAR, None)
    return Reply(Meaning.REVOKE, number)


def chosen(reply: Reply, operations: Sequence[str]) -> str | None:
    """Which of the operations that wait is meant; None where it is none or may be several."""
    if reply.meaning is not Meaning.REVOKE:
        return None
    fitting = [one for one in operations if reply.number in (None, reply_number(one))]
    return fitting[0] if len(fitting) == 1 else None


ANSWERS = {
    "revoked": Text(
        en="Taken back. Nothing has left your account. You need do nothing else.",
        zh="已撤销，资金没有转出。您无须再做什么。",
    ),
    "asked": Text(
        en="The wait was over already. We ask the bank to stop it and tell you at once whether it could.",
        zh="等待期已结束。已要求银行停止执行，是否成功将立即告知您。",
    ),
    "over": Text(
        en="It is too late to take this back by SMS. Open the official app yourself and press Not me.",
        zh="该操作已无法通过短信撤销。请自行打开官方App，点“不是我”。",
    ),
    "which": Text(
        en="More than one waits, or the number fits none. Reply N and the four digits of the message, or "
        "open the official app yourself.",
        zh="有多笔等待中，或数字不符。请回复 N 加短信中的四位数字，或请自行打开官方App。",
    ),
    "nothing": Text(
        en="Nothing waits that could be taken back. If something is wrong, open the official app yourself "
        "and press Not me.",
        zh="目前没有可撤销的操作。如有异常，请自行打开官方App，点“不是我”。",
    ),
    "unclear": Text(
        en="We did not understand this. To take something back, reply N and the four digits of the message. "
        "Never send us codes.",
        zh="没有看懂您的回复。如需撤销，请回复 N 加短信中的四位数字。请勿发送验证码。",
    ),
}
