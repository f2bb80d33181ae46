"""The subject that customers are told to write when something was done without them, and what it becomes."""

from __future__ import annotations

import re
import unicodedata

SUBJECT = "紧急-非授权操作反馈"
SLIPS_MAX, LATIN_SLIPS_MAX = 2, 3
SUBJECT_CHARACTERS_MAX = 300
_PREFIX = re.compile(
    r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|回复|回覆|回復|答复|答覆|转发|轉發|轉寄|转寄)\s*(?:[\[(]\d+[\])])?\s*[:：]"
    r"|[\[【(（](?:spam\??|外部邮件|外部|external|可疑邮件|垃圾邮件|suspected spam)[\]】)）])",
    re.IGNORECASE,
)
_FORWARD = re.compile(r"^\s*(?:fw|fwd|wg|转发|轉發|轉寄|转寄)\s*(?:[\[(]\d+[\])])?\s*[:：]", re.IGNORECASE)
_REPLY = re.compile(r"^\s*(?:re|aw|sv|回复|回覆|回復|答复|答覆)\s*(?:[\[(]\d+[\])])?\s*[:：]", re.IGNORECASE)
_SIMPLE = str.maketrans("緊權饋應協認戶帳賬操單請爲為貸轉資交返", "紧权馈应协认户账账操单请为为贷转资交返")
_KEPT = re.compile(r"[^0-9a-z\u4e00-\u9fff]")
_TARGETS = ("紧急非授权操作反馈", "非授权操作反馈", "非授权操作")
_SAME = re.compile(
    r"(?:非|未经?|没有?|不是)(?:本人)?(?:授权|允许|同意)(?:的)?(?:操作|交易|转账|支付|扣款|贷款|借款|消费|登录|登陆)"
    r"|非本人(?:操作|交易|转账|支付|贷款|借款|消费|登录|登陆)|盗刷"
)
_LATIN = re.compile(
    r"(?:un|non|not)authori[sz]ed(?:operation|transaction|payment|transfer|withdrawal|loan|activity|access|"
    r"debit|charge|login|use)s?"
)
_LATIN_TARGETS = ("urgentunauthorisedoperation", "unauthorisedoperation", "unauthorisedtransaction")


def is_urgent(subject: str) -> bool:
    """Whether a subject is the one for operations without consent, however it was typed.

    Full or half width, traditional characters, no dash, replies and forwards of it, up to two slips, and
    its English form.

    >>> is_urgent("回复：緊急—非授權操作回馈"), is_urgent("URGENT: unauthorized transactions")
    (True, True)
    """
    plain = squeezed(subject)
    latin = plain.replace("z", "s")
    if _SAME.search(plain) or _LATIN.search(plain):
        return True
    full, *parts = _TARGETS
    if slips(full, plain) <= SLIPS_MAX and "非" in plain:
        return True
    # A part of it leaves less room for slips: one would turn “without consent” into something else.
    if any(slips(one, plain) <= 1 and "非" in plain and "授" in plain for one in parts):
        return True
    return any(slips(one, latin) <= LATIN_SLIPS_MAX for one in _LATIN_TARGETS) and "un" in latin


def squeezed(subject: str) -> str:
    """A subject in one form: no prefixes, no marks, small letters, the common characters simplified.

    >>> squeezed("RE: [SPAM] 转发: 紧 急－非授權操作反饋 !!")
    '紧急非授权操作反馈'
    """
    plain = unicodedata.normalize("NFKC", subject[:SUBJECT_CHARACTERS_MAX]).lower()
    while (cut := _PREFIX.sub("", plain)) != plain:
        plain = cut
    return _KEPT.sub("", plain.translate(_SIMPLE))


def is_forward(subject: str) -> bool:
    """Whether somebody passes on what somebody else wrote: the text below is then the message."""
    return bool(_FORWARD.match(unicodedata.normalize("NFKC", subject)))


def is_reply(subject: str) -> bool:
    """Whether the subject says that it answers."""
    return bool(_REPLY.match(unicodedata.normalize("NFKC", subject)))


def slips(wanted: str, text: str) -> int:
    """The fewest slips (a letter more, less or other) with which `wanted` stands anywhere in the text.

    >>> slips("非授权操作", "紧急非受权操做反馈"), slips("abc", "")
    (2, 3)
    """
    row = [0] * (len(text) + 1)
    for place, letter in enumerate(wanted, 1):
        before, row = row, [place, *row[1:]]
        for at, other in enumerate(text, 1):
            row[at] = min(before[at - 1] + (letter != other), before[at] + 1, row[at - 1] + 1)
    return min(row)
