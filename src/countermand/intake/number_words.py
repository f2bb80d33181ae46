"""The words in front of a number, and the signs behind it, that say what it is or that it is nobody's."""

from __future__ import annotations

import re

BEFORE_MAX = 24
_FILLER = r"[^0-9\n*]"  # what is masked is never bridged: a masked text reads like the original
_ORDER = re.compile(
    r"(?:订单|单号|流水|交易号|交易编号|编号|案件|案件|案号|受理|运单|快递|票号|凭证|保单|合同|序列|批次|回执|"
    r"order|case|ticket|\bref|reference|txn|transaction|tracking|invoice|serial|trace|receipt|policy)"
    r"(?:[ :#=('\"\[【]|号码|号|编号|id|number|num|no\.?|是|为|is|was){0,5}$"
)
_CARD = re.compile(
    r"(?:卡号|银行卡|信用卡|储蓄卡|借记卡|卡片|卡|card|debit|credit|visa|mastercard|amex)"
    rf"{_FILLER}{{0,12}}$"
)
_ACCOUNT = re.compile(
    r"(?:账号|帐号|银行账户|收款账户|对公账户|卡号|account (?:number|no\.?|#)|acct\.?(?: no\.?| number)?|a/c)"
    rf"{_FILLER}{{0,6}}$"
)
_PHONE = re.compile(
    r"(?:电话|手机|座机|固话|联系方式|拨打|致电|来电|短信到|tel|phone|mobile|cell|call|whatsapp|sms|text|"
    rf"dianhua|shouji|shoujihao|sjh){_FILLER}{{0,8}}$"
)
_OFFICIAL = re.compile(
    rf"(?:客服|官方|热线|服务|投诉|举报|hotline|helpline|customer service){_FILLER}{{0,8}}$"
)
_IDENTITY = re.compile(rf"(?:身份证|证件号|身份号|公民身份|shenfenzheng|sfz|identity|\bid){_FILLER}{{0,10}}$")
_MONEY_BEFORE = re.compile(r"(?:[¥$€£]|rmb|cny|usd|hkd|金额|余额|amount|balance)[ :]{0,2}$")
_MONEY_AFTER = re.compile(
    r"(?:\.\d{1,2}(?!\d))? ?(?:元|块|万|亿|圆|人民币|美元|港币|rmb|cny|usd|hkd|dollar|yuan|%)"
    r"|\.\d\d?(?![\d.-])"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")


def follows_order(view: str, start: int) -> bool:
    """Whether an order, a case or a transaction is named right in front: its number is no person's."""
    return _follows(_ORDER, view, start)


def follows_card(view: str, start: int) -> bool:
    """Whether a bank card is named in front."""
    return _follows(_CARD, view, start)


def follows_account(view: str, start: int) -> bool:
    """Whether an account's number is announced in front."""
    return _follows(_ACCOUNT, view, start)


def follows_phone(view: str, start: int) -> bool:
    """Whether a telephone is named in front, and not that of an office."""
    return _follows(_PHONE, view, start) and not _follows(_OFFICIAL, view, start)


def follows_identity(view: str, start: int) -> bool:
    """Whether an identity number is announced in front."""
    return _follows(_IDENTITY, view, start)


def is_money(view: str, start: int, end: int) -> bool:
    """Whether the number is an amount: a currency beside it, decimals behind it, or thousands apart."""
    return (
        _MONEY_AFTER.match(view, end) is not None
        or _follows(_MONEY_BEFORE, view, start)
        or _THOUSANDS.fullmatch(view, start, end) is not None
    )


def _follows(words: re.Pattern[str], view: str, start: int) -> bool:
    return words.search(view, max(0, start - BEFORE_MAX), start) is not None
