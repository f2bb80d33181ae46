"""Somebody wants to be called: the number is sealed like their words, the time is a promise of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import phonenumbers

from countermand.cases.call_times import call_said, call_times
from countermand.cases.ports import Promise
from countermand.flows.case_desk import CaseDesk, at_case
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.cases import CaseEvent, Direction, EventKind
from countermand.vocabulary.staff import Staff

CALL = "call"
# Where a number comes without its country.
REGION = "CN"
_SAID = {
    "en": "Please call me at {number}, {time}.",
    "zh": "请在{time}拨打 {number} 联系我。",
}


class NextCall(NamedTuple):
    """A call that was promised: its span, in microseconds UTC."""

    from_at: int
    until_at: int


async def ask_call(
    desk: CaseDesk, number: str, phone: str, time: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """Promise a call in the case of a number, at one of `call_times`; its number stands in a sealed message.

    Raises NotFound (`unknown_case`), BadRequest (`bad_phone`, `call_time_gone`), Conflict (`call_promised`,
    `case_closed`), Unavailable.
    """
    dialled = _dialled(phone)
    async with desk.works.open() as unit:
        work = await at_case(desk, unit, number, by, trace=trace)
        wanted = next((one for one in call_times(work.now, desk.timezone) if one.name == time), None)
        if wanted is None:
            raise BadRequest(
                "call_time_gone",
                "This time cannot be had any more. Choose another one.",
                "该时段已不可选，请另选时段。",
                field="time",
            )
        promises = await unit.cases.promises(work.case.id)
        if any(one.code == CALL and one.kept_at is None and one.due_at > work.now for one in promises):
            raise Conflict(
                "call_promised",
                "We call you already; the time stands in your case. To change it, write to the desk.",
                "已为您安排回电，时间见案件页面。如需更改，请给客服留言。",
                field="time",
            )
        kept = Promise(work.new_id("prom"), work.case.id, CALL, wanted.until_at, work.now, by.name)
        await unit.cases.promise([kept])
        span = {"from": wanted.from_at, "until": wanted.until_at}
        work.happen(EventKind.PROMISED, promise=kept.id, code=CALL, **span)
        language = "zh" if work.case.language == "zh" else "en"
        said = call_said(wanted.from_at, wanted.until_at, desk.timezone)
        text = _SAID[language].format(number=dialled, time=getattr(said, language))
        await work.write(Direction.IN, text, work.case.channel, code=CALL)
        await work.end()
        return work.answer() | {"promise": kept.id, **span}


def next_call(events: Iterable[CaseEvent], promises: Iterable[Promise], now: int) -> NextCall | None:
    """The call that is still to come, with the first instant at which it may."""
    open_ = {one.id for one in promises if one.code == CALL and one.kept_at is None and one.due_at > now}
    for event in events:
        if event.kind is EventKind.PROMISED and event.body.get("promise") in open_:
            return NextCall(event.body["from"], event.body["until"])
    return None


def _dialled(phone: str) -> str:
    """A number as it is dialled from anywhere (E.164). Raises BadRequest (`bad_phone`)."""
    try:
        parsed = phonenumbers.parse(phone, REGION)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise BadRequest(
            "bad_phone",
            "This is no phone number. Outside mainland China, begin with + and the country.",
            "电话号码有误。中国大陆以外的号码请以“+国家码”开头。",
            field="phone",
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
