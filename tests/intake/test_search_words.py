"""Goal: what the index promises is what a scan finds. Method: laws on random texts of both languages."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from countermand.intake.search_words import (
    POSITION_MAX,
    POSITIONS_MAX,
    highlights,
    matches,
    parts_of,
    terms,
    tsquery_of,
    tsvector_of,
)

texts = st.text(alphabet="被盗刷转账了我卡，。 ab1Z-ＡR", max_size=40)


def found_by_index(text: str, search: str) -> bool:
    """What PostgreSQL finds by the literals, said with lists."""
    order = list(terms(text))
    for part in parts_of(search):
        if part.han and len(part.text) > 1:
            pairs = [part.text[at : at + 2] for at in range(len(part.text) - 1)]
            starts = range(len(order) - len(pairs) + 1)
            if not any(order[at : at + len(pairs)] == pairs for at in starts):
                return False
        elif part.han or part.goes_on:
            if not any(term.startswith(part.text) for term in order):
                return False
        elif part.text not in order:
            return False
    return True


@given(texts, texts)
def test_the_index_finds_what_a_scan_finds(text: str, search: str) -> None:
    """For any text and any search both say the same."""
    assert found_by_index(text, search) == matches(text, parts_of(search))


@given(texts, texts)
def test_highlights_hold_what_was_searched(text: str, search: str) -> None:
    """Places are in order, within the text, and there are some where something matched."""
    places = highlights(text, parts_of(search))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(one[1] <= other[0] for one, other in pairwise(places))
    if parts_of(search) and matches(text, parts_of(search)):
        assert places


def test_a_long_text_stays_within_the_bounds_of_a_tsvector() -> None:
    """A pair said a thousand times keeps its first places, and no place is beyond the highest."""
    (pair, *_) = tsvector_of("盗刷，" * 9000).split(" ")
    places = [int(one) for one in pair.partition(":")[2].split(",")]
    assert len(places) == POSITIONS_MAX
    assert max(places) <= POSITION_MAX


def test_words_of_a_search_cannot_leave_the_query() -> None:
    """Quotes, operators and backslashes are not words."""
    assert tsquery_of(parts_of("a'b & \\ !刷 :* <->")) == "'a' & 'b' & '刷':*"
    assert tsquery_of(parts_of("  ！")) == ""
