"""Goal: the short way to an entry says what the long one says, and no number of the journal is forgotten."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.flows.journal_gaps import Gaps
from countermand.flows.seal_entries import entry_bytes, facts_in
from countermand.kernel.clock import micros_of
from countermand.transparency.entries import Entry, Link, entry_of
from countermand.vocabulary.sealing import FactRow

names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
leaves = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts
    | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["3e4", ", 1.5", "café"])
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
bodies = st.dictionaries(names, values, max_size=6)
commits = st.none() | st.dictionaries(names, st.just("ab" * 32), max_size=2)
links = st.none() | st.builds(Link, st.just("case-1"), st.integers(1, 9), st.binary(max_size=32))


@settings(max_examples=60)
@given(bodies, commits, links, st.booleans(), st.sampled_from([None, "0193e4a5-b6c7-7000-8000-00000000abcd"]))
def test_both_ways_make_the_same_entry(
    body: dict[str, Any], commit: dict[str, str] | None, link: Link | None, plain: bool, subject: str | None
) -> None:
    """Whatever a body holds, in either spelling of JSON, the bytes are those of `entry_of`, and canonical."""
    if commit is not None:
        body = {**body, "commit": commit}
    at = micros_of(datetime(2026, 11, 22, 14, 0, 0, 12, UTC))
    raw = json.dumps(body, ensure_ascii=plain).encode()
    row = FactRow(7, at, "case.changed", subject, raw, None)
    made = entry_bytes(row, facts_in(row), "t1", link)
    assert made == entry_of(
        number=7,
        kind="case.changed",
        at=at,
        tenant="t1",
        body=json.loads(raw),
        subject=subject,
        link=link,
    )
    assert Entry.parse(made).data == made


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["commit", "late", "lost"]), min_size=1, max_size=30),
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.data(),
)
def test_every_number_that_is_committed_is_found_once(
    fates: list[str], steps: list[int], data: st.DataObject
) -> None:
    """Writers end in any order, the reader looks at any moment: nothing is missed, nothing comes twice."""
    numbers = {place + 1: fate for place, fate in enumerate(fates)}
    ended_at = {
        number: number if fate == "commit" else number + data.draw(st.integers(0, 20))
        for number, fate in numbers.items()
    }
    gaps, head, now, found = Gaps(), 0, 0, []
    for step in [*steps, 100, 1, 1]:
        now += step
        open_now = {n for n in numbers if n <= now < ended_at[n]}
        visible = {n for n in numbers if ended_at[n] <= now and numbers[n] != "lost"}
        gaps.ask(frozenset(map(str, open_now)))
        late = sorted(n for n in visible if any(low <= n <= high for low, high in gaps.ranges))
        gaps.looked(late)
        fresh = sorted(n for n in visible if n > head)
        head = gaps.pass_by(head, fresh)
        found += late + fresh
    assert sorted(found) == sorted(n for n, fate in numbers.items() if fate != "lost")
    assert not gaps
