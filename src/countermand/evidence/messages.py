"""Text messages of banks, wallets and lenders: a sentence that says how much, when, from what, to whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from countermand.evidence.amounts import Amount, Sign, amounts_in
from countermand.evidence.codes import COVER
from countermand.evidence.fields import Field, FieldName, field_of
from countermand.evidence.layout import Joined, Line, joined
from countermand.evidence.lexicon import Lexicon
from countermand.evidence.times import Moment, moments_in
from countermand.evidence.values import order_of

_SIGNED = re.compile(r"^\s*[【\[](?P<first>[^】\]]{2,20})[】\]]|[【\[](?P<last>[^】\]]{2,20})[】\]]\s*$")
_TAILS = re.compile(
    r"(?P<before>\S{0,8}?)(?:(?:账户|账号|储蓄卡|信用卡|借记卡|卡)(?=\d{4}(?!\d))|尾号|末四位|尾数"
    r"|ending(?: in| with)?|account|card|\*{2,})\s*(?:为|是|no\.?)?\s*[*x(]*\s*(?P<tail>\d{3,4})(?!\d|\.\d)",
    re.IGNORECASE,
)
# Whose tail it is: the other side's, where money goes to it.
_OTHERS = re.compile(r"(对方|向|给|转至|转到|汇至|收款)\S{0,6}$")
# What an amount is not when this stands right before it.
_NO_AMOUNT = re.compile(
    r"(余额|可用|额度|限额|手续费|利息|年费|积分|参考|单笔|日累计|累计|剩余|待还|最低还款额?|应还|balance|available|limit|fee)"
    r"\D{0,8}$",
    re.IGNORECASE,
)
_BALANCE = re.compile(r"(余额|balance)\D{0,12}$", re.IGNORECASE)
# Without a currency, a number is an amount only right behind one of these.
_SAYS_AMOUNT = re.compile(
    r"(金额|人民币|支出|消费|收入|存入|转出|转入|扣款|取款|付款|支付|到账|还款|amount|of)\D{0,3}$",
    re.IGNORECASE,
)
_COUNTERPARTIES = (
    re.compile(
        r"(?:支出|消费|付款|支付|转出|转账|扣款|收入|转入|存入|退款)\s*\((?:消费|付款|转账|支付|扣款|快捷|网上)?(?P<name>[^()]{2,30})\)"
    ),
    re.compile(
        r"(?:商户|收款人|收款方|对方户名|对方|付款人)(?:名称|户名)?\s*[::为]\s*(?P<name>[^,,。;;()\s]{2,30})"
    ),
    re.compile(r"(?:付方|收方)\s*[::]?\s*(?P<name>[^,,。;;()\s]{2,30})"),
    re.compile(r"向(?P<name>[^,,。;;\d尾]{2,20}?)(?:尾号|\(|转账|付款|支付|汇款|完成)"),
    re.compile(r"(?:在|于)(?P<name>[^,,。;;\d于日时分]{2,20})(?:消费|支付|付款|扣款)"),
    re.compile(r"\b(?:at|to|from)\s+(?P<name>[A-Z][\w&'*-]*(?:\s[A-Z][\w&'*-]*){0,4})"),
)
_CALLBACK = re.compile(
    r"(?:致电|拨打|联系|电话|热线|call)\s*(?:\S{0,6}?[::])?\s*(?P<number>\+?\d[\d-]{3,14}\d)", re.IGNORECASE
)
_ORDER = re.compile(
    r"(?:订单号?|流水号|单号|交易号|凭证号|ref(?:erence)?\.?(?: no\.?)?)\s*[::为]?"
    r"\s*(?P<order>[A-Za-z0-9-]{8,64})",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\+?\d[\d ()-]{2,22}\d")
_IN_BRACKETS = re.compile(r"[【\[][^】\]]{2,20}[】\]]")
_CLAUSE_ENDS = ",,。;;!!?？\n"


def message_fields(
    lines: Sequence[Line], header: Sequence[Line], lexicon: Lexicon, captured_at: datetime | None
) -> tuple[Field, ...]:
    """The fields of one message; `header` are the lines that stand over it: who sent it, and when."""
    text = joined(lines)
    moments = moments_in(text.text, captured_at)
    found = _money(text, moments, lexicon)
    found += _time(text, moments, header, captured_at)
    found += _tails(text, found)
    found += _named(text, lexicon)
    found += _sender(header)
    if COVER in text.text:
        start, end = text.text.index(COVER), text.text.rindex(COVER) + 1
        found.append(_field(FieldName.CODE, None, text, start, end))
    return tuple({one.name: one for one in reversed(found)}.values())[::-1]


def _field(name: FieldName, value: str | int | None, text: Joined, start: int, end: int) -> Field:
    raw = text.text[start:end].strip()
    return field_of(name, value, raw, text.boxes(start, end), text.confidence(start, end))


def _money(text: Joined, moments: Sequence[Moment], lexicon: Lexicon) -> list[Field]:
    """The amount with its sign and currency, and the balance after it."""
    said = text.text
    free = [
        one
        for one in amounts_in(said)
        if not any(one.start < moment.end and moment.start < one.end for moment in moments)
    ]
    found: list[Field] = []
    balance = next((one for one in free if _BALANCE.search(said[: one.start])), None)
    able = [one for one in free if not _NO_AMOUNT.search(said[: one.start]) and _is_amount(said, one)]
    amount = next((one for one in able if one.currency), able[0] if able else None)
    if amount is not None:
        span = (text, amount.start, amount.end)
        found.append(_field(FieldName.AMOUNT, amount.minor, *span))
        found.append(_field(FieldName.SIGN, _sign(said, amount, lexicon).value, *span))
        if amount.currency is not None:
            found.append(_field(FieldName.CURRENCY, amount.currency, *span))
    if balance is not None:
        found.append(_field(FieldName.BALANCE, balance.minor, text, balance.start, balance.end))
    return found


def _is_amount(said: str, one: Amount) -> bool:
    """Whether a number is money: it says so itself, or the words before it do."""
    return one.currency is not None or _SAYS_AMOUNT.search(said[: one.start]) is not None


def _sign(said: str, amount: Amount, lexicon: Lexicon) -> Sign:
    """By a sign, and by the words of the same clause; where the two differ, it is unknown."""
    start = max((said.rfind(one, 0, amount.start) for one in _CLAUSE_ENDS), default=-1) + 1
    ends = [place for one in _CLAUSE_ENDS if (place := said.find(one, amount.end)) >= 0]
    clause = lexicon.institutions.sub(" ", _IN_BRACKETS.sub(" ", said[start : min(ends, default=len(said))]))
    worded = lexicon.direction_of(clause)
    if Sign.UNKNOWN in (worded, amount.sign):
        return worded if amount.sign is Sign.UNKNOWN else amount.sign
    return worded if worded is amount.sign else Sign.UNKNOWN


def _time(
    text: Joined, moments: Sequence[Moment], header: Sequence[Line], captured_at: datetime | None
) -> list[Field]:
    """When it says it happened; else when it came, where the screen says that by a date."""
    best = next((one for one in moments if one.hour is not None), moments[0] if moments else None)
    if best is not None:
        return [_field(FieldName.TIME, best.text, text, best.start, best.end)]
    for line in reversed(header):
        for one in moments_in(line.text, captured_at):
            if one.hour is not None:
                return [_field(FieldName.TIME, one.text, joined([line]), one.start, one.end)]
    return []


def _tails(text: Joined, money: Sequence[Field]) -> list[Field]:
    """Last digits of one's own card or account, and of the other side's."""
    inward = any(one.name is FieldName.SIGN and one.value == Sign.IN.value for one in money)
    found = []
    for match in _TAILS.finditer(text.text):
        others = not inward and _OTHERS.search(text.text[: match.start()] + match["before"])
        name = FieldName.COUNTERPARTY_TAIL if others else FieldName.ACCOUNT_TAIL
        found.append(_field(name, match["tail"], text, *match.span("tail")))
    return found


def _named(text: Joined, lexicon: Lexicon) -> list[Field]:
    """Who signed it, who was paid, an order number, a number to call, and what became of it."""
    said = text.text
    found = []
    if signed := _SIGNED.search(said):
        part = "first" if signed["first"] else "last"
        found.append(_field(FieldName.INSTITUTION, signed[part], text, *signed.span(part)))
    elif name := lexicon.institutions.search(said):
        found.append(_field(FieldName.INSTITUTION, name[0], text, *name.span()))
    for pattern in _COUNTERPARTIES:
        if match := pattern.search(said):
            start, end = match.span("name")
            # A wallet whose name ends in 支付 is named whole.
            if (whole := lexicon.institutions.match(said, start)) and whole.end() > end:
                end = whole.end()
            found.append(_field(FieldName.COUNTERPARTY, said[start:end].strip(), text, start, end))
            break
    if (order := _ORDER.search(said)) and order_of(order["order"]):
        found.append(_field(FieldName.ORDER_NUMBER, order_of(order["order"]), text, *order.span("order")))
    if call := _CALLBACK.search(said):
        found.append(_field(FieldName.CALLBACK, call["number"], text, *call.span("number")))
    if status := lexicon.status_of(said):
        found.append(_field(FieldName.STATUS, status[0].value, text, status[1], status[2]))
    return found


def _sender(header: Sequence[Line]) -> list[Field]:
    for line in header:
        if _SENDER.fullmatch(line.text):
            value = re.sub(r"[ ()-]", "", line.text)
            return [field_of(FieldName.SENDER, value, line.text, (line.box,), line.confidence)]
    return []


def is_signed(lines: Sequence[Line]) -> bool:
    """Whether a paragraph opens or closes with its sender's name in brackets, as messages must in China."""
    return _SIGNED.search(joined(lines).text) is not None
