"""A notice in words: every mark filled in, in both languages, with times on the customer's own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from countermand.kernel.clock import micros_of
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time, time_left
from countermand.oversight.notice_pack import NoticePack
from countermand.vocabulary.notices import Notice, Words
from countermand.vocabulary.operation_words import KIND_WORDS

NOTHING = Text(en="not known", zh="未知")
_TAIL = 4
# The year 2286: whatever is later is no instant that anybody meant.
_FAR = 10**16

OUTCOME_WORDS: Mapping[str, Text] = {
    "allow": Text(en="went through", zh="已通过"),
    "challenge": Text(en="waits until you confirm it", zh="等待您本人确认"),
    "hold": Text(en="is on hold", zh="已暂缓"),
    "approve": Text(en="waits for a second person", zh="等待他人批准"),
    "deny": Text(en="was stopped", zh="已被拦截"),
}
_WAITS = {
    "challenge": Text(en="your own confirmation", zh="您本人确认"),
    "approval": Text(en="the approval of a second person", zh="另一位人员的批准"),
    "consent": Text(en="your consent", zh="您的同意"),
}
_METHODS = {
    "password": Text(en="a sign-in phrase", zh="登录口令"),
    "totp": Text(en="an authenticator app", zh="动态令牌"),
    "sms": Text(en="SMS", zh="短信"),
    "email": Text(en="e-mail", zh="电子邮件"),
    "passkey": Text(en="a passkey", zh="通行密钥"),
    "webauthn": Text(en="a passkey", zh="通行密钥"),
    "liveness": Text(en="a look at your face", zh="人脸识别"),
    "call": Text(en="a call", zh="电话"),
}


def words_of(notice: Notice, pack: NoticePack, timezone: str, now: int) -> Words:
    """The words of a notice as of now; a kind that the pack does not know is told as something unusual."""
    template = _template(notice, pack)
    marks = _marks(notice, pack, timezone, now)
    return Words(
        title=_filled(template.title, marks),
        text=_filled(template.text, marks),
        sms=_filled(template.sms, marks),
    )


def _template(notice: Notice, pack: NoticePack) -> Words:
    """The words for the kind and its cause, where the pack tells them apart, else for the kind."""
    for name in (f"{notice.kind}_{notice.values.get('cause')}", notice.kind):
        if name in pack.words:
            return pack.words[name]
    return pack.words["abnormal_operation"]


def _filled(text: Text, marks: Mapping[str, Text]) -> Text:
    """Once through: what a value holds is never taken for a mark."""
    return Text(en=_put_in(text.en, marks, "en"), zh=_put_in(text.zh, marks, "zh"))


def _put_in(text: str, marks: Mapping[str, Text], language: str) -> str:
    head, *parts = text.split("{")
    done = head
    for part in parts:
        name, _, rest = part.partition("}")
        done += getattr(marks.get(name, NOTHING), language) + rest
    return done[:1].upper() + done[1:] if language == "en" else done


def _marks(notice: Notice, pack: NoticePack, timezone: str, now: int) -> dict[str, Text]:
    values = notice.values
    marks = {
        "institution": pack.institution,
        "helpline": pack.helpline,
        "what": _what(values),
        "at": local_time(_instant(values.get("at")) or notice.at, timezone),
        "reason": _text(values.get("reason")),
        "outcome": OUTCOME_WORDS.get(str(values.get("outcome")), OUTCOME_WORDS["allow"]),
        "method": _METHODS.get(str(values.get("method")), _text(values.get("method"))),
        "waits": _waits(values.get("needs")),
    }
    for name in ("cause", "name", "purpose", "recipient", "case", "agent", "promise"):
        marks[name] = _text(values.get(name))
    marks["number"] = _same(notice.number)
    until = _instant(values.get("until"))
    if until is not None:
        marks |= {"until": local_time(until, timezone), "left": time_left(until - now)}
    marks["review_until"] = Text(en="we tell you otherwise", zh="另行通知")
    review_until = _instant(values.get("review_until"))
    if review_until is not None:
        marks["review_until"] = local_time(review_until, timezone)
    return marks


def _what(values: Mapping[str, Any]) -> Text:
    """The operation in a few words: its kind, its amount, and the end of the payee's number."""
    kind = KIND_WORDS.get(str(values.get("kind")), Text(en="an operation", zh="一笔操作"))
    en, zh = kind.en, kind.zh
    minor, currency, payee = (values.get(name) for name in ("amount_minor", "currency", "counterparty"))
    if isinstance(minor, int) and isinstance(currency, str):
        amount_en, amount_zh = money_texts(minor, currency)
        en, zh = f"{en} of {amount_en}", f"{zh}{amount_zh}"
    if isinstance(payee, str) and payee:
        en, zh = f"{en} to *{payee[-_TAIL:]}", f"{zh}（收款方尾号{payee[-_TAIL:]}）"
    return Text(en=en, zh=zh)


def _waits(needs: Any) -> Text:
    known = needs if isinstance(needs, list | tuple) else ()
    said = [_WAITS[need] for need in known if need in _WAITS] or [_WAITS["approval"]]
    return Text(en=" and ".join(one.en for one in said), zh="以及".join(one.zh for one in said))


def _text(value: Any) -> Text:
    """What may be a text in both languages, or anything else that can be shown."""
    if isinstance(value, dict) and isinstance(value.get("en"), str) and isinstance(value.get("zh"), str):
        return Text(en=value["en"].rstrip("."), zh=value["zh"].rstrip("。"))
    return NOTHING if value is None or value == "" else _same(str(value))


def _same(value: str) -> Text:
    return Text(en=value, zh=value)


def _instant(value: Any) -> int | None:
    """Microseconds UTC, from a number or from RFC 3339."""
    if isinstance(value, int):
        return value if 0 <= value < _FAR else None
    if isinstance(value, str):
        try:
            return micros_of(datetime.fromisoformat(value))
        except (ValueError, TypeError):
            return None
    return None
