"""Somebody says what a picture shows: what they confirm counts, and that they did is an event of the case."""

from __future__ import annotations

import re
from typing import Any

from countermand.evidence.amounts import Sign
from countermand.evidence.fields import ALWAYS_CONFIRMED, FieldName, RecordKind
from countermand.evidence.lexicon import Status
from countermand.evidence.police_receipts import plain_reference
from countermand.flows.case_desk import at_case
from countermand.flows.compare_record import compared
from countermand.flows.move_case import police_report
from countermand.flows.reading_desk import ReadingDesk
from countermand.flows.reading_shelf import CONFIRMED_TYPE, Confirmed
from countermand.flows.show_readings import check_shown, files_read, record_of, with_confirmed
from countermand.kernel.errors import BadRequest
from countermand.kernel.ids import new_nonce
from countermand.kernel.money import EXPONENTS, MINOR_MAX
from countermand.vocabulary.acts import PoliceReport
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Staff, Verb

TEXT_MAX = 200
_TIME = re.compile(r"(\d{4}|-)-(0[1-9]|1[0-2])-([0-2]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?)?")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MONEY = frozenset({FieldName.AMOUNT, FieldName.BALANCE})
_CHOICES = {
    FieldName.SIGN: frozenset(one.value for one in Sign),
    FieldName.STATUS: frozenset(one.value for one in Status),
    FieldName.CURRENCY: frozenset(EXPONENTS),
}
Values = dict[FieldName, str | int | None]


async def confirm_reading(
    house: ReadingDesk,
    number: str,
    file: str,
    record: int,
    fields: Values,
    by: Staff,
    trace: str | None = None,
) -> dict[str, Any]:
    """Keep what somebody says that one record shows, and compare that with the operations on record.

    Amount and sign, where they were read, must be among the fields. Again: the last one counts.
    The confirmed number of a police receipt is taken up as a report to the police.
    Raises NotFound (`unknown_case`, `unknown_reading`), Forbidden, BadRequest (`field_wrong`,
    `field_unconfirmed`).
    """
    for name, value in fields.items():
        check_value(name, value)
    desk = house.desk
    async with desk.works.open() as unit:
        work = await at_case(desk, unit, number, by, trace=trace)
        work.require(Verb.WORK)
        work.require(Verb.READ_MONEY)
        found, _, read = record_of(await files_read(house, work), file, record)
        assert found.reading_id is not None, "it was read"
        missing = sorted(
            one.name.value for one in read.fields if one.name in ALWAYS_CONFIRMED and one.name not in fields
        )
        if missing:
            raise _unconfirmed(missing)
        kept = Confirmed(
            reading=found.reading_id, record=record, fields=fields, by=by.name, at=work.now, salt=new_nonce()
        )
        derived = await house.shelf.keep(unit, found.file, CONFIRMED_TYPE, work.new_id("confirmed"), kept)
        known = {one.name: one.value for one in read.fields}
        work.happen(
            EventKind.READING_CONFIRMED,
            file=file,
            reading=found.reading_id,
            record=record,
            confirmed=derived.id,
            sha256=derived.digest.hex(),
            fields=sorted(one.value for one in fields),
            changed=sorted(name.value for name, value in fields.items() if known.get(name) != value),
        )
        reference = fields.get(FieldName.POLICE_REFERENCE)
        if read.kind is RecordKind.POLICE_RECEIPT and isinstance(reference, str):
            await police_report(work, PoliceReport(reference=plain_reference(reference)))
        check = await compared(house, work, with_confirmed(read, kept))
        await work.end()
        return {**work.answer(), "file": file, "record": record, "check": check_shown(check)}


def check_value(name: FieldName, value: str | int | None) -> None:
    """Refuse what a field cannot say; None: it cannot be made out. Raises BadRequest (`field_wrong`)."""
    if value is None:
        return
    if name is FieldName.CODE:
        raise _wrong(name, "a one-time code is never kept", "一次性验证码不予保存")
    if name in _MONEY:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MINOR_MAX:
            raise _wrong(name, "it is a whole number of minor units", "应为最小货币单位的整数")
        return
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or "\x00" in value:
        raise _wrong(
            name, f"it is a text of 1 to {TEXT_MAX} characters", f"应为 1 至 {TEXT_MAX} 个字符的文本"
        )
    if name in _CHOICES and value not in _CHOICES[name]:
        raise _wrong(name, f"{value!r} is not one of its words", f"{value!r} 不是可选的取值")
    if name is FieldName.POLICE_REFERENCE and not _REFERENCE.fullmatch(plain_reference(value)):
        raise _wrong(name, "it has letters, digits and dashes", "应含字母、数字或连字符")
    if name is FieldName.TIME and _TIME.fullmatch(value) is None:
        raise _wrong(
            name,
            "it is 2026-11-06T03:37, without a time 2026-11-06, without a year --11-06T03:37",
            "应写作 2026-11-06T03:37；无时间写 2026-11-06，无年份写 --11-06T03:37",
        )


def _wrong(name: FieldName, en: str, zh: str) -> BadRequest:
    return BadRequest("field_wrong", f"{name.value}: {en}.", f"{name.value}：{zh}。", field=name.value)


def _unconfirmed(missing: list[str]) -> BadRequest:
    return BadRequest(
        "field_unconfirmed",
        f"Say what the picture shows for: {', '.join(missing)}. A machine alone never decides on these.",
        f"请确认图片所示：{'、'.join(missing)}。这些内容不得仅凭机器识别。",
        missing=missing,
    )
