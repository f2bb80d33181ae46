"""Goal: no hour sees more codes than the pack says, and strangers leave some to the owner. Method: laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app import read_confirmation_pack
from countermand.confirmation.code_budgets import HOUR_MICROS, CodeBudgets, budgets_of, spent
from countermand.confirmation.lockout import Standing
from countermand.confirmation.tier_pack import read_pack
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Conflict, PolicyError

NOON, MINUTE = 1_795_233_600_000_000, 60 * 10**6
FILES = dict(read_confirmation_pack("cn-consumer-finance"))
TERMS = CodeBudgets(account_hour=4, address_hour=6, strangers_hour=2)
asking = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(Standing),
    ),
    max_size=60,
)


def sent_after(asked: list[tuple[int, str, str, Standing]]) -> list[tuple[int, str, str, Standing]]:
    """The codes that leave, of those that are asked for: minutes after the one before, account, address."""
    books: dict[str, tuple[int, ...]] = {}
    now, left = NOON, []
    for minutes, account, address, standing in asked:
        now += minutes * MINUTE
        budgets = budgets_of(account, address, standing, TERMS)
        try:
            books |= spent(books, budgets, now)
        except Conflict:
            continue
        left.append((now, account, address, standing))
    return left


@given(asking)
def test_no_hour_sees_more_codes_than_it_may(asked: list[tuple[int, str, str, Standing]]) -> None:
    """For every account, every address, and the strangers of either, in the hour up to any code."""
    left = sent_after(asked)
    for end, account, address, _ in left:
        hour = [one for one in left if end - HOUR_MICROS < one[0] <= end]
        for place, name, most in ((1, account, 4), (2, address, 6)):
            mine = [one for one in hour if one[place] == name]
            assert len(mine) <= most
            assert sum(one[3] is Standing.STRANGER for one in mine) <= 2


@given(asking)
def test_strangers_never_use_up_what_is_the_owners(asked: list[tuple[int, str, str, Standing]]) -> None:
    """However often strangers ask, the owner's first code of the hour leaves."""
    strangers = [(minutes, account, address, Standing.STRANGER) for minutes, account, address, _ in asked]
    left = sent_after([*strangers, (0, "a", "x", Standing.KNOWN)])
    assert left[-1][1:] == ("a", "x", Standing.KNOWN)


def test_the_refusal_says_when_there_is_room_again() -> None:
    """An hour after the oldest of those that fill the budget, and then there is."""
    budgets, books = {"account a": 2}, {"account a": (NOON, NOON + 7 * MINUTE)}
    with pytest.raises(Conflict, match="code_limit_reached") as refused:
        spent(books, budgets, NOON + 8 * MINUTE)
    assert refused.value.details["again_at"] == rfc3339(NOON + HOUR_MICROS)
    assert rfc3339(NOON + HOUR_MICROS) in refused.value.text.zh
    assert spent(books, budgets, NOON + HOUR_MICROS)["account a"] == (NOON + 7 * MINUTE, NOON + HOUR_MICROS)


def test_the_pack_says_how_many_and_strangers_get_less() -> None:
    """The shipped figures; a pack that gives strangers everything is refused with its place."""
    assert read_pack(FILES).codes == CodeBudgets(account_hour=8, address_hour=10, strangers_hour=4)
    generous = FILES["tiers.yaml"].replace("strangers_hour: 4", "strangers_hour: 8")
    with pytest.raises(PolicyError, match="strangers_hour"):
        read_pack({**FILES, "tiers.yaml": generous})
