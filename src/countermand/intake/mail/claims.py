"""What a message claims that a machine can use: account, operations, times, amounts, and the description."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from countermand.kernel.clock import micros_of, moment_of

CLAIMS_MAX = 20
TEXT_CHARACTERS_MAX = 100_000

_IS = r"\s*(?:是|为|為|is|no\.?|number)?\s*[:：=#]?\s*"
_NOT_THEIRS = re.compile(
    r"(?:对方|對方|收款\w{0,2}|骗子|騙子|陌生|他人|别人|別人|转入|转到|转给|转至|汇入|汇到|轉入|轉到|轉給|银行|銀行|付款到|"
    r"recipient(?:'s)?|payee(?:'s)?|beneficiary|their|his|her|other|scammer(?:'s)?|bank|to)\s*(?:的)?\s*$",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:(?:平台|会员|會員|用户|用戶|钱包|錢包)?(?:账号|账户|帐号|帐户|賬號|賬戶|帳號|帳戶|用户名|用户id|用戶id|账户id|会员号)"
    r"(?:id|号|號|编号|編號)?"
    + _IS
    + r"|\b(?:account|user|customer|wallet)\s*(?:id|no\.?|number|name)?\s*(?:[:：=#]|is\b)\s*)"
    r"[<(【\[\"'“]?([a-z0-9][a-z0-9_.@+-]{1,63})",
    re.IGNORECASE,
)
_OPERATION = re.compile(
    r"(?:(?:交易|订单|訂單|流水|操作|支付|转账|轉賬|借据|贷款)(?:单|單)?(?:号|號|编号|編號|id)"
    + _IS
    + r"|\b(?:operation|transaction|order|payment|transfer|loan)\s*"
    r"(?:id|no\.?|number|ref(?:erence)?)\s*(?:[:：=#]|is\b)?\s*)"
    r"([a-z0-9][a-z0-9_.-]{3,63})",
    re.IGNORECASE,
)
_DESCRIPTION = re.compile(
    r"(?:^|\n)\s*(?:\d+[.、)]\s*)?(?:事件|情况|問題|问题|经过|經過|具体|詳細|详细)?(?:描述|说明|說明|经过|經過|概述)\s*[:：]\s*(.+)"
    r"|(?:^|\n)\s*(?:description|what happened|details)\s*:\s*(.+)",
    re.IGNORECASE | re.DOTALL,
)
_FIELD_LINE = re.compile(r"\n\s*(?:\d+[.、)]\s*)?[\w\u4e00-\u9fff ]{2,12}[:：]")

_UNITS = {
    **dict.fromkeys(("元", "块", "塊", "圆", "块钱", "人民币", "人民幣", "rmb", "cny", "yuan", "¥"), "CNY"),
    **dict.fromkeys(("美元", "美金", "usd", "us$", "$", "dollars"), "USD"),
    **dict.fromkeys(("港币", "港幣", "港元", "hk$", "hkd"), "HKD"),
    **dict.fromkeys(("欧元", "eur", "€"), "EUR"),
}
_BEFORE = r"(rmb|cny|usd|hkd|eur|us\$|hk\$|人民币|人民幣|港币|港幣|港元|美元|美金|[¥$€])"
_AFTER = r"(人民币|人民幣|美元|美金|港币|港幣|港元|欧元|块钱|元|块|塊|圆|rmb|cny|usd|hkd|eur|yuan|dollars)"
_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:\.\d{1,4})?)\s*(万|萬|千|百|k)?"
_AMOUNT = re.compile(
    rf"{_BEFORE}\s*{_NUMBER}(?:\s*{_AFTER})?|(?<![\d.,]){_NUMBER}\s*(?:多|余)?\s*{_AFTER}"
    rf"|([零〇一二两三四五六七八九十百千万萬亿]{{2,16}})(?:多|余)?\s*(元|块钱|块|圆)",
    re.IGNORECASE,
)
_DIGITS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_TIMES = {"万": 10**4, "萬": 10**4, "千": 1000, "百": 100, "k": 1000, "K": 1000, "亿": 10**8}

_CLOCK = (
    r"(?:\s*[,，]?\s*(?:的)?(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|深夜|晚|早)?\s*"
    r"(\d{1,2})\s*(?:[:：]\s*(\d{2})(?:\s*[:：]\s*\d{2})?|[点點时時]\s*(?:(\d{1,2})\s*分?|(半))?)\s*(am|pm|a\.m\.|p\.m\.)?)?"
)
_DAY = re.compile(
    r"(?<!\d)(20\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*(?:[日号號]|T)?"
    + _CLOCK
    + r"|(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號]"
    + _CLOCK
    + r"|(今天|今日|今晨|今早|今晚|昨天|昨日|昨晚|昨夜|前天|前晚|刚才|剛才|刚刚|"
    r"today|yesterday|last night|just now)" + _CLOCK,
    re.IGNORECASE,
)
_AFTERNOON = {"下午", "傍晚", "晚上", "夜里", "深夜", "晚", "中午"}
_BACK = {"昨天": 1, "昨日": 1, "昨晚": 1, "昨夜": 1, "yesterday": 1, "last night": 1, "前天": 2, "前晚": 2}
_NOW = {"刚才", "剛才", "刚刚", "just now"}
_LATE = {"今晚", "昨晚", "昨夜", "前晚", "last night"}


class ClaimedTime(msgspec.Struct, frozen=True):
    """An instant (microseconds UTC) that was named, exact to the minute or only to the day."""

    at: int
    exact: bool


class ClaimedAmount(msgspec.Struct, frozen=True):
    """An amount in minor units of its currency (ISO 4217)."""

    minor: int
    currency: str


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was claimed, in the order of the text; each once, and no more than 20 of a kind."""

    accounts: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    times: tuple[ClaimedTime, ...] = ()
    amounts: tuple[ClaimedAmount, ...] = ()
    description: str = ""


def claims_of(text: str, said_at: int, timezone: str) -> Claims:
    """What a text claims; `said_at` (microseconds UTC) is what “yesterday” is reckoned from.

    The account of somebody else (the payee's, a bank's) is nobody's claim to be its holder.

    >>> claims_of("账号：a-1，昨晚10点05分被转走3,200元", 1_795_233_600_000_000, "Asia/Shanghai").amounts
    (ClaimedAmount(minor=320000, currency='CNY'),)
    """
    plain = unicodedata.normalize("NFKC", text[:TEXT_CHARACTERS_MAX])
    accounts = [
        found[1].rstrip(".-@+_")
        for found in _ACCOUNT.finditer(plain)
        if any(letter.isdigit() for letter in found[1])
        and not _NOT_THEIRS.search(plain[max(0, found.start() - 16) : found.start()])
    ]
    operations = [
        found[1].rstrip(".-_")
        for found in _OPERATION.finditer(plain)
        if sum(letter.isdigit() for letter in found[1]) >= 1
    ]
    described = _DESCRIPTION.search(plain)
    description = "" if described is None else (described[1] or described[2] or "")
    description = _FIELD_LINE.split(description, maxsplit=1)[0].strip()
    return Claims(
        accounts=_once(accounts),
        operations=_once(operations),
        times=tuple(dict.fromkeys(_times(plain, said_at, timezone)))[:CLAIMS_MAX],
        amounts=tuple(dict.fromkeys(_amounts(plain)))[:CLAIMS_MAX],
        description=description[:5000],
    )


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:CLAIMS_MAX]


def _amounts(text: str) -> Iterator[ClaimedAmount]:
    for one in _AMOUNT.finditer(text):
        if one[8]:
            value, unit = _chinese_number(one[8]), one[9]
        elif one[1]:
            value, unit = _value(one[2], one[3]), one[4] if one[4] and one[1] in "$¥" else one[1]
        else:
            value, unit = _value(one[5], one[6]), one[7]
        currency = _UNITS.get(unit.lower(), "CNY")
        if 0 < value < 10**12:
            yield ClaimedAmount(round(value * 100), currency)


def _value(digits: str, times: str | None) -> float:
    return float(digits.replace(",", "")) * _TIMES.get(times or "", 1)


def _chinese_number(words: str) -> float:
    """`三万五千` is 35,000.

    >>> _chinese_number("三万五千"), _chinese_number("十二")
    (35000, 12)
    """
    total = section = digit = 0
    for letter in words:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in _POWERS:
            section += (digit or 1) * _POWERS[letter]
            digit = 0
        else:
            total += (section + digit or 1) * _TIMES[letter]
            section = digit = 0
    return total + section + digit


def _times(text: str, said_at: int, timezone: str) -> Iterator[ClaimedTime]:
    zone = ZoneInfo(timezone)
    here = moment_of(said_at).astimezone(zone)
    for one in _DAY.finditer(text):
        try:
            if one[1]:
                day, clock = date(int(one[1]), int(one[2]), int(one[3])), one.groups()[3:9]
            elif one[10]:
                day, clock = _last(here.date(), int(one[10]), int(one[11])), one.groups()[11:17]
            else:
                word, clock = one[18].lower(), one.groups()[18:24]
                if word in _NOW:
                    yield ClaimedTime(said_at, exact=False)
                    continue
                day = here.date() - timedelta(days=_BACK.get(word, 0))
                if word in _LATE and clock[0] is None:
                    clock = ("晚上", *clock[1:])
            yield _claimed(day, clock, zone)
        except (ValueError, OverflowError):
            continue


def _last(today: date, month: int, day: int) -> date:
    """The last such day that is not in the future."""
    this = date(today.year, month, day)
    return this if this <= today else date(today.year - 1, month, day)


def _claimed(day: date, clock: tuple[str | None, ...], zone: ZoneInfo) -> ClaimedTime:
    part, hour, minute, spoken, half, latin = clock
    if hour is None:
        return ClaimedTime(micros_of(datetime(day.year, day.month, day.day, tzinfo=zone)), exact=False)
    hours = int(hour)
    minutes = 30 if half else int(minute or spoken or 0)
    late = (part in _AFTERNOON and not (part == "中午" and hours >= 11)) or (latin or "").lower().startswith(
        "p"
    )
    if late and hours < 12 and not (part in {"晚上", "夜里", "深夜", "晚"} and hours < 5):
        hours += 12
    moment = datetime(day.year, day.month, day.day, hours % 24, minutes, tzinfo=zone)
    if part in {"晚上", "夜里", "深夜", "晚"} and int(hour) in {12, 1, 2, 3, 4}:
        # Twelve or one at night belongs to the morning after.
        moment = moment.replace(hour=int(hour) % 12) + timedelta(days=1)
    return ClaimedTime(micros_of(moment), exact=True)
