"""The screen of one payment: labels and what they announce, the amount that stands large, and a title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from countermand.evidence.amounts import Amount, Sign, amounts_in, currency_of
from countermand.evidence.fields import Field, FieldName, field_of
from countermand.evidence.layout import Line, below, continued, joined, right_of
from countermand.evidence.lexicon import Label, Lexicon
from countermand.evidence.times import Moment, is_clock, moments_in
from countermand.evidence.values import account_of, order_of, tail_of
from countermand.vocabulary.pictures import Box

# The amount may be followed or preceded by a few characters that are none of it.
_STRAY_MAX = 3
# A time under this label is when it was asked for, not when money moved.
_ASKED = re.compile(r"创建|下单|申请|created", re.IGNORECASE)
# A name is one word, or several that begin with a capital.
_NAME = r"[A-Z][\w&'*-]*(?: [A-Z][\w&'*-]*){1,5}|[^\s,,。]{2,30}"
_TO = re.compile(
    rf"(?:转账\s*[-—:]?\s*)?(?:转给|转账给|付款给|支付给|发给|转账到|收款方[::])\s*(?P<to>{_NAME})"
    rf"|(?:付款|支付)\s*[-—]\s*给\s*(?P<given>{_NAME})"
    r"|向\s*(?P<toward>[^\s,,。]{2,30}?)\s*(?:转账|付款|支付)(?:成功)?"
    r"|(?:^|\b)(?:paid to|payment to|transfer to|sent to|to)\s*[::]?\s*(?P<payee>[A-Z][\w&.'* -]{1,40})",
    re.IGNORECASE,
)
_HEADINGS = re.compile(
    r"账单详情|交易详情|订单详情|转账详情|支付详情|交易记录|账单|详情|电子回单|转账结果|支付结果|完成|返回|全部账单"
    r"|transaction details|payment details|receipt|details|done|back|bill details",
    re.IGNORECASE,
)
NAME_MAX = 60
# What a row for it says of the direction; nothing else does on the screen of a payment.
_DIRECTIONS = {
    "支出": Sign.OUT,
    "收入": Sign.IN,
    "支": Sign.OUT,
    "收": Sign.IN,
    "Debit": Sign.OUT,
    "Credit": Sign.IN,
}


@dataclass(slots=True)
class Announced:
    """A label with the lines of its value; `word` is the label as it stands."""

    label: Label
    word: str
    line: Line
    value: list[Line] = field(default_factory=list)
    start: int = 0

    @property
    def raw(self) -> str:
        """The value as one text."""
        return joined(self.value).text[self.start :].strip()


def announced_in(lines: Sequence[Line], lexicon: Lexicon) -> list[Announced]:
    """Every label of a screen with its value, wherever that stands: behind it, beside it or below."""
    labels: dict[int, Announced] = {}
    alone: list[Line] = []
    for line in lines:
        found = lexicon.label_of(line.text)
        if found is None:
            continue
        label, end = found
        word, rest = line.text[:end], line.text[end:]
        inner = re.sub(r"^[\s::]+", "", rest)
        one = Announced(label, word, line)
        # "methodVisa": the blank between a Latin label and its value was lost.
        separated = len(inner) < len(rest) or (word[-1].islower() and rest[:1].isupper())
        if inner and (separated or (label in _GLUED and _GLUED_VALUE.match(inner) and _fits(label, inner))):
            one.value, one.start = [line], len(line.text) - len(inner)
        elif inner:
            continue
        else:
            alone.append(line)
        labels[id(line)] = one
    values = [line for line in lines if id(line) not in labels]
    for one in labels.values():
        _find_value(one, values, alone)
    return [labels[id(line)] for line in lines if id(line) in labels and labels[id(line)].value]


def _find_value(one: Announced, values: Sequence[Line], labels: Sequence[Line]) -> None:
    """A value beside its label, else below it; with the lines that go on with it."""
    if one.value:
        more = continued(one.line, values, stop=labels) if one.label in _LONG else [one.line]
        one.value = more
        return
    for near in (right_of(one.line, values), below(one.line, values)):
        row = [] if near is None else _row_from(near, values)
        if row and _fits(one.label, joined(row).text):
            more = continued(row[0], values, stop=labels) if one.label in _LONG else row[:1]
            one.value = [*row, *more[1:]]
            return


def _row_from(first: Line, values: Sequence[Line]) -> list[Line]:
    """A value that was read in several parts because it has wide gaps."""
    row = [first]
    while (following := right_of(row[-1], values)) is not None and len(row) < 6:
        row.append(following)
    return row


# A value of these may stand behind its label without anything between them, as readers lose blanks.
_GLUED = frozenset(
    {Label.AMOUNT, Label.BALANCE, Label.TIME, Label.ORDER, Label.MERCHANT_ORDER, Label.COUNTERPARTY_ACCOUNT}
)
_GLUED_VALUE = re.compile(r"[+-]?[¥$€£]?[\dA-Z]")
# Values that may need more than one line.
_LONG = frozenset({Label.ORDER, Label.MERCHANT_ORDER, Label.COUNTERPARTY, Label.ACCOUNT, Label.TIME})


def _fits(label: Label, text: str) -> bool:
    """Whether a text may be the value of a label: what is nearest need not be."""
    if label in (Label.AMOUNT, Label.BALANCE):
        return any(one.minor is not None for one in amounts_in(text))
    if label is Label.TIME:
        return re.search(r"\d{1,2}\D\d{1,2}|昨天|今天|today|yesterday", text, re.IGNORECASE) is not None
    if label in (Label.ORDER, Label.MERCHANT_ORDER):
        return order_of(text) is not None or re.fullmatch(r"[A-Za-z0-9 _-]{6,64}", text) is not None
    if label is Label.COUNTERPARTY_ACCOUNT:
        return account_of(text) is not None or tail_of(text) is not None
    if label in (Label.COUNTERPARTY, Label.ACCOUNT):
        return not _is_money(text) and len(text) >= 2
    return True


def _is_money(text: str) -> bool:
    return any(one.marked and one.end - one.start >= len(text) - _STRAY_MAX for one in amounts_in(text))


def receipt_fields(
    lines: Sequence[Line], lexicon: Lexicon, captured_at: datetime | None
) -> tuple[Field, ...]:
    """The fields of the screen of one payment; its lines as `layout.straightened` gives them."""
    labelled = announced_in(lines, lexicon)
    taken = {id(line) for one in labelled if one.label is not Label.AMOUNT for line in (one.line, *one.value)}
    free = [line for line in lines if id(line) not in taken and not is_clock(line.text)]
    found = _money(free, labelled, lines)
    found += _time(labelled, free, captured_at)
    found += _numbers(labelled)
    found += _counterparty(labelled, free, lexicon)
    found += _account(labelled, lexicon)
    found += _status(labelled, free, lexicon)
    return tuple({one.name: one for one in reversed(found)}.values())[::-1]


def _money(free: Sequence[Line], labelled: Sequence[Announced], lines: Sequence[Line]) -> list[Field]:
    """The amount: the tallest line that is nothing but one, else what a label announces."""
    shown = [
        (line, one) for line in free for one in amounts_in(line.text) if one.marked and _whole(line, one)
    ]
    told = [
        (each.value[0], one)
        for each in labelled
        if each.label is Label.AMOUNT
        for one in amounts_in(each.value[0].text)
        if one.start >= each.start
    ]
    titled = max(shown, key=lambda one: (round(one[0].height), -one[0].middle), default=None)
    first = titled or (told[0] if told else None)
    if first is None:
        return []
    line, amount = first
    confidence = line.confidence
    if told and titled and all(one.minor != amount.minor for _, one in told):
        confidence = min(confidence, 0.5)  # two amounts on one screen: somebody says which is meant
    text = joined([line])
    boxes = text.boxes(amount.start, amount.end)
    raw = line.text[amount.start : amount.end]
    fields = [
        field_of(FieldName.AMOUNT, amount.minor, raw, boxes, confidence),
        _sign(amount, raw, boxes, confidence, labelled),
    ]
    currency = amount.currency or _only_currency([*told, *shown], lines)
    if currency is not None:
        fields.append(field_of(FieldName.CURRENCY, currency, raw, boxes, confidence))
    return fields


def _sign(
    amount: Amount, raw: str, boxes: tuple[Box, ...], confidence: float, labelled: Sequence[Announced]
) -> Field:
    """The sign that stands there, else what a row says of the direction; unknown where the two differ."""
    for one in labelled:
        said = _DIRECTIONS.get(one.raw) if one.label is Label.DIRECTION else None
        if said is not None and amount.sign in (Sign.UNKNOWN, said):
            return field_of(FieldName.SIGN, said.value, one.raw, *_spot(one))
        if said is not None:
            return field_of(FieldName.SIGN, Sign.UNKNOWN.value, f"{raw} {one.raw}", boxes, confidence)
    return field_of(FieldName.SIGN, amount.sign.value, raw, boxes, confidence)


def _whole(line: Line, amount: Amount) -> bool:
    """Whether a line is an amount, but for a sign that was misread."""
    return amount.end - amount.start >= len(line.text) - _STRAY_MAX


def _only_currency(amounts: Sequence[tuple[Line, Amount]], lines: Sequence[Line]) -> str | None:
    """The one currency that a screen names anywhere; none where it names two."""
    named = {one.currency for _, one in amounts if one.currency}
    if not named:
        named = {one.currency for line in lines for one in amounts_in(line.text) if one.currency}
        # A sign drawn smaller than its digits is a line of its own.
        named |= {alone for line in lines if (alone := currency_of(line.text)) is not None}
    return named.pop() if len(named) == 1 else None


def _time(labelled: Sequence[Announced], free: Sequence[Line], captured_at: datetime | None) -> list[Field]:
    told = sorted(
        (one for one in labelled if one.label is Label.TIME), key=lambda one: bool(_ASKED.search(one.word))
    )
    for one in told:
        text = joined(one.value)
        if found := _best(moments_in(text.text, captured_at)):
            spot = (text.boxes(found.start, found.end), text.confidence(found.start, found.end))
            return [field_of(FieldName.TIME, found.text, text.text[found.start : found.end], *spot)]
    for one in told:
        text = joined(one.value)
        end = len(text.text)
        return [field_of(FieldName.TIME, None, one.raw, text.boxes(one.start, end), text.confidence(0, end))]
    for line in free:
        found = _best(moments_in(line.text, captured_at))
        if found and found.hour is not None:
            raw = line.text[found.start : found.end]
            return [
                field_of(
                    FieldName.TIME,
                    found.text,
                    raw,
                    joined([line]).boxes(found.start, found.end),
                    line.confidence,
                )
            ]
    return []


def _best(moments: Sequence[Moment]) -> Moment | None:
    return next((one for one in moments if one.hour is not None), moments[0] if moments else None)


def _numbers(labelled: Sequence[Announced]) -> list[Field]:
    """Order numbers, the account of the other side, the balance."""
    found = []
    for one in labelled:
        spot = _spot(one)
        if one.label is Label.ORDER:
            found.append(field_of(FieldName.ORDER_NUMBER, order_of(one.raw), one.raw, *spot))
        elif one.label is Label.MERCHANT_ORDER:
            found.append(field_of(FieldName.MERCHANT_ORDER_NUMBER, order_of(one.raw), one.raw, *spot))
        elif one.label is Label.COUNTERPARTY_ACCOUNT:
            found.append(
                field_of(FieldName.COUNTERPARTY_ACCOUNT, account_of(one.raw) or one.raw, one.raw, *spot)
            )
            if tail := tail_of(one.raw):
                found.append(field_of(FieldName.COUNTERPARTY_TAIL, tail, one.raw, *spot))
        elif one.label is Label.BALANCE:
            minor = next((each.minor for each in amounts_in(one.raw)), None)
            found.append(field_of(FieldName.BALANCE, minor, one.raw, *spot))
    return found


def _counterparty(labelled: Sequence[Announced], free: Sequence[Line], lexicon: Lexicon) -> list[Field]:
    """Who received it: by a label, by the words of the title, or by the line above the amount."""
    for one in labelled:
        if one.label is Label.COUNTERPARTY:
            spot = _spot(one)
            found = [field_of(FieldName.COUNTERPARTY, one.raw[:NAME_MAX], one.raw, *spot)]
            tail = tail_of(one.raw)
            return [*found, field_of(FieldName.COUNTERPARTY_TAIL, tail, one.raw, *spot)] if tail else found
    for line in free:
        if match := _TO.search(line.text):
            name = next(group for group in ("to", "given", "toward", "payee") if match[group])
            boxes = joined([line]).boxes(*match.span(name))
            return [field_of(FieldName.COUNTERPARTY, match[name].strip(), line.text, boxes, line.confidence)]
    titles = [line for line in free if _is_title(line, lexicon)]
    money = [line for line in free if any(one.marked and _whole(line, one) for one in amounts_in(line.text))]
    if titles and money:
        largest = max(money, key=lambda one: one.height)
        above = [line for line in titles if 0 < largest.top - line.bottom < 2 * largest.height]
        if above:
            line = above[-1]
            return [
                field_of(
                    FieldName.COUNTERPARTY,
                    line.text[:NAME_MAX],
                    line.text,
                    (line.box,),
                    min(0.6, line.confidence),
                )
            ]
    return []


def _is_title(line: Line, lexicon: Lexicon) -> bool:
    """Whether a line may be the name of whoever was paid: no money, no status, no heading of the screen."""
    plain = line.text
    if _is_money(plain) or lexicon.status_of(plain) or lexicon.label_of(plain) or moments_in(plain):
        return False
    return len(plain) >= 2 and _HEADINGS.fullmatch(plain) is None and not plain.isdigit()


def _account(labelled: Sequence[Announced], lexicon: Lexicon) -> list[Field]:
    """What was paid with: the bank or wallet, and the last digits."""
    found = []
    for one in labelled:
        if one.label not in (Label.ACCOUNT, Label.BANK):
            continue
        spot = _spot(one)
        if one.label is Label.ACCOUNT and (tail := tail_of(one.raw)):
            found.append(field_of(FieldName.ACCOUNT_TAIL, tail, one.raw, *spot))
        if name := lexicon.institutions.search(one.raw):
            found.append(field_of(FieldName.INSTITUTION, name[0], one.raw, *spot))
    return found


def _status(labelled: Sequence[Announced], free: Sequence[Line], lexicon: Lexicon) -> list[Field]:
    """What became of it: by a label, else the gravest of what short lines say."""
    for one in labelled:
        if one.label is Label.STATUS and (found := lexicon.status_of(one.raw)):
            return [field_of(FieldName.STATUS, found[0].value, one.raw, *_spot(one))]
    said = [
        (line, found) for line in free if len(line.text) <= 24 and (found := lexicon.status_of(line.text))
    ]
    order = [status for _, status in lexicon.statuses]
    line, found = min(said, key=lambda one: order.index(one[1][0]), default=(None, None))
    if line is None or found is None:
        return []
    boxes = joined([line]).boxes(found[1], found[2])
    return [field_of(FieldName.STATUS, found[0].value, line.text, boxes, line.confidence)]


def _spot(one: Announced) -> tuple[tuple[Box, ...], float]:
    """Where the value of a label stands, and how sure its reader was."""
    text = joined(one.value)
    end = len(text.text)
    return text.boxes(one.start, end), text.confidence(one.start, end)
