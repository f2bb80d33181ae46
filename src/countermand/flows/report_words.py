"""What somebody who reports is told: a number, what was stopped, and who speaks to them by when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from countermand.cases.numbers import grouped, spoken
from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time
from countermand.vocabulary.triage import Flag, Reading, Risk

FIRST = Text(en="We stop it first; details can wait.", zh="先停住，再慢慢说。")
HEARD = Text(en="We have your message.", zh="您的诉求已收到。")
_NUMBER = Text(en="Your case number is {number}.", zh="您的案件编号是 {number}。")
_SECRET = Text(
    en="Keep this code: with it, and the number, you can follow the case without an account: {secret}.",
    zh="请保存此查询码，凭编号和查询码无需账户即可查看进度：{secret}。",
)
_PROOF = Text(
    en="In a few seconds they also fetch you a receipt that proves all this to anyone; keep it.",
    zh="几秒后还可凭二者领取回执，可向任何人证明以上内容，请保存。",
)
_NOTHING_STOPPED = Text(
    en="Nothing was stopped. If money is moving without your will, say “not me”.",
    zh="目前未停用任何功能。如有非本人资金操作，请说“不是我”。",
)
_A_DAY = Text(
    en="Because we do not know yet who you are, this lasts a day; prove who you are and it stays.",
    zh="因尚未核实您的身份，以上措施有效一天；完成身份核实后将继续有效。",
)
_SOON = Text(en="A person contacts you by {by}.", zh="工作人员将在 {by} 前联系您。")
_NEVER = Text(
    en="We never ask for your password or a one-time code, and never ask you to move money first.",
    zh="我们不会索要密码或验证码，也不会要求您先转账。",
)
_SAID_SECRET = Text(
    en="Your message held a password or code. It is masked here; change it now in the official app.",
    zh="您的消息中含有密码或验证码，已作遮盖；请尽快在官方App中更换。",
)
_CARE = Text(
    en="If you are in danger or in despair, call 110 or 120 now, or 12356 to talk to someone.",
    zh="如您正处于危险或感到绝望，请立即拨打110或120；心理援助热线12356。",
)


def receipt_of(
    number: str,
    received_at: int,
    reading: Reading,
    stopped: Mapping[str, Any] | None,
    *,
    human_by: int,
    for_a_day: bool,
    secret_said: bool,
    warnings: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What is answered to a report, and kept with it; instants in, RFC 3339 out. The secret is no part."""
    scope = None if stopped is None else stopped["scope"]
    return {
        "case": number,
        "received_at": rfc3339(received_at),
        "urgent": reading.risk <= Risk.P1,
        "incident": None if stopped is None else stopped["incident"],
        "scope": scope,
        "until": None if scope is None else scope["ends_at"],
        "human_by": rfc3339(human_by),
        "for_a_day": for_a_day,
        "secret_said": secret_said,
        "care": Flag.DISTRESS in reading.flags,
        "warnings": list(warnings),
    }


def with_words(receipt: Mapping[str, Any], secret: str | None, timezone: str) -> dict[str, Any]:
    """The receipt with its text in both languages, and the secret where the sender may have it.

    Times are told by the clock of the institution's `timezone` (IANA).
    """
    number = spoken(receipt["case"])
    parts = [FIRST if receipt["scope"] is not None else HEARD]
    parts.append(_NUMBER.filled({"number": number}))
    if receipt["scope"] is not None:
        said = receipt["scope"]["said"]["text"]
        parts.append(Text(en=said["en"], zh=said["zh"]))
        if receipt["for_a_day"]:
            parts.append(_A_DAY)
    elif receipt["urgent"]:
        parts.append(_NOTHING_STOPPED)
    if receipt["reply"] is not None:
        parts.append(Text(en=receipt["reply"]["text"] + "\n", zh=receipt["reply"]["text"] + "\n"))
    if receipt["reply"] is None or not receipt["reply"].get("settled"):
        parts.append(_soon(receipt, timezone))
    if receipt["care"]:
        parts.append(_CARE)
    # What was kept before there were warnings has none.
    parts += [Text(**one["text"]) for one in receipt.get("warnings", ())]
    if receipt["secret_said"]:
        parts.append(_SAID_SECRET)
    if secret is not None:
        parts += [_SECRET.filled({"secret": grouped(secret)}), _PROOF]
    parts.append(_NEVER)
    text = {"en": " ".join(one.en for one in parts), "zh": "".join(one.zh for one in parts)}
    shown = {"warnings": [], **receipt, "number": number, "text": text}
    return shown if secret is None else {**shown, "secret": grouped(secret)}


def _soon(receipt: Mapping[str, Any], timezone: str) -> Text:
    """By when a person speaks to them; not said to whom an answer has settled it."""
    by = local_time(micros_of(datetime.fromisoformat(receipt["human_by"])), timezone)
    return Text(en=_SOON.en.replace("{by}", by.en), zh=_SOON.zh.replace("{by}", by.zh))
