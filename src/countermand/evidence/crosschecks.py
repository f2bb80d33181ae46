"""A receipt or message beside the record: the same operation, one that contradicts it, or none of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

import msgspec

from countermand.evidence.amounts import Sign
from countermand.evidence.fields import FieldName, Record
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Kind, Operation

# Screens show when money moved, messages when they were written; clocks differ by less than this.
TOLERANCE_SECONDS = 15 * 60
DAY_SECONDS = 86_400
_OUT = frozenset({Kind.PAYMENT, Kind.TRANSFER, Kind.WITHDRAWAL, Kind.REPAYMENT, Kind.MANDATE_RUN})
_IN = frozenset({Kind.DEPOSIT, Kind.REFUND, Kind.LOAN_DISBURSE})
# A number of an account ends in digits that mean something; the handle of a payee need not.
_ACCOUNT_DIGITS = re.compile(r"\d{8,}$")
_WRITTEN = re.compile(
    r"(?P<year>\d{4}|-)-(?P<month>\d\d)-(?P<day>\d\d)(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
)


class Verdict(StrEnum):
    """matched: it is an operation of ours. contradicts: it is one, but what it says of it differs.

    not_ours: nothing on the account fits. undecided: what it says is not enough to tell.
    """

    MATCHED = "matched"
    CONTRADICTS = "contradicts"
    NOT_OURS = "not_ours"
    UNDECIDED = "undecided"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was compared: what it is called, and a sentence for people."""

    code: str
    text: Text


class CrossCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of comparing one record; `operation` is the one it was found to be about, if any."""

    verdict: Verdict
    operation: str | None
    findings: tuple[Finding, ...]


class _Compared(NamedTuple):
    """One operation beside a record; None where either side does not say. `apart` is in seconds."""

    operation: Operation
    amount: bool | None
    currency: bool | None
    apart: float | None
    payee: bool | None
    direction: bool | None
    order: bool | None


def cross_check(
    record: Record, operations: Sequence[Operation], zone: tzinfo, tolerance_seconds: int = TOLERANCE_SECONDS
) -> CrossCheck:
    """Compare a record with the account's operations around its time; pure and total.

    `operations` are all of them in that time; `zone` is the one that screens here tell time in.
    An amount alone proves nothing: what has no time is undecided, even where one operation has its amount.
    """
    if not isinstance(record.value(FieldName.AMOUNT), int):
        return CrossCheck(verdict=Verdict.UNDECIDED, operation=None, findings=(_AMOUNT_UNCLEAR,))
    compared = [_compare(record, one, zone) for one in operations if one.amount is not None]
    named = [one for one in compared if one.order]
    alike = [one for one in compared if one.amount and one.currency is not False]
    near = [one for one in alike if one.apart is not None and one.apart <= tolerance_seconds]
    if named or near:
        best = min(named or near, key=lambda one: (len(_against(one, tolerance_seconds)), one.apart or 0.0))
        return _told(best, tolerance_seconds)
    if record.value(FieldName.TIME) is None:
        only = alike[0].operation.id if len(alike) == 1 else None
        return CrossCheck(verdict=Verdict.UNDECIDED, operation=only, findings=(_TIME_UNCLEAR,))
    # The same payee at the same time, or the same amount to them that day: what differs is the contradiction.
    doubtful = [
        one
        for one in compared
        if one.payee
        and one.apart is not None
        and one.apart <= (DAY_SECONDS if one.amount else tolerance_seconds)
    ]
    if doubtful:
        return _told(min(doubtful, key=lambda one: one.apart or 0.0), tolerance_seconds)
    return CrossCheck(verdict=Verdict.NOT_OURS, operation=None, findings=(_NOTHING_FITS,))


def _compare(record: Record, operation: Operation, zone: tzinfo) -> _Compared:
    assert operation.amount is not None, "only operations with an amount are compared"
    currency = record.value(FieldName.CURRENCY)
    tail, payee = record.value(FieldName.COUNTERPARTY_TAIL), payee_tail(operation)
    sign = record.value(FieldName.SIGN)
    order = record.value(FieldName.ORDER_NUMBER)
    known = {operation.id, *(one for one in (operation.attributes or {}).values() if isinstance(one, str))}
    way = Sign.OUT if operation.kind in _OUT else Sign.IN if operation.kind in _IN else None
    return _Compared(
        operation=operation,
        amount=record.value(FieldName.AMOUNT) == operation.amount.minor,
        currency=None if currency is None else currency == operation.amount.currency,
        apart=_apart(record.value(FieldName.TIME), operation.occurred_at.astimezone(zone)),
        payee=None if not isinstance(tail, str) or payee is None else payee.endswith(tail),
        direction=None if way is None or sign not in (Sign.OUT.value, Sign.IN.value) else sign == way.value,
        order=None if order is None else order in known,
    )


def payee_tail(operation: Operation) -> str | None:
    """The last digits of who received it, where the record tells: an attribute, or a long number's end."""
    told = (operation.attributes or {}).get("counterparty_tail")
    if isinstance(told, str) and told.isdigit():
        return told
    found = None if operation.counterparty is None else _ACCOUNT_DIGITS.search(operation.counterparty.id)
    return None if found is None else found[0]


def _apart(written: str | int | None, at: datetime) -> float | None:
    """Seconds between a written time and an instant; none within a day whose time of day is not written."""
    found = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        return None
    years = [at.year - 1, at.year, at.year + 1] if found["year"] == "-" else [int(found["year"])]
    gaps = []
    for year in years:
        clock = (int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0))
        try:
            said = datetime(year, int(found["month"]), int(found["day"]), *clock, tzinfo=at.tzinfo)
        except ValueError:
            continue  # the 29th of February of another year
        if found["hour"] is None:
            gaps.append(abs((said.date() - at.date()).days) * float(DAY_SECONDS))
        else:
            # A minute without its seconds is any instant in it.
            gap = abs((said - at).total_seconds())
            gaps.append(gap if found["second"] else max(0.0, gap - 60))
    return min(gaps, default=None)


def _against(one: _Compared, tolerance_seconds: int) -> list[Finding]:
    """What speaks against the record being about this operation."""
    money = one.operation.amount
    assert money is not None, "only operations with an amount are compared"
    en, zh = money_texts(money.minor, money.currency)
    found = []
    if one.amount is False or one.currency is False:
        found.append(
            _finding(
                "amount_differs", f"Our record of this operation says {en}.", f"我方记录的该笔金额为{zh}。"
            )
        )
    if one.apart is not None and one.apart > tolerance_seconds:
        found.append(
            _finding("time_differs", "Our record has another time for it.", "与我方记录的时间不一致。")
        )
    if one.payee is False:
        found.append(
            _finding("payee_differs", "Our record names another receiver.", "与我方记录的收款方不一致。")
        )
    if one.direction is False:
        found.append(
            _finding(
                "direction_differs",
                "In our record the money went the other way.",
                "与我方记录的资金方向相反。",
            )
        )
    return found


def _told(one: _Compared, tolerance_seconds: int) -> CrossCheck:
    against = _against(one, tolerance_seconds)
    if against:
        return CrossCheck(verdict=Verdict.CONTRADICTS, operation=one.operation.id, findings=tuple(against))
    found = [_finding("amount_same", "The amount is the one in our record.", "金额与我方记录一致。")]
    if one.apart is not None:
        found.append(_finding("time_near", "The time is the one in our record.", "时间与我方记录相符。"))
    if one.payee:
        found.append(
            _finding("payee_same", "The receiver is the one in our record.", "收款方尾号与我方记录一致。")
        )
    if one.order:
        found.append(_finding("order_same", "The number is the one in our record.", "订单号与我方记录一致。"))
    if one.direction is None:
        found.append(
            _finding(
                "direction_unknown",
                "Which way the money went cannot be read off the picture.",
                "图片未能确认资金方向（收入或支出）。",
            )
        )
    return CrossCheck(verdict=Verdict.MATCHED, operation=one.operation.id, findings=tuple(found))


def _finding(code: str, en: str, zh: str) -> Finding:
    return Finding(code, Text(en=en, zh=zh))


_AMOUNT_UNCLEAR = _finding(
    "amount_unclear",
    "No amount could be read for sure; confirm it first, then compare.",
    "未能读出确定的金额；请先确认金额再比对。",
)
_TIME_UNCLEAR = _finding(
    "time_unclear",
    "The picture does not say when; an amount alone proves nothing.",
    "图片未显示时间；仅凭金额不能认定。",
)
_NOTHING_FITS = _finding(
    "nothing_fits",
    "No operation of this account fits: it may be of another account or institution, or the picture is not "
    "genuine.",
    "该账户没有与之相符的操作：可能属于其他账户或机构，也可能图片不实。",
)
