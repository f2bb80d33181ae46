"""A notice in words: every mark filled in, in both languages, with times on the customer's own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from countermand.kernel.clock import MICROS_PER_SECOND, micros_of, moment_of
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.oversight.notice_pack import NoticePack
from countermand.vocabulary.notices import Notice, Words

NOTHING = Text(en="not known", zh="未知")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_TAIL = 4
# The year 2286: whatever is later is no instant that anybody meant.
_FAR = 10**16

KIND_WORDS: Mapping[str, Text] = {
    "login": Text(en="a sign-in", zh="登录"),
    "register": Text(en="a registration", zh="注册"),
    "loan_apply": Text(en="a loan application", zh="借款申请"),
    "loan_disburse": Text(en="a loan payout", zh="借款发放"),
    "payment": Text(en="a payment", zh="付款"),
    "transfer": Text(en="a transfer", zh="转账"),
    "withdrawal": Text(en="a withdrawal", zh="提现"),
    "repayment": Text(en="a repayment", zh="还款"),
    "deposit": Text(en="a deposit", zh="充值"),
    "refund": Text(en="a refund", zh="退款"),
    "device_bind": Text(en="a new device", zh="绑定新设备"),
    "device_unbind": Text(en="a device taken off", zh="解绑设备"),
    "credential_change": Text(en="a new way to sign in", zh="修改登录凭证"),
    "contact_change": Text(en="a new contact address", zh="修改联系方式"),
    "limit_change": Text(en="a new limit", zh="调整限额"),
    "beneficiary_add": Text(en="a new payee", zh="新增收款人"),
    "mandate_create": Text(en="a new direct debit", zh="新增自动扣款"),
    "mandate_run": Text(en="a direct debit", zh="自动扣款"),
    "mandate_cancel": Text(en="a direct debit ended", zh="取消自动扣款"),
    "data_export": Text(en="a copy of your data", zh="导出数据"),
}
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


def local_time(at: int, timezone: str) -> Text:
    """An instant on the customer's clock, to the minute.

    >>> local_time(1_795_233_600_000_000, "Asia/Shanghai")
    Text(en='21 Nov 12:00', zh='11月21日12:00')
    """
    local = moment_of(at).astimezone(ZoneInfo(timezone))
    clock = f"{local:%H:%M}"
    return Text(
        en=f"{local.day} {_MONTHS[local.month - 1]} {clock}", zh=f"{local.month}月{local.day}日{clock}"
    )


def time_left(micros: int) -> Text:
    """A countdown in its two largest units, rounded down; nothing left is said as that.

    >>> time_left((3 * 86400 + 4 * 3600) * 10**6)
    Text(en='3 days 4 hours', zh='3天4小时')
    """
    seconds = max(0, micros // MICROS_PER_SECOND)
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    parts = [(days, "day", "天"), (hours, "hour", "小时"), (minutes, "minute", "分钟")]
    while len(parts) > 1 and not parts[0][0]:
        parts = parts[1:]
    shown = [part for part in parts[:2] if part[0]] or parts[:1]
    return Text(
        en=" ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word, _ in shown),
        zh="".join(f"{count}{word}" for count, _, word in shown),
    )
