"""A record that was read, beside the operations of the case's account around its time."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from countermand.evidence.crosschecks import CrossCheck, Finding, Verdict, cross_check
from countermand.evidence.fields import FieldName, Record
from countermand.flows.case_desk import CaseWork
from countermand.flows.reading_desk import ReadingDesk
from countermand.kernel.clock import MICROS_PER_DAY, micros_of
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Operation

# Around a time that is told in full; where the year is not, so far back from now.
AROUND_MICROS, BACK_MICROS = 2 * MICROS_PER_DAY, 400 * MICROS_PER_DAY
OPERATIONS_MAX = 2000
_DATED = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?")
_DECODER = msgspec.json.Decoder(Operation)
_NO_ACCOUNT = Finding(
    "no_account", Text(en="The case is about no account of ours yet.", zh="案件尚未关联我方账户，无从比对。")
)
_TOO_MANY = Finding(
    "too_many",
    Text(
        en="There are more operations in that time than are compared; give the year, or confirm the time.",
        zh="该时段操作过多，未能全部比对；请补充年份或确认时间。",
    ),
)


async def compared(house: ReadingDesk, work: CaseWork, record: Record) -> CrossCheck:
    """How a record stands to the account's operations; undecided where the case has no account."""
    if work.case.account is None:
        return CrossCheck(verdict=Verdict.UNDECIDED, operation=None, findings=(_NO_ACCOUNT,))
    since, until = _window(record, work.now, house)
    bodies = await work.unit.cases.operations_between(work.case.account, since, until, OPERATIONS_MAX)
    check = cross_check(record, [_DECODER.decode(one) for one in bodies], house.zone)
    if check.verdict is Verdict.NOT_OURS and len(bodies) == OPERATIONS_MAX:
        return CrossCheck(verdict=Verdict.UNDECIDED, operation=None, findings=(_TOO_MANY,))
    return check


def _window(record: Record, now: int, house: ReadingDesk) -> tuple[int, int]:
    written = record.value(FieldName.TIME)
    if isinstance(written, str) and _DATED.fullmatch(written):
        at = micros_of(datetime.fromisoformat(written).replace(tzinfo=house.zone))
        return at - AROUND_MICROS, at + AROUND_MICROS
    return now - BACK_MICROS, now + AROUND_MICROS
