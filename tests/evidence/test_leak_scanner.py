"""Goal: raw personal data is found however it is written, and codes, hashes and times are not taken for any.

Method: values made by the rules of their kinds, put into texts; and texts full of numbers that are nobody's.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.evidence.leak_scanner import Shape, scan

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
AROUND = st.sampled_from(["", " ", "电话", "：", "(", "，", "\n", "\t", '"'])
BEHIND = st.sampled_from(["", " ", "。", ")", "，", "\n", '"', "元"])


def id_number(seventeen: str) -> str:
    """With the digit that checks it (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, seventeen, strict=True))
    return seventeen + "10X98765432"[total % 11]


def card_number(digits: str) -> str:
    """With the digit that checks it (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


ids = st.from_regex(r"[1-6][0-9]{16}", fullmatch=True).map(id_number)
cards = st.from_regex(r"[3-6][0-9]{14,17}", fullmatch=True).filter(lambda d: len(set(d)) > 1).map(card_number)
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@given(AROUND, st.one_of(ids, cards, mobiles), BEHIND)
def test_a_number_of_somebody_is_found(before: str, value: str, behind: str) -> None:
    """Identity numbers, cards and mobiles, whatever stands around them."""
    assert scan(f"{before}{value}{behind}", []).leaks


@given(cards, st.sampled_from([" ", "-"]))
def test_a_card_in_groups_is_found(value: str, gap: str) -> None:
    """As people write it: four by four."""
    grouped = gap.join(value[at : at + 4] for at in range(0, len(value), 4))
    assert scan(f"卡号 {grouped}", []).leaks


@given(st.text("abcdefghij-0123456789", min_size=9, max_size=40), AROUND)
def test_a_known_value_is_found_in_any_case_and_width(value: str, before: str) -> None:
    """Upper case and full-width forms hide nothing."""
    wide = "".join(chr(ord(one) + 0xFEE0) for one in value.upper())
    for written in (value, value.upper(), wide):
        assert [one for one in scan(f"{before}{written}!", [value]).leaks if one.shape is Shape.KNOWN]


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.datetimes())
def test_hashes_names_and_times_are_nobodys(digest: bytes, name: object, at: object) -> None:
    """What papers are full of is no personal data."""
    text = (
        f"sha256 {digest.hex()} op-{name} dec-{digest.hex()[:32]} {at:%Y-%m-%d %H:%M:%S} +08:00 2026/1234567"
    )
    assert scan(text, []).leaks == ()


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("203.0.113.77", [Shape.NETWORK_ADDRESS]),
        ("203.0.*.*", []),
        ("2001:db8::7 came", [Shape.NETWORK_ADDRESS]),
        ("00:1A:2b:3c:4D:5e", [Shape.HARDWARE_ADDRESS]),
        ("li.ming@example.com", [Shape.EMAIL]),
        ("138****1234, *0042", []),
        ("4829 1035 7716", []),
        ("12:01:00, 10:12", []),
    ],
)
def test_addresses_whole_and_covered(text: str, shapes: list[Shape]) -> None:
    """A whole address is a leak; a covered one is what papers show; case numbers and times are none."""
    assert [one.shape for one in scan(text, []).leaks] == shapes


def test_short_values_are_counted_and_not_looked_for() -> None:
    """A device called `phone` says nothing; the scan says how many it could not look for."""
    found = scan("the phone is known", ["phone", "a-1", "wallet-0042"])
    assert (found.values, found.short, found.leaks) == (1, 2, ())
