"""Goal: whoever asks is called at their time; the number is read by whoever calls, and stands in no fact.

Method: a house on a database of its own, the manual clock at noon; the journal is searched for the number.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from countermand.cases.call_times import SOON, SOON_MICROS, call_times
from countermand.flows.act_on_case import act_on_case
from countermand.flows.ask_call import ask_call, next_call
from countermand.flows.case_desk import HOLDER
from countermand.flows.disclose import Unmask, unmask
from countermand.flows.house import House
from countermand.flows.show_case import dossier_of
from countermand.intake.redaction import mask
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.acts import Take
from countermand.vocabulary.staff import FieldClass, Purpose, Role, Staff
from flows.report_stage import reporting_house
from flows.stage import NOON
from flows.test_public_form import opened

ZONE = "Asia/Shanghai"
NUMBERS = ("13800001234", "+44 7700 900123", "010-6655 1234", "+1 212 555 0123", "+852 2345 6789")
AGENT = Staff(name="li", roles=frozenset({Role.AGENT}))


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as found:
        yield found


def test_only_times_to_come_can_be_chosen() -> None:
    """At every hour of a day: nothing has begun, nothing is at night but what is asked for now."""
    for hour in range(24):
        now = NOON + hour * 3_600_000_000
        first, *rest = call_times(now, ZONE)
        assert (first.name, first.until_at - now) == (SOON, SOON_MICROS)
        assert all(now < one.from_at < one.until_at for one in rest)
        assert len({one.name for one in rest}) == len(rest) >= 8


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_covered_in_what_is_shown(number: str) -> None:
    """Whatever country it is of, as it is dialled."""
    with_number = f"请在11月21日15:00至18:00之间拨打 {number} 联系我。"
    shown = "".join(one for one in mask(with_number).text if one.isdigit())
    assert "".join(one for one in number if one.isdigit())[-8:] not in shown


async def test_a_call_is_promised_and_its_number_sealed(
    house: House, clock: ManualClock, database_dsn: str
) -> None:
    """The promise is due at the end of its span and listed; the desk reads the number for a purpose."""
    entered = await opened(house, clock)
    number, desk = entered.case.number, house.case_desk
    wanted = call_times(clock.now(), ZONE)[1]
    answer = await ask_call(desk, number, "138 0000 1234", wanted.name, HOLDER)
    dossier = await dossier_of(house.reception, number)
    assert next_call(dossier.events, dossier.promises, clock.now()) == wanted[1:]
    due = {one.id: one.due_at for one in dossier.promises}
    assert due[answer["promise"]] == wanted.until_at
    message = dossier.messages[-1]
    assert "+8613800001234" not in message.masked
    await act_on_case(desk, number, Take(), AGENT)
    opened_up = await unmask(
        desk,
        number,
        message.id,
        Unmask(field=FieldClass.CONTACT, purpose=Purpose.CALL_BACK, reason="to call back"),
        AGENT,
    )
    assert "+8613800001234" in opened_up["text"]
    connection = await asyncpg.connect(database_dsn)
    try:
        bodies = await connection.fetch("SELECT body::text FROM journal")
        assert not any("13800001234" in row["body"] for row in bodies)
        assert any(answer["promise"] in row["body"] for row in bodies)
    finally:
        await connection.close()
    with pytest.raises(Conflict, match="call_promised"):
        await ask_call(desk, number, "13800001234", SOON, HOLDER)
    clock.advance(wanted.until_at - clock.now() + 1)
    later = await dossier_of(house.reception, number)
    assert next_call(later.events, later.promises, clock.now()) is None


@pytest.mark.parametrize(
    ("phone", "time", "code"),
    [
        ("12", SOON, "bad_phone"),
        ("<script>", SOON, "bad_phone"),
        ("13800001234", "2020-01-01T09", "call_time_gone"),
    ],
)
async def test_what_cannot_be_called_is_refused(
    house: House, clock: ManualClock, phone: str, time: str, code: str
) -> None:
    """No number, or a time that is gone; at the field that is wrong."""
    entered = await opened(house, clock)
    with pytest.raises(BadRequest, match=code) as refused:
        await ask_call(house.case_desk, entered.case.number, phone, time, HOLDER)
    assert refused.value.details["field"] in ("phone", "time")
