"""What somebody is asked about an incident, question by question, and the answers that can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from countermand.evidence.checklist import Fact
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.text import Text


class FoundBy(StrEnum):
    """How somebody learnt of it."""

    OUR_NOTICE = "our_notice"
    STATEMENT = "statement"
    REFUSED = "refused"
    CALLED = "called"
    SOMEBODY = "somebody"
    OTHER = "other"


class AskedBy(StrEnum):
    """Whether somebody asked them to do something, and on which way."""

    NOBODY = "nobody"
    CALL = "call"
    MESSAGE = "message"
    PERSON = "person"
    PAGE = "page"
    FAMILIAR = "familiar"


class Shared(StrEnum):
    """What others may have got from them."""

    NOTHING = "nothing"
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of an answer
    CARD = "card"
    SCREEN = "screen"
    IDENTITY = "identity"
    DEVICE = "device"


class Question(NamedTuple):
    """One question: the fact that its answer is, its words, and what can be chosen, if anything."""

    fact: Fact
    text: Text
    choices: Mapping[str, Text] = MappingProxyType({})


QUESTIONS = (
    Question(Fact.HAPPENED_AT, Text(en="When did it happen?", zh="什么时候发生的？")),
    Question(Fact.AMOUNTS, Text(en="How much is it about?", zh="涉及多少钱？")),
    Question(Fact.PAYEES, Text(en="Who got it?", zh="钱转给了谁？")),
    Question(Fact.NOTICED_AT, Text(en="When did you notice it?", zh="您是什么时候发现的？")),
    Question(
        Fact.FOUND_BY,
        Text(en="How did you find out?", zh="您是怎么发现的？"),
        MappingProxyType(
            {
                FoundBy.OUR_NOTICE.value: Text(en="By a message from you", zh="收到你们的通知"),
                FoundBy.STATEMENT.value: Text(en="In my list of payments", zh="查账单时看到"),
                FoundBy.REFUSED.value: Text(en="A payment of mine failed", zh="自己付款时失败"),
                FoundBy.CALLED.value: Text(en="Somebody asked me to repay", zh="有人向我催款"),
                FoundBy.SOMEBODY.value: Text(en="Somebody told me", zh="别人告诉我"),
                FoundBy.OTHER.value: Text(en="In another way", zh="其他方式"),
            }
        ),
    ),
    Question(Fact.DEVICE, Text(en="Which device did you use then?", zh="当时您用的是哪台设备？")),
    Question(
        Fact.ASKED_BY,
        Text(en="Did anybody ask you to do it?", zh="有人让您这样操作吗？"),
        MappingProxyType(
            {
                AskedBy.NOBODY.value: Text(en="No, nobody", zh="没有"),
                AskedBy.CALL.value: Text(en="Yes, on the phone", zh="有，通过电话"),
                AskedBy.MESSAGE.value: Text(en="Yes, in a message or chat", zh="有，通过短信或聊天"),
                AskedBy.PAGE.value: Text(en="Yes, a page or an app", zh="有，通过网页或应用"),
                AskedBy.PERSON.value: Text(en="Yes, face to face", zh="有，当面"),
                AskedBy.FAMILIAR.value: Text(en="Yes, somebody I know", zh="有，是认识的人"),
            }
        ),
    ),
    Question(
        Fact.SHARED,
        Text(en="What may others have got from you?", zh="别人可能拿到了您的什么？"),
        MappingProxyType(
            {
                Shared.NOTHING.value: Text(en="Nothing that I know of", zh="据我所知没有"),
                Shared.CODE.value: Text(en="A code from a message", zh="短信验证码"),
                Shared.PASSWORD.value: Text(en="A password", zh="密码"),
                Shared.CARD.value: Text(en="My card, or its number", zh="银行卡或卡号"),
                Shared.SCREEN.value: Text(en="They saw my screen", zh="看到了我的屏幕"),
                Shared.IDENTITY.value: Text(en="My ID, or a picture of it", zh="身份证或其照片"),
                Shared.DEVICE.value: Text(en="My phone", zh="我的手机"),
            }
        ),
    ),
)


def questionnaire_digest() -> bytes:
    """SHA-256 of all questions and answers in both languages: what somebody was asked, told for good."""
    said = [
        {
            "fact": one.fact.value,
            "en": one.text.en,
            "zh": one.text.zh,
            "choices": {name: {"en": text.en, "zh": text.zh} for name, text in one.choices.items()},
        }
        for one in QUESTIONS
    ]
    return digest(canonical_bytes(said))
