"""What a customer means by an SMS in answer to a notice, and what is said back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.text import Text
from countermand.vocabulary.notices import Notice, reply_number

REPLY_CHARACTERS_MAX = 480
# So long a notice can be denied by its number, and so long by a bare "no", which is about what came just now.
ANSWERABLE_SECONDS = 3 * 86_400
BARE_SECONDS = 3_600
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


def aimed_at(reply: Reply, waiting: Sequence[str], denied: Sequence[Notice], now: int) -> str | Notice | None:
    """What a reply is about: an operation of `waiting`, or a notice; None where it is none or may be several.

    `denied` are the notices that could be, newest first. Several about one account are one thing: the account
    is stopped whichever is meant, and the newest stands for them. A notice goes before the wait of its own
    operation. Instants are microseconds UTC.
    """
    if reply.meaning is not Meaning.REVOKE:
        return None
    fresh = now - BARE_SECONDS * MICROS_PER_SECOND
    notices = [
        one for one in denied if one.number == reply.number or (reply.number is None and one.at >= fresh)
    ]
    told = {one.operation for one in notices}
    waits = chosen(reply, [one for one in waiting if one not in told])
    if not notices:
        return waits
    others = [one for one in waiting if one not in told and reply.number in (None, reply_number(one))]
    return notices[0] if not others and len({one.account for one in notices}) == 1 else None


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
    "stopped_everything": Text(
        en="Stopped now: money leaving, new loans, debits, changes of settings. All who were signed in are "
        "out. Still works: paying back, paying in, your balance. It was you after all? Open the official app "
        "yourself or call {helpline}, show that it is you, and we open it again.",
        zh="已全部停住：转出、提现、借款、自动扣款、设置变更，已登录的全部退出。还能用：还款、存入、查余额。"
        "若是您本人操作，请自行打开官方App或拨打{helpline}，核实身份后即可恢复。",
    ),
    "stopped_outgoing": Text(
        en="Stopped now: money leaving, new loans, debits. Still works: signing in, paying back, paying in, "
        "your balance. It was you after all? Open the official app yourself or call {helpline}, show that it "
        "is you, and we open it again.",
        zh="已停住：转出、提现、借款、自动扣款。还能用：登录、还款、存入、查余额。"
        "若是您本人操作，请自行打开官方App或拨打{helpline}，核实身份后即可恢复。",
    ),
    "opened_again": Text(
        en="You answered this before, and what was stopped then has been opened since. If something is wrong "
        "again, open the official app yourself and press Not me, or call {helpline}.",
        zh="您此前已答复过这条通知，当时停住的功能之后已恢复。如又有异常，请自行打开官方App点“不是我”，"
        "或拨打{helpline}。",
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
