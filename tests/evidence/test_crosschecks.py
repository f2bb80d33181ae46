"""Goal: a picture that contradicts the record is told, with reasons. Method: tables and a law."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.evidence.crosschecks import Verdict, cross_check
from countermand.evidence.fields import Field, FieldName, Record, RecordKind
from countermand.vocabulary.operations import Operation

ZONE = ZoneInfo("Asia/Shanghai")
# 03:37 in Shanghai.
AT = datetime(2026, 11, 5, 19, 37, 20, tzinfo=UTC)


def operation(**more):
    """A payment of 6,584.85 yuan, unless told otherwise."""
    given = {
        "id": "op-1", "kind": "payment", "account": "a-1", "occurred_at": AT,
        "amount": {"minor": 658485, "currency": "CNY"}, "counterparty": {"id": "6222021234561542"},
    }  # fmt: skip
    return msgspec.convert({**given, **more}, Operation)


def record(**fields):
    """A receipt with these fields."""
    said = {"amount": 658485, "currency": "CNY", "sign": "out", "time": "2026-11-06T03:37:12", **fields}
    return Record(
        kind=RecordKind.RECEIPT,
        fields=tuple(
            Field(
                name=FieldName(name),
                value=value,
                raw=str(value),
                boxes=(),
                confidence=1.0,
                needs_confirmation=False,
            )
            for name, value in said.items()
            if value != "left out"
        ),
    )


CASES = [
    ("the same", {}, {}, Verdict.MATCHED, "amount_same"),
    ("the minute only", {"time": "2026-11-06T03:37"}, {}, Verdict.MATCHED, "time_near"),
    ("without its year", {"time": "--11-06T03:37"}, {}, Verdict.MATCHED, "time_near"),
    ("its day only", {"time": "2026-11-06"}, {}, Verdict.MATCHED, "time_near"),
    ("without a currency", {"currency": "left out"}, {}, Verdict.MATCHED, "amount_same"),
    ("without a sign", {"sign": "unknown"}, {}, Verdict.MATCHED, "direction_unknown"),
    ("to the same receiver", {"counterparty_tail": "1542"}, {}, Verdict.MATCHED, "payee_same"),
    ("a message a little later", {"time": "2026-11-06T03:48:00"}, {}, Verdict.MATCHED, "time_near"),
    ("to another receiver", {"counterparty_tail": "9999"}, {}, Verdict.CONTRADICTS, "payee_differs"),
    ("the other way", {"sign": "in"}, {}, Verdict.CONTRADICTS, "direction_differs"),
    ("its number, another amount", {"order_number": "op-1", "amount": 1}, {},
     Verdict.CONTRADICTS, "amount_differs"),
    ("its number, another day", {"order_number": "op-1", "time": "2026-11-01T03:37"}, {},
     Verdict.CONTRADICTS, "time_differs"),
    ("the same receiver then, another amount", {"counterparty_tail": "1542", "amount": 5}, {},
     Verdict.CONTRADICTS, "amount_differs"),
    ("hours apart to the same receiver", {"counterparty_tail": "1542", "time": "2026-11-06T09:00"}, {},
     Verdict.CONTRADICTS, "time_differs"),
    ("another amount", {"amount": 5}, {}, Verdict.NOT_OURS, "nothing_fits"),
    ("another day", {"time": "2026-11-01T03:37"}, {}, Verdict.NOT_OURS, "nothing_fits"),
    ("another currency", {"currency": "USD"}, {}, Verdict.NOT_OURS, "nothing_fits"),
    ("no amount", {"amount": None}, {}, Verdict.UNDECIDED, "amount_unclear"),
    ("no time", {"time": None}, {}, Verdict.UNDECIDED, "time_unclear"),
    ("a handle says nothing", {"counterparty_tail": "9999"}, {"counterparty": {"id": "payee-31542"}},
     Verdict.MATCHED, "amount_same"),
    ("a tail on record", {"counterparty_tail": "9999"}, {"attributes": {"counterparty_tail": "1542"}},
     Verdict.CONTRADICTS, "payee_differs"),
    ("a number on record", {"order_number": "300001", "time": None}, {"attributes": {"order": "300001"}},
     Verdict.MATCHED, "order_same"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "recorded", "verdict", "code"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_a_record_is_compared_with_the_operation(fields, recorded, verdict, code):
    """Each difference leads to its verdict, with a sentence in both languages."""
    found = cross_check(record(**fields), [operation(**recorded)], ZONE)
    assert found.verdict is verdict
    assert code in {one.code for one in found.findings}
    assert all(one.text.en and one.text.zh for one in found.findings)
    assert (found.operation is None) == (verdict is Verdict.NOT_OURS or code == "amount_unclear")


def test_of_several_operations_the_one_that_agrees_is_meant():
    """Two payments of the same amount within minutes: the receiver tells which one it is."""
    other = operation(id="op-2", counterparty={"id": "6222021234569999"})
    found = cross_check(record(counterparty_tail="9999"), [operation(), other], ZONE)
    assert (found.verdict, found.operation) == (Verdict.MATCHED, "op-2")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**8), st.integers(-(10**7), 10**7), st.sampled_from(["out", "in", "unknown"]))
def test_nothing_matches_but_what_agrees(minor, seconds, sign):
    """Matched means: the same amount, within the tolerance, and not the other way."""
    at = (
        datetime.fromtimestamp(AT.timestamp() + seconds, ZONE)
        .replace(tzinfo=None)
        .isoformat(timespec="seconds")
    )
    found = cross_check(record(amount=minor, time=at, sign=sign), [operation()], ZONE)
    agrees = minor == 658485 and abs(seconds) <= 15 * 60 and sign != "in"
    assert (found.verdict is Verdict.MATCHED) == agrees
