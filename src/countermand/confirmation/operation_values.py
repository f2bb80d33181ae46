"""What fills the marks of an operation's statement: who, whom, how much, what in all, until when."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from countermand.kernel.clock import moment_of
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.consent import CreditTerms
from countermand.vocabulary.operations import OPENS_DEBT, Kind, Operation

# What a lender may say with the operation itself; then nobody need say it again before each showing.
CREDIT_ATTRIBUTES = ("credit_total_minor", "credit_months", "credit_yearly_percent")
_AT_ONCE = Text(en="the moment you agree; then it is done", zh="在您同意（同意后立即执行）")
# Cash has no payee, and neither has what goes to one's own card: whoever withdraws receives it.
_ONESELF = Text(en="you yourself", zh="您本人")


def operation_values(
    operation: Operation, credit: CreditTerms | None, undo_until: int | None, timezone: str
) -> Mapping[str, Text]:
    """The values there are, by name; what nobody said is left out, so that no statement is shown without it.

    `undo_until` in microseconds UTC, None where the operation takes effect at once. Of a debt only the
    lender knows what it costs in all; anything else costs its amount.
    """
    values = {"account": _plain(operation.account), "undo_until": _AT_ONCE}
    if undo_until is not None:
        values["undo_until"] = _local(undo_until, timezone)
    if operation.counterparty is not None:
        payee = operation.counterparty
        values["payee"] = _plain(
            payee.id if payee.institution is None else f"{payee.id} ({payee.institution})"
        )
    elif operation.kind is Kind.WITHDRAWAL:
        values["payee"] = _ONESELF
    if operation.amount is not None:
        values["amount"] = _money(operation.amount.minor, operation.amount.currency)
    if operation.kind not in OPENS_DEBT:
        if "amount" in values:
            values["total"] = values["amount"]
    elif credit is not None and operation.amount is not None:
        values["total"] = _money(credit.total_minor, operation.amount.currency)
        values["months"] = _plain(str(credit.months))
        values["rate"] = _plain(f"{credit.yearly_percent:g}%")
    return values


def credit_of(operation: Operation) -> CreditTerms | None:
    """What its debt costs, where its attributes say all of it and it can be; else None."""
    told = operation.attributes or {}
    names = ("total_minor", "months", "yearly_percent")
    given = {name: told.get(attribute) for name, attribute in zip(names, CREDIT_ATTRIBUTES, strict=True)}
    try:
        return msgspec.convert(given, CreditTerms)
    except msgspec.ValidationError:
        return None


def _plain(word: str) -> Text:
    # A name never smuggles a mark or a second line into what is agreed to.
    clean = " ".join(word.replace("{", "(").replace("}", ")").split())
    return Text(en=clean, zh=clean)


def _money(minor: int, currency: str) -> Text:
    en, zh = money_texts(minor, currency)
    return Text(en=en, zh=zh)


def _local(instant: int, timezone: str) -> Text:
    there = moment_of(instant).astimezone(ZoneInfo(timezone))
    offset = there.strftime("%z")
    return Text(
        en=f"{there.strftime('%H:%M on %d %B %Y')} (UTC{offset[:3]}:{offset[3:]})",
        zh=f"{there.year}年{there.month}月{there.day}日{there.strftime('%H:%M')}",
    )
